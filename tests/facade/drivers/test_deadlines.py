"""One deadline for the whole of a call, a limit for a single request, and a limit for the size of a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_video import (
    ConfigurationError,
    DownloadFailed,
    InvalidRequest,
    PollPolicy,
    RateLimited,
    RetryPolicy,
    WaitTimeout,
)
from chainhub_video.flows.create import create
from chainhub_video.flows.generate import FollowOptions, generate, resume
from chainhub_video.flows.wait import query
from chainhub_video.io import TransportFailure
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.answering import say, tell
from tests.support.colours import Colour
from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4
from tests.support.virtual import World, reply
from tests.support.wires import UNIFIED, Wire

SETTINGS = Settings(
    api_key="the-key",
    retry=RetryPolicy(first=3, maximum=3, jitter=0, patience=1000),
    poll=PollPolicy(interval=40, jitter=0),
)
BROKEN = TransportFailure(httpx.ReadError("x"), sent=True)
LINKED = {"video_url": "https://cdn.example.com/x.mp4"}


def _following(timeout: float | None) -> FollowOptions:
    return FollowOptions(timeout=timeout, poll=None, on_update=None, on_progress=None)


def _generate(world: World, target: Path, timeout: float | None) -> Any:
    request = build_request(**UNIFIED.arguments)
    flow = generate(world, SETTINGS, request, target, _following(timeout), resubmit_uncertain=False)
    return world.play(flow)


def test_waiting_and_saving_share_one_deadline(tmp_path: Path) -> None:
    """What a download may take is what the wait has left of the call's time, not as much again."""
    running, completed = reply(UNIFIED.seen()), reply(UNIFIED.seen("completed", **LINKED))
    world = World(reply(UNIFIED.created()), running, completed, BROKEN)
    with pytest.raises(DownloadFailed):
        _generate(world, tmp_path / "x.mp4", 100)
    assert 85 < world.clock - 1000 <= 100


def test_resuming_has_one_deadline_as_well(tmp_path: Path) -> None:
    """`resume` counts its time once, too, and the same call resumes again."""
    world = World(reply(UNIFIED.created()), reply(UNIFIED.seen()))
    with pytest.raises(WaitTimeout):
        _generate(world, tmp_path / "x.mp4", 50)
    later = World(reply(UNIFIED.seen("completed", **LINKED)), BROKEN)
    with pytest.raises(DownloadFailed):
        later.play(resume(later, SETTINGS, tmp_path / "x.mp4", _following(20), task_id=None))
    assert 10 < later.clock - 1000 <= 20


def test_no_create_leaves_after_the_deadline(tmp_path: Path) -> None:
    """A create that was turned away is not sent again later than the call may last, and leaves no receipt."""
    world = World(reply(None, 429, retry_after="60"))
    with pytest.raises(RateLimited):
        _generate(world, tmp_path / "x.mp4", 50)
    assert (len(world.calls), world.sleeps) == (1, [])
    assert list(tmp_path.iterdir()) == []


def test_a_create_and_a_query_take_a_limit_of_their_own(wire: Wire) -> None:
    """`timeout` of `create` bounds its answer, and that of `retrieve` the whole of its exchange."""
    world = World(reply(wire.created()), reply(wire.seen()))
    task = world.play(create(world, SETTINGS, build_request(**wire.arguments), timeout=7))
    world.play(query(world, SETTINGS, task, 3))
    assert (world.calls[0].read_timeout, world.calls[1].within) == (7, 3)


@BLOCKING
def test_a_limit_that_is_none_is_refused(colour: Colour, wire: Wire, gateway: Gateway) -> None:
    """A request needs some time, and a video some bytes: what is none is told before anything is sent."""
    hub = colour.hub(gateway.url)
    no_time = r"timeout is .* and must be above 0 seconds, or None"
    for limit in (0, -1, float("nan"), "soon"):
        with pytest.raises(InvalidRequest, match=no_time):
            wire.create(hub, timeout=limit)
        with pytest.raises(InvalidRequest, match=no_time):
            hub.videos.retrieve(wire.task(), timeout=limit)
    no_bytes = "max_download must be a whole number of bytes"
    for size in (0, -1, 1.5, True, None, "1 GB"):
        with pytest.raises(ConfigurationError, match=no_bytes):
            colour.hub(gateway.url, max_download=size)
    assert gateway.arrived == []


@BLOCKING
def test_the_limit_of_a_video_is_the_constructors(
    colour: Colour, gateway: Gateway, video: bytes, tmp_path: Path
) -> None:
    """`max_download` refuses a larger video, names itself, and takes one that just fits."""
    gateway.on(LINK, say(200, video, MP4))
    gateway.on("query", tell(UNIFIED.seen("completed", video_url=f"{gateway.url}{LINK}")))
    small = colour.hub(gateway.url, max_download=len(video) - 1)
    with pytest.raises(DownloadFailed, match="max_download"):
        small.videos.download(UNIFIED.task_id, tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []
    just = colour.hub(gateway.url, max_download=len(video))
    assert just.videos.download(UNIFIED.task_id, tmp_path / "x.mp4").size == len(video)
