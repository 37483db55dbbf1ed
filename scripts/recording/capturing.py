"""Has vcrpy watch what goes over the wire, in memory: nothing of it is on the disk before it is scrubbed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import vcr
from vcr.persisters.filesystem import CassetteNotFoundError

from .interactions import Answer, Interaction, Request

OTHER_LIBRARIES = ("httplib", "requests", "boto3", "urllib3", "httplib2", "tornado", "aiohttp")
"""What the client does not use, and vcrpy need not patch."""


class _Memory:
    """Keeps cassettes nowhere."""

    @staticmethod
    def load_cassette(*_: Any, **__: Any) -> None:
        raise CassetteNotFoundError

    @staticmethod
    def save_cassette(*_: Any, **__: Any) -> None:
        pass


@contextmanager
def capturing() -> Iterator[list[Interaction]]:
    """Record every exchange of this process that ends with a whole answer; the list is filled at the end."""
    recorder = vcr.VCR(record_mode=vcr.mode.ALL, skip_patchers=OTHER_LIBRARIES)
    recorder.register_persister(_Memory)
    interactions: list[Interaction] = []
    with recorder.use_cassette("in memory") as tape:
        try:
            yield interactions
        finally:
            interactions += [
                Interaction(_request(request), _answer(response))
                for request, response in zip(tape.requests, tape.responses, strict=True)
            ]


def _request(request: Any) -> Request:
    headers = {str(name): str(value) for name, value in request.headers.items()}
    return Request(request.method.upper(), request.uri, headers, request.body or b"")


def _answer(response: Mapping[str, Any]) -> Answer:
    status, headers = response["status"], response["headers"]
    # The HTTP library itself undoes whatever compression it has offered to take.
    decoded = httpx.Response(
        status["code"],
        headers=[(name, value) for name, values in headers.items() for value in values],
        content=response["body"]["string"],
    )
    return Answer(status["code"], status["message"] or "", dict(headers), decoded.content)
