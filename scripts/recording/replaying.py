"""Answers from a cassette in place of a gateway, through vcrpy, and as strictly as can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vcr.cassette import Cassette as Tape
from vcr.record_mode import RecordMode

from .capturing import OTHER_LIBRARIES
from .interactions import Request
from .matching import differences


class NotRecorded(AssertionError):
    """A request that the cassette has no answer for, or no more; the message shows the nearest one that it has."""


class LeftOver(AssertionError):
    """A cassette of which not all was used; the message names what was left."""


@contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Answer every httpx and httpx2 client of this process from a cassette; no connection is made.

    The same request asked again gets the next recorded answer, in the order of recording.

    Args:
        path: of the cassette; any that vcrpy can read.

    Raises:
        NotRecorded: there was a request that it has no answer for, whatever became of the exception then.
        LeftOver: not all recorded interactions were used.
    """
    with _Strict.use(
        path=str(path),
        record_mode=RecordMode.NONE,
        match_on=(_same,),
        skip_patchers=OTHER_LIBRARIES,
    ) as tape:
        try:
            yield
        except NotRecorded:
            raise
        except Exception as error:
            if tape.strangers:
                raise NotRecorded("\n".join(tape.strangers)) from error
            raise
    if tape.strangers:
        raise NotRecorded("\n".join(tape.strangers))
    left = [
        f"  interaction {turn}: {_plain(request)}"
        for turn, request in enumerate(tape.requests, 1)
        if not tape.play_counts[turn - 1]
    ]
    if left:
        raise LeftOver(f"{path.name}: these were not asked for\n" + "\n".join(left))


def _same(sent: Any, recorded: Any) -> None:
    found = differences(_plain(sent), _plain(recorded))
    if found:
        raise AssertionError("; ".join(found))


def _plain(request: Any) -> Request:
    headers = {str(name): str(value) for name, value in request.headers.items()}
    return Request(request.method.upper(), request.uri, headers, request.body or b"")


class _Strict(Tape):  # type: ignore[misc]
    """Says what is wrong at once, and remembers it."""

    def __init__(self, **options: Any) -> None:
        self.strangers: list[str] = []
        super().__init__(**options)

    def can_play_response_for(self, request: Any) -> bool:
        if super().can_play_response_for(request):
            return True
        message = self._unanswered(_plain(request))
        self.strangers.append(message)
        raise NotRecorded(message)

    def _unanswered(self, sent: Request) -> str:
        compared = [
            (_distance(found), bool(self.play_counts[turn]), turn, recorded, found)
            for turn, recorded in enumerate(map(_plain, self.requests))
            for found in [differences(sent, recorded)]
        ]
        begin = f"{Path(self._path).name}: no recorded answer for {sent}"
        if not compared:
            return f"{begin}\n  the cassette is empty"
        count, _, turn, recorded, found = min(compared, key=lambda each: each[:3])
        if not count:
            times = sum(not each[0] for each in compared)
            return f"{begin}\n  it was recorded {times} times, and all of them have been used"
        lines = [
            f"  nearest: interaction {turn + 1}, {recorded}",
            *(f"    {line}" for line in found),
        ]
        return "\n".join([begin, *lines])


def _distance(found: list[str]) -> int:
    """How far a request is from a recorded one; another address is farther than all its fields."""
    return sum(100 if line.startswith(("method", "address")) else 1 for line in found)
