"""Record what arrived, and what production would have charged for it."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request

from chainhub_sandbox.pictures import PictureRefused, from_data_uri, is_data_uri, sha256_of
from chainhub_sandbox.tasks import Format, Task

Origin = Literal["gateway", "links"]
MAX_REQUESTS = 10_000
"""Requests that are remembered; beyond, the oldest are forgotten."""

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
        fingerprint: of a create that was read whole; see `ledger.fingerprint`.
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
        """Return the record as a JSON document."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PaidTask:
    """A create that production would have charged.

    Attributes:
        id: of the task.
        status: where the task is.
        sha256: in hex, of the video; None before there is one.
        size: of the video in bytes; None before there is one.
        fetched_whole: whether all of its bytes have been sent.
    """

    id: str
    status: str
    sha256: str | None
    size: int | None
    fetched_whole: bool

    @classmethod
    def of(cls, task: Task) -> PaidTask:
        """Return what is known of a task now."""
        status, video = task.state().status, task.video
        if video is None:
            return cls(task.id, status, None, None, False)
        size = video.stat().st_size
        return cls(task.id, status, _file_sha256(video), size, task.sent.covers(size))


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
class _Create:
    format: Format
    body: Mapping[str, Any]
    arrived: int = 0
    tasks: list[Task] = field(default_factory=list[Task])


class Ledger:
    """What arrived at one sandbox, and what production would have charged.

    Attributes:
        requests: the requests, oldest first.
        key_leaks: requests that carried the key to the origin of the links.
        unread: creates that broke off before they were read whole.
    """

    def __init__(self) -> None:
        self.requests: deque[ReceivedRequest] = deque(maxlen=MAX_REQUESTS)
        self.key_leaks = 0
        self.unread = 0
        self._creates: dict[str, _Create] = {}  # by fingerprint; none is ever forgotten

    def record(self, origin: Origin, step: str, request: Request, status: int, **more: Any) -> None:
        """Remember a request, without its secrets.

        Args:
            origin: where it arrived.
            step: of the job.
            request: the request.
            status: of the answer; 0 if none was sent.
            **more: further fields of `ReceivedRequest`.
        """
        received = ReceivedRequest(
            origin=origin,
            step=step,
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers=_without_secrets(request.headers),
            status=status,
            **more,
        )
        self.unread += step == "create" and not status and not received.fingerprint
        self.requests.append(received)

    def count_arrival(self, name: str, wire_format: Format, body: Mapping[str, Any]) -> None:
        """Count a create that was read whole, by its fingerprint."""
        self._creates.setdefault(name, _Create(wire_format, body)).arrived += 1

    def charge(self, name: str, task: Task) -> None:
        """Note that a create that was counted is accepted: production would charge it."""
        self._creates[name].tasks.append(task)

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return sum(len(create.tasks) for create in list(self._creates.values()))

    def paid_tasks(self) -> list[PaidTask]:
        """Return the tasks of the accepted creates, oldest first."""
        tasks = [task for create in list(self._creates.values()) for task in list(create.tasks)]
        return list(_paid(sorted(tasks, key=lambda task: task.created_at)))

    def creates(self) -> list[CreateRecord]:
        """Return all creates by fingerprint, in the order of first arrival."""
        return [
            CreateRecord(name, made.format, made.body, made.arrived, _paid(made.tasks))
            for name, made in list(self._creates.items())
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON document."""
        return {
            "paid": self.paid,
            "key_leaks": self.key_leaks,
            "unread": self.unread,
            "creates": [asdict(record) for record in self.creates()],
            "requests": [request.as_json() for request in list(self.requests)],
        }


def _paid(tasks: Iterable[Task]) -> tuple[PaidTask, ...]:
    return tuple(PaidTask.of(task) for task in list(tasks))


def fingerprint(wire_format: Format, body: Any, files: Iterable[tuple[str, str]]) -> str:
    """Return the sha256 in hex over a create's format, fields, and pictures by their bytes.

    Two creates of one fingerprint ask for the same thing. The file name of a picture does not count.

    Args:
        wire_format: of the request.
        body: the parsed document, or the form's text fields.
        files: the field and the sha256 of each of the form's files.
    """
    content = {"format": wire_format, "fields": _with_digests(body), "files": list(files)}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _with_digests(value: Any) -> Any:
    """Return a JSON value with the sha256 of the picture in place of every data URI."""
    if isinstance(value, dict):
        return {name: _with_digests(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_digests(each) for each in value]
    if not is_data_uri(value):
        return value
    try:
        return f"sha256:{sha256_of(from_data_uri(value))}"
    except PictureRefused:
        return value


def without_pictures(body: Any) -> Any:
    """Return a parsed body whose data URIs are shortened to their heads."""
    if not isinstance(body, dict) or not isinstance(body.get("images"), list):
        return body
    return body | {"images": [shortened(reference) for reference in body["images"]]}


def shortened(reference: Any) -> Any:
    """Return a data URI without its data; anything else as it is."""
    if is_data_uri(reference):
        return f"{reference[:_LONGEST_HEAD].partition(',')[0]},…"
    return reference


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by lower-case name; `Bearer key` becomes `Bearer ***`."""
    shown = dict(headers.items())
    for name in _SECRET_HEADERS & shown.keys():
        scheme, space, _ = shown[name].partition(" ")
        shown[name] = f"{scheme} ***" if space else "***"
    return shown


@lru_cache(maxsize=10_000)
def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return sha256_of(file)
