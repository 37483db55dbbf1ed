"""Record what arrived, and what it would have cost."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from chainhub_sandbox.pictures import PictureRefused, from_data_uri, is_data_uri, sha256_of
from chainhub_sandbox.tasks import Format, Task


def fingerprint(wire_format: Format, body: Any, files: Iterable[tuple[str, str]]) -> str:
    """The sha256 in hex over what a create asks for: format, fields, and pictures by their bytes.

    Two creates of one fingerprint ask for the same thing twice. A picture's file name does not count.

    Args:
        wire_format: of the request.
        body: the parsed document, or the form's text fields.
        files: the field and the sha256 of each of the form's files.
    """
    told = {
        "format": wire_format,
        "fields": _digested(body),
        "files": list(files),
    }
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digested(value: Any) -> Any:
    """A JSON value with the sha256 of the picture in place of every data URI."""
    if isinstance(value, dict):
        return {name: _digested(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_digested(each) for each in value]
    if not isinstance(value, str) or not is_data_uri(value):
        return value
    try:
        return f"sha256:{sha256_of(from_data_uri(value))}"
    except PictureRefused:
        return value


@dataclass(frozen=True, slots=True)
class PaidTask:
    """A create that production would have charged.

    Attributes:
        id: of the task.
        status: where the task is.
        sha256: in hex, of the video; None before there is one.
        size: of the video in bytes; None before there is one.
        fetched_whole: whether all of its bytes have been sent to somebody.
    """

    id: str
    status: str
    sha256: str | None
    size: int | None
    fetched_whole: bool

    @classmethod
    def of(cls, task: Task) -> PaidTask:
        """What is known of a task now."""
        status = task.moment().status
        video = task.video
        if video is None:
            return cls(task.id, status, None, None, False)
        size = video.stat().st_size
        return cls(task.id, status, _sha256(video), size, task.delivered.covers(size))


@lru_cache(maxsize=10_000)
def _sha256(video: Path) -> str:
    with video.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """All creates of one fingerprint.

    Attributes:
        fingerprint: over format, fields and pictures, see `fingerprint`.
        format: `openai` or `unified`.
        body: the fields as the first of them had them; data URIs are shortened.
        arrived: how many were read whole and in order, whether or not they were accepted.
        tasks: the accepted ones: what production would have charged.
    """

    fingerprint: str
    format: Format
    body: Mapping[str, Any]
    arrived: int
    tasks: tuple[PaidTask, ...]


@dataclass(slots=True)
class _Account:
    format: Format
    body: Mapping[str, Any]
    arrived: int = 0
    tasks: list[Task] = field(default_factory=list[Task])


class Charges:
    """All creates of a sandbox; none is ever forgotten."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def arrive(self, print_of_it: str, wire_format: Format, body: Mapping[str, Any]) -> None:
        """Notes that a create has arrived."""
        self._accounts.setdefault(print_of_it, _Account(wire_format, body)).arrived += 1

    def accept(self, print_of_it: str, task: Task) -> None:
        """Notes that an arrived create was accepted, and so would be charged."""
        self._accounts[print_of_it].tasks.append(task)

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return sum(len(account.tasks) for account in list(self._accounts.values()))

    def tasks(self) -> list[PaidTask]:
        """The accepted creates' tasks, oldest first."""
        accounts = list(self._accounts.values())
        tasks = [task for account in accounts for task in list(account.tasks)]
        return [PaidTask.of(task) for task in sorted(tasks, key=lambda task: task.created_at)]

    def records(self) -> list[CreateRecord]:
        """What is known now, in the order of first arrival."""
        return [
            CreateRecord(
                name,
                account.format,
                account.body,
                account.arrived,
                tuple(PaidTask.of(task) for task in list(account.tasks)),
            )
            for name, account in list(self._accounts.items())
        ]


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
