"""The pauses of a wait, on a clock of the test's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_video import (
    PollPolicy,
    RetryPolicy,
    ServerError,
    TaskFailed,
    UnexpectedResponse,
    VideoTask,
    WaitTimeout,
)
from chainhub_video.flows.generate import FollowOptions, generate
from chainhub_video.flows.wait import follow, note_created, query
from chainhub_video.io import Call, TransportFailure
from chainhub_video.policies import Estimate
from chainhub_video.request import build_request
from chainhub_video.runtime import using
from chainhub_video.settings import Pace, Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.support.virtual import World, reply
from tests.support.wires import OPENAI

CALM = PollPolicy(jitter=0)
SETTINGS = Settings(api_key="the-key", poll=CALM)
LATE = TransportFailure(httpx.ReadTimeout("x"), sent=True)
RUNNING = reply(OPENAI.seen("processing", progress=40))


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    """No test knows the tasks that another one created."""
    with using():
        yield


def _follow(world: World, task: VideoTask, **options: Any) -> Any:
    return world.play(
        follow(world, SETTINGS, task, None, **{"timeout": 1200, "poll": None, **options})
    )


def test_the_pauses_depend_on_the_age() -> None:
    """After a create the first look comes late, later ones close together, and rarer again for what takes long."""
    world = World(*[reply(OPENAI.seen())] * 30, reply(OPENAI.seen("completed")))
    note_created(world, SETTINGS, OPENAI.task_id)
    _follow(world, OPENAI.task(), pause=CALM.first_delay())
    assert world.sleeps[:2] == pytest.approx([40, 14.4])
    assert min(world.sleeps) == pytest.approx(12.3, abs=0.1)
    assert world.sleeps[-1] == 16


def test_a_task_of_unknown_age_is_looked_at_often() -> None:
    """Somebody else's task may end at any moment: the pauses are the shortest of the schedule."""
    world = World(*[reply(OPENAI.seen())] * 4, reply(OPENAI.seen("completed")))
    _follow(world, OPENAI.task(id="video_of_another_process"))
    assert world.sleeps == [12.3] * 4


def test_a_fixed_interval_stays_fixed() -> None:
    """Whoever names the seconds between two looks gets them, whatever the age and the progress are."""
    world = World(
        *(reply(OPENAI.seen(progress=share)) for share in (10, 50, 90)),
        reply(OPENAI.seen("completed")),
    )
    _follow(world, OPENAI.task(), poll=PollPolicy(interval=5, jitter=0))
    assert world.sleeps == [5, 5, 5]


@pytest.mark.parametrize(("milliseconds", "pause"), [("2500", 2.5), ("600000", 300.0)])
def test_the_proposal_of_the_create_places_the_first_look(
    tmp_path: Path, milliseconds: str, pause: float
) -> None:
    """`openai-poll-after-ms` on the create's answer replaces the 40 s until the first look, up to the patience."""
    created = reply(OPENAI.created(), openai_poll_after_ms=milliseconds)
    world = World(created, reply(OPENAI.seen("failed")))
    following = FollowOptions(1200, None, None, None)
    request, target = build_request(**OPENAI.arguments), tmp_path / "kitten.mp4"
    with pytest.raises(TaskFailed):
        world.play(generate(world, SETTINGS, request, target, following, resubmit_uncertain=False))
    assert world.sleeps == [pause]


@pytest.mark.parametrize("status", [200, 429, 503])
def test_what_the_gateway_asks_for_is_kept(status: int) -> None:
    """`openai-poll-after-ms` replaces the schedule, but for a floor and a limit; `Retry-After` only lengthens it.

    What is no duration leaves the schedule as it is. A failed answer proposes nothing.
    """
    proposals: dict[str, float] = {"2500": 2.5, "45000": 45.0, "1": 0.05, "1e300": 300.0}
    proposals |= dict.fromkeys(["", "soon", "-5", "nan", "inf", "1e999"], 12.3)
    for name, asked in {
        "openai_poll_after_ms": dict.fromkeys(proposals, 12.3) if status != 200 else proposals,
        "retry_after": {"33": 33.0, "1": 12.3, "1e300": 300.0},
    }.items():
        for text, pause in asked.items():
            seen = reply(OPENAI.seen(), status, **{name: text})
            world = World(seen, seen, reply(OPENAI.seen("completed")))
            _follow(world, OPENAI.task(), timeout=None)
            assert world.sleeps == [pause, pause], (name, text)


class Rendering(World):
    """A task that is rendered evenly, in whole percent."""

    def __init__(self, seconds: float, stuck_at: int = 100) -> None:
        self._ends, self._begins, self._stuck_at = 1000.0 + seconds, 1000.0, stuck_at
        super().__init__(reply(OPENAI.seen()))

    async def open(self, call: Call, /) -> Any:
        """Tell how far it is."""
        share = int(100 * (self.clock - self._begins) / (self._ends - self._begins))
        done = share >= 100
        seen = OPENAI.seen(
            "completed" if done else "processing", progress=min(share, self._stuck_at)
        )
        self._outcomes = deque([reply(seen)])
        return await super().open(call)


@pytest.mark.parametrize("seconds", [60, 150, 400, 900])
def test_progress_tells_when_to_look(seconds: float) -> None:
    """The end of a task with honest progress is seen within seconds, after few looks."""
    world = Rendering(seconds)
    note_created(world, SETTINGS, OPENAI.task_id)
    _follow(world, OPENAI.task(), pause=CALM.first_delay())
    late = world.clock - 1000 - seconds
    assert 0 <= late <= 6
    assert len(world.calls) <= 4 + seconds / 35


def test_progress_that_stands_still_is_no_reason_to_ask_often() -> None:
    """At 99 % for minutes: after a few looks at the expected end, the pauses are those of a task without progress."""
    world = Rendering(600, stuck_at=30)
    note_created(world, SETTINGS, OPENAI.task_id)
    _follow(world, OPENAI.task(), pause=CALM.first_delay())
    assert min(world.sleeps[-20:]) >= 12
    assert len(world.calls) <= 45


def test_all_waits_of_a_client_keep_to_its_rate() -> None:
    """Twenty looks at once come no more often than the rate says, each in its turn; what was left holds up nobody."""
    pace = Pace()
    turns = [pace.take(100.0, 4) for _ in range(20)]
    assert turns == pytest.approx([100 + number / 4 for number in range(20)])
    for _ in turns:
        pace.leave()
    assert pace.take(200.0, 4) == 200.0  # what nobody waits for is not kept
    for _ in range(50):
        pace.take(1e6, 1)
        pace.leave()
    pace.leave()
    assert pace.take(5.0, 1) <= 6.0  # on a clock that is far behind


def test_a_wait_that_gets_no_look_ends_at_its_deadline() -> None:
    """A client whose waits are too many for its rate tells so by their deadlines, and not after them."""
    policy = PollPolicy(interval=1, rate=0.01, jitter=0)
    world = World(reply(OPENAI.seen()))
    settings = Settings(api_key="the-key", poll=policy)
    with pytest.raises(WaitTimeout):
        world.play(follow(world, settings, OPENAI.task(), None, timeout=30, poll=None))
    assert world.clock <= 1030


@pytest.mark.parametrize("timeout", [1.0, 30.0, 600.0])
def test_the_last_look_is_just_before_the_deadline(timeout: float) -> None:
    """A wait uses its time to the end, and never oversleeps it; no exchange gets more than is left, or too little."""
    world = World(reply(OPENAI.seen()))
    with pytest.raises(WaitTimeout):
        _follow(world, OPENAI.task(), timeout=timeout)
    assert timeout - 2 <= world.clock - 1000 <= timeout
    bounds = [call.within or 0.0 for call in world.calls]
    assert bounds[0] == timeout
    assert bounds == sorted(bounds, reverse=True)
    assert min(bounds) >= min(1.9, 0.1 * timeout)


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (LATE, httpx.ReadTimeout),
        (reply(None, 502), ServerError),
        (reply([1]), UnexpectedResponse),
        (RUNNING, type(None)),
    ],
)
def test_a_timeout_has_the_last_state_and_the_last_trouble(outcome: Any, cause: type[Any]) -> None:
    """Its cause is the HTTP library's exception, or our mapped error; trouble that has passed is not blamed."""
    world = World(LATE, RUNNING, outcome)
    with pytest.raises(WaitTimeout, match=f"{OPENAI.task_id}.*wait for it again") as raised:
        _follow(world, OPENAI.task(), timeout=60)
    assert isinstance(raised.value.__cause__, cause)
    assert raised.value.task is not None
    assert (raised.value.task.raw_status, raised.value.task.progress) == ("processing", 0.4)
    assert world.open_streams == 0


def test_one_look_is_one_call() -> None:
    """`retrieve` asks once, without a bound of its own, on a pooled connection."""
    world = World(reply(OPENAI.seen()))
    world.play(query(world, SETTINGS, OPENAI.task()))
    (call,) = world.calls
    assert (call.kind, call.within, call.read_timeout) == ("query", None, None)


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
