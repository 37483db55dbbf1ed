"""Following a task to its end, against a gateway that misbehaves in every way it can."""

from __future__ import annotations

import asyncio
import math
import time
import traceback
from typing import Any

import attrs
import httpx
import pytest
from chainhub_video import (
    APIError,
    AuthenticationError,
    ChainHubError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PollPolicy,
    QuotaExhausted,
    ServerError,
    TaskFailed,
    TaskStatus,
    Timeouts,
    UnexpectedResponse,
    VideoTask,
    WaitTimeout,
)
from chainhub_video.effects import Emit, TransportFailure
from chainhub_video.flows.follow import follow

from .colours import POLL, Colour
from .scripted import (
    Answer,
    Gateway,
    drip,
    garbage,
    half_head,
    hang_up,
    page,
    reset,
    say,
    silence,
    tell,
)
from .virtual import World, reply
from .wires import OPENAI, WIRES, Wire

PASSING: dict[str, Answer] = {
    "reset": reset(),
    "reset early": reset(early=True),
    "closed": hang_up(),
    "half the headers": half_head(),
    "not HTTP": garbage(),
    "silence": silence(),
    "500": tell({"error": {"message": "no"}}, 500),
    "502 HTML": page(502),
    "503": tell({"code": "busy", "message": "no"}, 503),
    "503 model_not_found": tell({"error": {"code": "model_not_found", "message": "no"}}, 503),
    "524": page(524),
    "408": say(408),
    "425": say(425),
    "429": say(429),
    "429 with Retry-After": tell({}, 429, Retry_After="0.01"),
    "429 with a Retry-After of nonsense": tell({}, 429, Retry_After="soon, \u00a0promise"),
    "302": say(302, headers={"Location": "/elsewhere"}),
    "200 HTML": page(200),
    "200 empty": say(200),
    "200 half": say(200, b'{"status": "completed"}', sent=12),
    "200 cut JSON": say(200, '{"status": "comp'),
    "200 null": tell(None),
    "200 list": tell([{"status": "completed"}]),
    "200 text": tell("completed"),
    "200 nested without end": say(200, '{"status":' + "[" * 90_000),
    "200 no status": tell({"id": "video_1"}),
    "200 a number as status": tell({"id": "video_1", "status": 7}),
    "200 an object as status": tell({"id": "video_1", "status": {"code": "completed"}}),
    "200 not UTF-8": say(200, b'{"status": "\xff"}'),
    "200 gzip that is none": say(200, b"{}", {"Content-Encoding": "gzip"}),
    "200 too large": say(200, b" " * 8_100_000),
}


@pytest.fixture
def hasty(colour: Colour, gateway: Gateway) -> Any:
    """A client that does not wait long for an answer."""
    return colour.hub(gateway.url, timeout=Timeouts(connect=5, read=0.15, write=5))


@pytest.mark.parametrize("trouble", PASSING)
def test_passing_trouble_is_ridden_out(
    hasty: Any, wire: Wire, gateway: Gateway, trouble: str
) -> None:
    """Whatever may pass is asked through, again and again, until the task's end is told."""
    answer = PASSING[trouble]
    gateway.on("query", answer, answer, tell(wire.seen()), answer, tell(wire.seen("completed")))
    assert hasty.videos.wait(wire.task()).status is TaskStatus.COMPLETED
    assert gateway.count("query") == 5


@pytest.mark.parametrize("trouble", ["reset", "502 HTML", "429", "200 null", "200 too large"])
def test_trouble_without_end_ends_at_the_deadline(
    hasty: Any, wire: Wire, gateway: Gateway, trouble: str
) -> None:
    """At the deadline the error carries the last state that was seen, and the last trouble as its cause."""
    gateway.on("query", tell(wire.seen("processing", progress=40)), PASSING[trouble])
    with pytest.raises(WaitTimeout, match=wire.task_id) as raised:
        hasty.videos.wait(wire.task(), timeout=0.3)
    assert raised.value.task is not None
    assert (raised.value.task.raw_status, raised.value.task.progress) == ("processing", 0.4)
    assert raised.value.__cause__ is not None
    assert not isinstance(raised.value.__cause__, TransportFailure)
    assert gateway.count("query") > 2


def test_a_timeout_without_trouble_has_no_cause(hasty: Any, wire: Wire, gateway: Gateway) -> None:
    """Trouble that has passed is not blamed for a task that just takes long."""
    gateway.on("query", reset(), tell(wire.seen("in_progress")))
    with pytest.raises(WaitTimeout, match="wait for it again") as raised:
        hasty.videos.wait(wire.task(), timeout=0.1)
    assert raised.value.__cause__ is None


FINAL: dict[str, tuple[Answer, type[APIError]]] = {
    "400": (tell({"error": {"message": "no"}}, 400), APIError),
    "400 task_not_exist": (tell({"code": "task_not_exist", "message": "no"}, 400), NotFound),
    "401": (tell({"error": {"message": "no"}}, 401), AuthenticationError),
    "402": (say(402), QuotaExhausted),
    "403": (page(403), PermissionDenied),
    "403 quota": (tell({"code": "insufficient_user_quota", "message": ""}, 403), QuotaExhausted),
    "404": (say(404), NotFound),
}


@pytest.mark.parametrize("case", FINAL)
def test_a_refusal_ends_the_wait_at_once(hub: Any, wire: Wire, gateway: Gateway, case: str) -> None:
    """What no patience changes is raised after one look, with the task."""
    answer, kind = FINAL[case]
    gateway.on("query", answer)
    with pytest.raises(kind, match=wire.task_id) as raised:
        hub.videos.wait(wire.task())
    assert type(raised.value) is kind
    assert raised.value.task == wire.task()
    assert gateway.count("query") == 1


@pytest.mark.parametrize("case", [*FINAL, "500", "200 null", "reset"])
def test_one_look_raises_whatever_it_meets(
    hub: Any, wire: Wire, gateway: Gateway, case: str
) -> None:
    """`retrieve` asks once, and its error carries the task and names its id."""
    gateway.on("query", FINAL[case][0] if case in FINAL else PASSING[case])
    with pytest.raises(ChainHubError, match=wire.task_id) as raised:
        hub.videos.retrieve(wire.task())
    assert raised.value.task == wire.task()
    assert gateway.count("query") == 1


def test_no_time_is_one_look(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """`timeout=0` looks once: a finished task is returned, a running one is a timeout."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    with pytest.raises(WaitTimeout):
        hub.videos.wait(wire.task(), timeout=0)
    assert gateway.count("query") == 1
    assert hub.videos.wait(wire.task(), timeout=0).done
    assert gateway.count("query") == 2


@pytest.mark.parametrize("timeout", [-1, math.nan])
def test_a_timeout_that_is_none_is_refused(hub: Any, wire: Wire, timeout: float) -> None:
    """A negative or undefined timeout is a mistake, told before anything is asked."""
    with pytest.raises(InvalidRequest, match="timeout"):
        hub.videos.wait(wire.task(), timeout=timeout)


def test_an_answer_that_never_ends_cannot_outlast_the_deadline(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """A gateway that answers a byte at a time keeps each single read short, and yet the wait ends in time."""
    gateway.on("query", drip(b" " * 200, pause=0.05))
    began = time.monotonic()
    with pytest.raises(WaitTimeout):
        colour.hub(gateway.url).videos.wait(wire.task(), timeout=0.5)
    assert time.monotonic() - began < 3


def test_changes_are_told_once_and_never_go_back(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Progress that falls is held, the same state is told once, and a state without progress keeps it."""
    states = [
        ("queued", 0),
        ("queued", 0),
        ("processing", 10),
        ("processing", 30),
        ("processing", 20),
        ("processing", 30),
        ("video_generation_completed", 25),
        ("video_upsampling", None),
        ("video_upsampling", "95%"),
    ]
    answers = [tell(wire.seen(word, progress=share)) for word, share in states]
    gateway.on("query", *answers, tell(wire.seen("completed", progress=99)))
    told: list[VideoTask] = []
    last = hub.videos.wait(wire.task(), on_update=told.append)
    assert [(task.raw_status, task.progress) for task in told] == [
        ("queued", 0.0),
        ("processing", 0.1),
        ("processing", 0.3),
        ("video_generation_completed", 0.3),
        ("video_upsampling", 0.3),
        ("video_upsampling", 0.95),
        ("completed", 1.0),
    ]
    assert told[-1] == last


def test_watch_gives_the_same_changes(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The iterator gives each change as it happens, the completed task last, and then ends."""
    words = ["queued", "processing", "processing", "completed"]
    gateway.on("query", *(tell(wire.seen(word)) for word in words))
    seen = [task.raw_status for task in hub.videos.watch(wire.task())]
    assert seen == ["queued", "processing", "completed"]


def test_watch_can_be_abandoned(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Whoever leaves the loop early leaves nothing open, and nothing is asked any more."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    watching = hub.videos.watch(wire.task())
    assert next(watching).raw_status == "processing"
    watching.close()
    assert gateway.count("query") == 1


def test_watch_gives_a_failed_task_before_it_raises(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A task that fails is seen to have failed, then the error comes, with the reason."""
    gateway.on("query", tell(wire.seen("failed", error={"message": "moderation"})))
    seen = []
    with pytest.raises(TaskFailed, match="moderation") as raised:
        seen.extend(hub.videos.watch(wire.task()))
    assert raised.value.reason == "moderation"
    assert raised.value.task is not None
    assert raised.value.task.status is TaskStatus.FAILED


def test_a_callback_that_raises_ends_the_wait(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The caller's own exception comes out as it is, with a note that names the task, which goes on."""
    gateway.on("query", tell(wire.seen()))

    def stop(_: VideoTask) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as raised:
        hub.videos.wait(wire.task(), on_update=stop)
    assert gateway.count("query") == 1
    assert wire.task_id in "".join(raised.value.__notes__)


def test_a_callback_that_raises_in_generate_names_the_task(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Any
) -> None:
    """What the caller's function raises after the create was paid does not lose the task's id."""
    gateway.on("create", tell(wire.created()))

    def stop(_: VideoTask) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        wire.generate(hub, save_to=tmp_path / "x.mp4", on_update=stop)
    assert wire.task_id in "".join(traceback.format_exception(raised.value))


def test_an_asynchronous_callback_is_awaited(colour: Colour, wire: Wire, gateway: Gateway) -> None:
    """`on_update` may be a coroutine function with the asynchronous client; the blocking one says that it is not."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    told: list[str] = []

    async def tell_later(task: VideoTask) -> None:
        await asyncio.sleep(0)
        told.append(task.raw_status)

    hub = colour.hub(gateway.url)
    if colour.asynchronous:
        hub.videos.wait(wire.task(), on_update=tell_later)
        assert told == ["processing", "completed"]
    else:
        with pytest.raises(TypeError, match="AsyncChainHub"):
            hub.videos.wait(wire.task(), on_update=tell_later)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_create_that_has_ended_already_is_not_asked_for(
    hub: Any, wire: Wire, gateway: Gateway, status: str
) -> None:
    """If the create's answer tells the end, waiting asks nothing: it returns the task, or raises."""
    gateway.on("create", tell(wire.created(status=status, fail_reason="no luck")))
    task = wire.create(hub)
    told: list[VideoTask] = []
    if status == "completed":
        assert hub.videos.wait(task, on_update=told.append) == task
    else:
        with pytest.raises(TaskFailed, match="no luck"):
            hub.videos.wait(task, on_update=told.append)
    assert told == [task]
    assert gateway.count("query") == 0


def test_a_failed_create_still_raises_in_generate(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Any
) -> None:
    """A create whose answer is a failed task ends `generate` with that task, and nothing is written."""
    gateway.on("create", tell(wire.created(status="failed", error="picture refused")))
    with pytest.raises(TaskFailed, match=f"{wire.task_id}.*picture refused"):
        wire.generate(hub, save_to=tmp_path / "x.mp4")
    assert not (tmp_path / "x.mp4").exists()


# --- the pauses, on a clock of the test's own ---------------------------------------------------

CALM = PollPolicy(first=3, interval=6, maximum=20, growth=1.3, jitter=0)


def _follow(world: World, task: VideoTask, **options: Any) -> Any:
    settings = {"timeout": 1200, "poll": CALM, **options}
    return world.run(follow(task, Emit, **settings))


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
    seen = reply(OPENAI.seen(), **{header: "1e300"})
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
    bounds = [call.within for call in world.calls]
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
    assert world.open == 0
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


def test_many_waits_at_once_share_one_loop(gateway: Gateway) -> None:
    """A hundred waits on one loop and one client end together, and none disturbs another."""
    gateway.on("query", tell(OPENAI.seen()), tell(OPENAI.seen("completed")))

    async def all_of_them() -> list[VideoTask]:
        from chainhub_video import AsyncChainHub

        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:
            tasks = [VideoTask(id=f"video_{n}", format="openai") for n in range(100)]
            return await asyncio.gather(*(hub.videos.wait(task) for task in tasks))

    done = asyncio.run(all_of_them())
    assert [task.id for task in done] == [f"video_{n}" for n in range(100)]


def test_a_cancelled_wait_leaves_nothing_behind(gateway: Gateway) -> None:
    """Cancelling a wait cancels it, at once, and the client goes on to work."""
    gateway.on("query", silence(), tell(OPENAI.seen("completed")))

    async def cancel_then_ask() -> VideoTask:
        from chainhub_video import AsyncChainHub

        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hub.videos.wait(OPENAI.task()), 0.2)
            return await hub.videos.retrieve(OPENAI.task())

    assert asyncio.run(cancel_then_ask()).done


def test_formats_ask_where_they_should(hub: Any, gateway: Gateway) -> None:
    """Each format's query goes to its own address, with the id whole, colons and all."""
    for wire in WIRES.values():
        gateway.on("query", tell(wire.seen()))
        hub.videos.retrieve(wire.task())
    assert [arrived.target for arrived in gateway.arrived] == [
        f"/v1/videos/{OPENAI.task_id}",
        f"/v1/video/query?id={WIRES['unified'].task_id.replace(':', '%3A')}",
    ]
