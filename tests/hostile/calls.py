"""The calls that are stalled, and what each must end in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainhub_video import (
    ChainHubError,
    ConnectionFailed,
    DownloadFailed,
    InvalidRequest,
    PollPolicy,
    SubmissionUncertain,
    UnexpectedResponse,
    WaitTimeout,
)

from tests.support.videos import LINK, completed
from tests.support.wires import OPENAI, UNIFIED, png

Errors = tuple[type[ChainHubError], ...]
_PICTURE = "/kitten.png"
UPLOAD = 24_000_000
"""Bytes of the large picture: more than the buffers of both ends of a connection take."""


@dataclass(frozen=True)
class Place:
    """Where a call is made.

    Attributes:
        hub: a client of either driver, whose calls block.
        stalled: the origin that stalls, if that is not the gateway itself.
        folder: for files.
        limit: seconds.
        large: whether pictures are to be large.
    """

    hub: Any
    stalled: str
    folder: Path
    limit: float
    large: bool

    def picture(self) -> bytes:
        """Return a picture; whatever follows a PNG's end is carried along."""
        return png().ljust(UPLOAD, b"\0") if self.large else png()


@dataclass(frozen=True)
class Call:
    """One call, and the step of it that stalls.

    Attributes:
        name: in words.
        step: that stalls.
        make: makes the call.
        errors: what it may end in once a request was sent.
        unsent: what it may end in if no connection was made.
        creates: how many creates reach the gateway at most.
        elsewhere: whether another host than the gateway stalls.
    """

    name: str
    step: str
    make: Callable[[Place], Any]
    errors: Errors
    unsent: Errors
    creates: int = 0
    elsewhere: bool = False

    def __str__(self) -> str:
        return self.name


def _create(place: Place) -> Any:
    return OPENAI.create(place.hub, image=place.picture())


def _create_unified(place: Place) -> Any:
    return UNIFIED.create(place.hub)


def _generate(place: Place) -> Any:
    return OPENAI.generate(
        place.hub,
        image=place.picture(),
        save_to=place.folder / "kitten.mp4",
        timeout=place.limit,
        poll=PollPolicy(first=0, interval=0.05, minimum=0),
    )


def _download(place: Place) -> Any:
    return place.hub.videos.download(
        completed(OPENAI, None), place.folder / "x.mp4", timeout=place.limit
    )


def _download_link(place: Place) -> Any:
    task = completed(UNIFIED, f"{place.stalled}{LINK}")
    return place.hub.videos.download(task, place.folder / "x.mp4", timeout=place.limit)


def _create_linked(place: Place) -> Any:
    return OPENAI.create(place.hub, image=f"{place.stalled}{_PICTURE}")


_UNREACHED: Errors = (ConnectionFailed,)
_NOT_FETCHED: Errors = (ConnectionFailed, InvalidRequest)
_NOT_SAVED: Errors = (DownloadFailed,)

CALLS = (
    Call("create", "create", _create, (SubmissionUncertain,), _UNREACHED, creates=1),
    Call("create, unified", "create", _create_unified, (SubmissionUncertain,), _UNREACHED, 1),
    Call(
        "retrieve",
        "query",
        lambda place: place.hub.videos.retrieve(OPENAI.task(), timeout=place.limit),
        (ConnectionFailed, UnexpectedResponse),  # a flood may have more bytes than an answer may
        _UNREACHED,
    ),
    Call(
        "wait",
        "query",
        lambda place: place.hub.videos.wait(OPENAI.task(), timeout=place.limit),
        (WaitTimeout,),
        (WaitTimeout,),
    ),
    Call("download", "content", _download, _NOT_SAVED, _NOT_SAVED),
    Call("generate: its create", "create", _generate, (SubmissionUncertain,), _UNREACHED, 1),
    Call("generate: its queries", "query", _generate, (WaitTimeout,), _UNREACHED, 1),
    Call("generate: its download", "content", _generate, _NOT_SAVED, _UNREACHED, 1),
    Call("a video's host", LINK, _download_link, _NOT_SAVED, _NOT_SAVED, elsewhere=True),
    Call("a picture's host", _PICTURE, _create_linked, _NOT_FETCHED, _NOT_FETCHED, elsewhere=True),
)
