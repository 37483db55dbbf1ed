"""The ledger: what arrived, and what it would have cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from chainhub_sandbox.charges import Charges

Origin = Literal["gateway", "links"]
MOST_REMEMBERED = 10_000
_LONGEST_HEAD = 100
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A picture as it arrived.

    Attributes:
        field: where it was, as in `input_reference` or `images[0]`.
        sha256: of its bytes; empty for a link.
        size: in bytes; 0 for a link.
        name: the file name, or the link; empty for a data URI.
        media_type: as the client declared it; empty for a link.
    """

    field: str
    sha256: str = ""
    size: int = 0
    name: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as it arrived, and how it was answered.

    Attributes:
        origin: `gateway`, or `links` for the origin that serves the finished files.
        step: `create`, `query`, `content`, `link`, or `other`.
        method: in capitals.
        path: decoded.
        query: the last value of each parameter.
        headers: names in lower case; secrets are shown as `***`.
        body: the parsed body: the JSON document, or the form's text fields; a data URI is
            shortened to its head. None where there is none or it could not be parsed.
        pictures: what came in files, data URIs and links.
        status: the HTTP status of the answer; 0 if none was sent. A file's is 200, also where a range
            of it was asked for.
        request_id: the answer's `X-Oneapi-Request-Id`.
        task_id: of the task that was created; empty otherwise.
        fingerprint: of a create that was read whole; see `charges.fingerprint`.
        fault: what was done to it on purpose, as in `reset at done`; empty for nothing.
    """

    origin: Origin
    step: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int
    body: Any = None
    pictures: tuple[PictureRecord, ...] = ()
    request_id: str = ""
    task_id: str = ""
    fingerprint: str = ""
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON document."""
        return asdict(self)


def without_pictures(body: Any) -> Any:
    """A parsed body whose data URIs are shortened to their heads."""
    if not isinstance(body, dict) or not isinstance(body.get("images"), list):
        return body
    return body | {"images": [shortened(reference) for reference in body["images"]]}


def shortened(reference: Any) -> Any:
    """A data URI without its data; anything else as it is."""
    if isinstance(reference, str) and reference[:5].lower() == "data:":
        return f"{reference[:_LONGEST_HEAD].partition(',')[0]},…"
    return reference


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by lower-case name; a bearer keeps its scheme and loses its key."""
    return {
        name: _hidden(value) if name in _SECRET_HEADERS else value
        for name, value in headers.items()
    }


def _hidden(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


@dataclass(slots=True)
class Ledger:
    """What arrived at one sandbox.

    Attributes:
        key_leaks: requests that carried the key to the origin of the links.
        unread: creates that broke off before they were read whole.
        charges: what was asked for, and what it would have cost.
        entries: the requests, oldest first; beyond ten thousand the oldest are forgotten.
    """

    key_leaks: int = 0
    unread: int = 0
    charges: Charges = field(default_factory=Charges)
    entries: deque[ReceivedRequest] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))

    def as_json(self) -> dict[str, Any]:
        """The whole ledger as a JSON document."""
        return {
            "paid": self.charges.paid,
            "key_leaks": self.key_leaks,
            "unread": self.unread,
            "creates": [asdict(record) for record in self.charges.records()],
            "requests": [entry.as_json() for entry in list(self.entries)],
        }
