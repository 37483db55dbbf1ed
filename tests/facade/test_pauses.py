"""The pauses of a wait, on a clock of the test's own."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest
from chainhub_video import PollPolicy, ServerError, UnexpectedResponse, VideoTask, WaitTimeout
from chainhub_video.flows.wait import follow
from chainhub_video.io import TransportFailure
from chainhub_video.settings import Settings

from .virtual import World, reply
from .wires import OPENAI

CALM = PollPolicy(first=3, interval=6, maximum=20, growth=1.3, jitter=0)
SETTINGS = Settings(api_key="the-key", poll=CALM)


def _follow(world: World, task: VideoTask, **options: Any) -> Any:
    return world.play(
        follow(world, SETTINGS, task, None, **{"timeout": 1200, "poll": None, **options})
    )


def test_the_pauses_grow_to_their_maximum() -> None:
    """Without any word from the gateway, looks come after 6 s, then ever more rarely, at most 20 s apart."""
    world = World(*[reply(OPENAI.seen())] * 8, reply(OPENAI.seen("completed")))
    _follow(world, OPENAI.task(), pause=CALM.delay(0))
    assert world.sleeps[:3] == pytest.approx([3, 6, 7.8])
    assert world.sleeps[-1] == 20
    assert world.sleeps == sorted(world.sleeps)


@pytest.mark.parametrize(("milliseconds", "pause"), [("2500", 2.5), ("45000", 45.0), ("1", 0.05)])
def test_the_gateways_proposal_is_obeyed(milliseconds: str, pause: float) -> None:
    """`openai-poll-after-ms` replaces the schedule, but for a floor that no answer can undercut."""
    seen = reply(OPENAI.seen(), openai_poll_after_ms=milliseconds)
    world = World(seen, seen, reply(OPENAI.seen("completed")))
    _follow(world, OPENAI.task())
    assert world.sleeps == [pause, pause]


@pytest.mark.parametrize("nonsense", ["", "soon", "-5", "nan", "inf", "1e999"])
def test_a_proposal_of_nonsense_is_ignored(nonsense: str) -> None:
    """An `openai-poll-after-ms` that is no duration leaves the schedule as it is."""
    world = World(
        reply(OPENAI.seen(), openai_poll_after_ms=nonsense), reply(OPENAI.seen("completed"))
    )
    _follow(world, OPENAI.task())
    assert world.sleeps == [6]


@pytest.mark.parametrize("header", ["openai_poll_after_ms", "retry_after"])
def test_a_pause_of_years_is_not_slept(header: str) -> None:
    """Even with no deadline, no header makes a client sleep for ever, or longer than a clock can count."""
    headers: dict[str, Any] = {header: "1e300"}
    seen = reply(OPENAI.seen(), **headers)
    world = World(seen, reply(OPENAI.seen("completed")))
    _follow(world, OPENAI.task(), timeout=None)
    assert world.sleeps[0] <= 3600


@pytest.mark.parametrize("status", [200, 429, 503])
def test_retry_after_is_obeyed(status: int) -> None:
    """The next look comes no earlier than `Retry-After` says, whether the answer was good or bad."""
    world = World(
        reply(OPENAI.seen(), status, retry_after="33"),
        reply(OPENAI.seen(), status, retry_after="1"),
        reply(OPENAI.seen("completed")),
    )
    _follow(world, OPENAI.task())
    assert world.sleeps[0] == 33
    assert 6 <= world.sleeps[1] < 20


def test_progress_brings_the_look_forward_to_the_end() -> None:
    """A task whose progress says that it ends in 10 s is not looked at only after 20."""
    shares = [0, 30, 60, 90, 95]
    world = World(
        *(reply(OPENAI.seen(progress=share)) for share in shares),
        reply(OPENAI.seen("completed")),
        takes=0.0,
    )
    policy = attrs.evolve(CALM, interval=20)
    _follow(world, OPENAI.task(), poll=policy)
    assert world.sleeps[:3] == [20, 20, 20]
    assert world.sleeps[3] == 10  # never below half an interval
    assert world.clock < 1000 + 20 * 5


@pytest.mark.parametrize("timeout", [1.0, 30.0, 600.0])
def test_the_last_look_is_just_before_the_deadline(timeout: float) -> None:
    """A wait uses its time to the end, looks once more shortly before it, and never oversleeps it."""
    world = World(reply(OPENAI.seen()))
    with pytest.raises(WaitTimeout):
        _follow(world, OPENAI.task(), timeout=timeout)
    assert timeout - 2 <= world.clock - 1000 <= timeout


def test_a_single_look_is_bounded_by_what_is_left() -> None:
    """Each exchange is given no more time than the wait has left, but at least a second."""
    world = World(reply(OPENAI.seen()))
    with pytest.raises(WaitTimeout):
        _follow(world, OPENAI.task(), timeout=30)
    bounds = [call.within or 0.0 for call in world.calls]
    assert bounds[0] == 30
    assert bounds == sorted(bounds, reverse=True)
    assert min(bounds) >= 1


def test_failures_on_the_way_are_all_closed() -> None:
    """Every answer that was opened is closed, good or bad."""
    world = World(
        reply(None, 500),
        TransportFailure(httpx.ReadTimeout("x"), sent=True),
        reply([1]),
        reply(OPENAI.seen("completed")),
    )
    _follow(world, OPENAI.task())
    assert world.open_streams == 0
    assert len(world.calls) == 4


def test_the_cause_of_a_timeout_is_the_librarys_or_ours() -> None:
    """The last trouble is kept as it is most useful: the HTTP library's exception, or our mapped error."""
    for outcome, cause in (
        (TransportFailure(httpx.ReadTimeout("x"), sent=True), httpx.ReadTimeout),
        (reply(None, 502), ServerError),
        (reply([1]), UnexpectedResponse),
    ):
        with pytest.raises(WaitTimeout) as raised:
            _follow(World(outcome), OPENAI.task(), timeout=60)
        assert isinstance(raised.value.__cause__, cause)
