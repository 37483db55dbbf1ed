"""The flows by themselves, on an `IO` that answers from a list: no HTTP and no waiting."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

import chainhub_video
import httpx
import pytest
from chainhub_video import (
    APIError,
    ConnectionFailed,
    DownloadFailed,
    PollPolicy,
    RateLimited,
    RetryPolicy,
    SubmissionUncertain,
    TaskStatus,
    Timeouts,
)
from chainhub_video.downloads.output import FileOutput
from chainhub_video.drivers.blocking import completed
from chainhub_video.flows.create import create
from chainhub_video.flows.download import save
from chainhub_video.flows.wait import query, watch
from chainhub_video.io import Reply, TransportFailure
from chainhub_video.policies import Estimate
from chainhub_video.request import VideoRequest, build_request
from chainhub_video.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.support.virtual import World, reply
from tests.support.wires import OPENAI, UNIFIED, Wire

RETRY = RetryPolicy(attempts=4, first=0.5, maximum=30, jitter=0, patience=120)
SETTINGS = Settings(api_key="the-key", retry=RETRY, timeouts=Timeouts(create=77))
NOT_SENT = TransportFailure(httpx.ConnectError("refused"), sent=False)
SENT = TransportFailure(httpx.ReadTimeout("late"), sent=True)


def _request(wire: Wire) -> VideoRequest:
    return build_request(**wire.arguments)


def _create(wire: Wire, world: World) -> Any:
    return world.play(create(world, SETTINGS, _request(wire)))


def test_a_create_asks_once_for_a_connection_of_its_own(wire: Wire) -> None:
    """One call, on a fresh connection, with the long timeout for its answer, and no pause."""
    world = World(reply(wire.created()))
    assert _create(wire, world).id == wire.task_id
    (call,) = world.calls
    assert (call.kind, call.read_timeout) == ("create", 77)
    assert world.targets == [f"post {wire.create_target}"]
    assert world.sleeps == []
    assert world.open_streams == 0


@pytest.mark.parametrize("outcome", [NOT_SENT, reply(None, 429)])
def test_the_pauses_between_creates_double(wire: Wire, outcome: Any) -> None:
    """Each further attempt waits twice as long, and the last failure is raised."""
    world = World(outcome)
    with pytest.raises((ConnectionFailed, RateLimited)):
        _create(wire, world)
    assert world.sleeps == [0.5, 1.0, 2.0]
    assert len(world.calls) == 4


def test_retry_after_lengthens_a_pause_and_never_shortens_it(wire: Wire) -> None:
    """A create that was turned away waits what was asked, but no less than its own pause."""
    world = World(
        reply(None, 429, retry_after="40"),
        reply(None, 429, retry_after="0"),
        reply(wire.created()),
    )
    _create(wire, world)
    assert world.sleeps == [40.0, 1.0]


def test_beyond_its_patience_a_create_gives_up_at_once(wire: Wire) -> None:
    """A Retry-After longer than the policy's patience is raised instead of slept, and the error carries it."""
    world = World(reply(None, 429, retry_after="121"))
    with pytest.raises(RateLimited) as raised:
        _create(wire, world)
    assert raised.value.retry_after == 121
    assert world.sleeps == []


@pytest.mark.parametrize("last", [SENT, reply(None, 500), reply(None, 409), reply([])])
def test_whatever_went_before_the_uncertain_outcome_is_the_end(wire: Wire, last: Any) -> None:
    """After attempts that surely were not taken, one of unknown outcome still ends it."""
    world = World(NOT_SENT, reply(None, 429), last, reply(wire.created()))
    with pytest.raises(SubmissionUncertain):
        _create(wire, world)
    assert len(world.calls) == 3
    assert world.open_streams == 0


def test_a_broken_body_is_uncertain_and_closed(wire: Wire) -> None:
    """A failure while the answer is read closes the stream and is an uncertain outcome."""
    world = World([b'{"id": "vid', SENT])
    with pytest.raises(SubmissionUncertain) as raised:
        _create(wire, world)
    assert raised.value.__cause__ is SENT.cause
    assert (len(world.calls), world.open_streams) == (1, 0)


def test_an_answer_that_trickles_has_no_more_time_than_a_late_one(wire: Wire) -> None:
    """Bytes that keep coming do not keep a create waiting beyond its time."""

    class Slow(World):
        def now(self) -> float:
            self.clock += 30
            return self.clock

    world = Slow([b" "] * 100)
    with pytest.raises(SubmissionUncertain, match="took too long"):
        _create(wire, world)
    assert (len(world.calls), world.open_streams) == (1, 0)


def test_an_interruption_goes_through(wire: Wire) -> None:
    """Ctrl-C while a create is under way is not turned into anything else, and asks for nothing more."""

    class Interrupted(World):
        async def open(self, call: Any, /) -> Any:
            self.calls.append(call)
            raise KeyboardInterrupt

    world = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _create(wire, world)
    assert (len(world.calls), world.sleeps) == (1, [])


def test_pictures_are_closed_however_a_create_ends(tmp_path: Path) -> None:
    """The file that was opened for the upload is closed after success, refusal and doubt alike."""
    (tmp_path / "x.png").write_bytes(OPENAI.arguments["image"])
    for outcome in (reply(OPENAI.created()), reply(None, 400), SENT):
        world = World(outcome)
        request = build_request(**{**OPENAI.arguments, "image": tmp_path / "x.png"})
        try:
            world.play(create(world, SETTINGS, request))
        except (APIError, SubmissionUncertain):
            assert outcome is not None
        files = dict(world.calls[0].arguments["files"])
        assert files["input_reference"][1].closed


def test_one_look_is_one_call(wire: Wire) -> None:
    """`retrieve` asks once, without a bound of its own, on a pooled connection."""
    world = World(reply(wire.seen()))
    world.play(query(world, SETTINGS, wire.task()))
    (call,) = world.calls
    assert (call.kind, call.within, call.read_timeout) == ("query", None, None)


def test_a_wait_looks_and_pauses_in_turn() -> None:
    """A wait asks, pauses as the policy says, asks again, and gives each change once."""
    seen = [reply(OPENAI.seen(word)) for word in ("queued", "queued", "processing", "completed")]
    world = World(*seen)
    poll = PollPolicy(interval=6, jitter=0)
    told = world.collect(watch(world, SETTINGS, OPENAI.task(), None, poll))
    assert [task.raw_status for task in told] == ["queued", "processing", "completed"]
    assert world.sleeps == [6, 6, 6]
    assert (len(world.calls), world.open_streams) == (4, 0)


def test_a_flow_that_awaits_something_else_is_told() -> None:
    """The blocking driver refuses a coroutine that suspends, instead of waiting for what nobody will do."""

    async def suspending() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something else than its IO"):
        completed(suspending())


DONE = UNIFIED.task(status=TaskStatus.COMPLETED, video_url="https://cdn.example.com/x.mp4")


def test_a_download_that_never_works_gives_up_at_its_deadline(tmp_path: Path) -> None:
    """The attempts of a download pause ever longer, and end before the deadline is overslept."""
    world = World(TransportFailure(httpx.ReadError("x"), sent=True))
    with pytest.raises(DownloadFailed) as raised:
        world.play(save(world, SETTINGS, DONE, FileOutput(tmp_path / "x.mp4"), None, deadline=1020))
    assert world.sleeps == [0.5, 1, 2, 4, 8]
    assert world.clock - 1000 <= 20
    assert isinstance(raised.value.__cause__, httpx.ReadError)
    assert list(tmp_path.iterdir()) == []


def test_a_download_by_hand(tmp_path: Path, video: bytes) -> None:
    """A whole file, given by hand in one piece, is written, checked and in its place; no request has the key."""
    world = World(Reply(200, {"content-length": str(len(video))}, video))
    output = FileOutput(tmp_path / "x.mp4")
    saved, _etag = world.play(save(world, SETTINGS, DONE, output, None, deadline=None))
    assert saved.path.read_bytes() == video
    assert world.targets == ["get https://cdn.example.com/x.mp4"]
    assert "Authorization" not in world.headers[0]
    assert world.open_streams == 0


@given(failures=st.integers(1, 10_000), asked=st.none() | st.floats(0, 1e6), luck=st.floats(0, 1))
def test_a_retry_pause_is_always_bounded(failures: int, asked: float | None, luck: float) -> None:
    """Whatever the number of failures, a pause lies between what was asked and the larger of it and the maximum."""
    pause = RetryPolicy().delay(failures, retry_after=asked, chance=lambda: luck)
    assert (asked or 0) <= pause <= max(RetryPolicy().maximum, asked or 0)


@given(
    age=st.none() | st.floats(0, 1e6),
    hint=st.none() | st.floats(0, 1e300),
    asked=st.none() | st.floats(0, 1e300),
    estimate=st.none() | st.builds(Estimate, st.floats(0, 1e6), st.floats(0, 1e6)),
    luck=st.floats(0, 1),
)
def test_a_poll_pause_is_always_bounded(
    age: float | None,
    hint: float | None,
    asked: float | None,
    estimate: Estimate | None,
    luck: float,
) -> None:
    """Whatever the gateway says, a pause is neither so short as to be rude nor longer than the policy's patience."""
    policy = PollPolicy()
    pause = policy.delay(age, hint=hint, retry_after=asked, estimate=estimate, chance=lambda: luck)
    assert policy.minimum <= pause <= policy.patience


def test_flows_know_neither_client_nor_clock() -> None:
    """No flow, format or policy imports the HTTP library, asyncio, time or a driver."""
    package = Path(chainhub_video.__file__).parent
    rooms = ("flows", "wire", "images", "receipts", "downloads")
    pure = [path for room in rooms for path in (package / room).glob("*.py")]
    pure += [package / "policies.py", package / "io.py"]
    assert len(pure) > 10
    for path in pure:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            roots = {name.partition(".")[0] for name in names}
            assert not roots & {"httpx", "httpcore", "asyncio", "time"}, path
            assert not any("drivers" in name for name in names), path
