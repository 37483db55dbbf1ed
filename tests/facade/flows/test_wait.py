"""Following a task to its end, against a gateway that misbehaves in every way it can, and what is told on the way."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    APIError,
    AsyncChainHub,
    AuthenticationError,
    ChainHub,
    ChainHubError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    TaskFailed,
    TaskStatus,
    Timeouts,
    VideoTask,
    WaitTimeout,
)

from tests.support.answering import (
    Answer,
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
from tests.support.colours import POLL, Colour
from tests.support.drivers import every_format
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire

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
    "200 list": tell([{"status": "completed"}, {"status": "completed"}]),
    "200 text": tell("completed"),
    "200 nested without end": say(200, '{"status":' + "[" * 90_000),
    "200 no status": tell({"id": "video_1"}),
    "200 a number as status": tell({"id": "video_1", "status": 7}),
    "200 an object as status": tell({"id": "video_1", "status": {"code": "completed"}}),
    "200 not UTF-8": say(200, b'{"status": "\xff"}'),
    "200 gzip that is none": say(200, b"{}", {"Content-Encoding": "gzip"}),
    "200 too large": say(200, b" " * 8_100_000),
}


@every_format
def test_passing_trouble_is_ridden_out(
    colour: Colour, wire: Wire, gateway: Gateway, subtests: pytest.Subtests
) -> None:
    """Whatever may pass is asked through, again and again, until the task's end is told."""
    hub = colour.hub(gateway.url, timeout=Timeouts(connect=5, read=0.1, write=5))
    for trouble, answer in PASSING.items():
        with subtests.test(trouble):
            gateway.arrived.clear()
            gateway.on("query", answer, tell(wire.seen()), answer, tell(wire.seen("completed")))
            assert hub.videos.wait(wire.task()).status is TaskStatus.COMPLETED
            assert gateway.count("query") >= 4


FINAL: dict[str, tuple[Answer, type[APIError]]] = {
    "400": (tell({"error": {"message": "no"}}, 400), APIError),
    "400 task_not_exist": (tell({"code": "task_not_exist", "message": "no"}, 400), NotFound),
    "401": (tell({"error": {"message": "no"}}, 401), AuthenticationError),
    "402": (say(402), QuotaExhausted),
    "403": (page(403), PermissionDenied),
    "403 quota": (tell({"code": "insufficient_user_quota", "message": ""}, 403), QuotaExhausted),
    "404": (say(404), NotFound),
}


@pytest.mark.parametrize("case", [*FINAL, "500", "200 null", "reset"])
def test_a_refusal_is_raised_after_one_look(
    hub: Any, wire: Wire, gateway: Gateway, case: str
) -> None:
    """What no patience changes ends a wait; `retrieve` raises that and all else; each error has the task and its id."""
    answer, kind = FINAL[case] if case in FINAL else (PASSING[case], None)
    gateway.on("query", answer)
    for ask in (hub.videos.retrieve, hub.videos.wait) if kind else (hub.videos.retrieve,):
        gateway.arrived.clear()
        with pytest.raises(ChainHubError, match=wire.task_id) as raised:
            ask(wire.task())
        assert kind in (None, type(raised.value))
        assert raised.value.task == wire.task()
        assert gateway.count("query") == 1


def test_a_task_just_created_may_be_refused(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A refusal that has a word of its own ends the wait for a new task, too."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell({"error": {"code": "invalid_request", "message": "no"}}, 400))
    with pytest.raises(APIError, match="invalid_request"):
        hub.videos.wait(wire.create(hub))
    assert gateway.count("query") == 1


def test_no_time_is_one_look(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """`timeout=0` looks once: a finished task is returned, a running one is a timeout; less is refused unasked."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    for timeout in (-1, math.nan):
        with pytest.raises(InvalidRequest, match="timeout"):
            hub.videos.wait(wire.task(), timeout=timeout)
    with pytest.raises(WaitTimeout):
        hub.videos.wait(wire.task(), timeout=0)
    assert gateway.count("query") == 1
    assert hub.videos.wait(wire.task(), timeout=0).done
    assert gateway.count("query") == 2


def test_an_answer_that_never_ends_cannot_outlast_the_deadline(hub: Any, gateway: Gateway) -> None:
    """A gateway that answers a byte at a time keeps each single read short, and yet the wait ends in time."""
    gateway.on("query", drip(b" " * 2400, pause=0.05))
    began = time.monotonic()
    with pytest.raises(WaitTimeout):
        hub.videos.wait(OPENAI.task(), timeout=0.5)
    assert time.monotonic() - began < 30  # and not two minutes


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


def test_formats_ask_where_they_should(hub: Any, gateway: Gateway) -> None:
    """Each format's query goes to its own address, with the id whole, colons and all."""
    for wire in (OPENAI, UNIFIED):
        gateway.on("query", tell(wire.seen()))
        hub.videos.retrieve(wire.task())
    assert [arrived.target for arrived in gateway.arrived] == [
        f"/v1/videos/{OPENAI.task_id}",
        f"/v1/video/query?id={UNIFIED.task_id.replace(':', '%3A')}",
    ]


def test_changes_are_told_once_and_never_go_back(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Progress that falls is held, the same state is told once; `on_update` and `watch` tell the same."""
    states = [
        ("queued", 0), ("queued", 0), ("processing", 10), ("processing", 30), ("processing", 20),
        ("processing", 30), ("video_generation_completed", 25), ("video_upsampling", None),
        ("video_upsampling", "95%"), ("completed", 99),
    ]  # fmt: skip
    answers = [tell(wire.seen(word, progress=share)) for word, share in states]
    gateway.on("query", *answers)
    told: list[VideoTask] = []
    last = hub.videos.wait(wire.task(), on_update=told.append)
    assert [(task.raw_status, task.progress) for task in told] == [
        ("queued", 0.0), ("processing", 0.1), ("processing", 0.3), ("video_generation_completed", 0.3),
        ("video_upsampling", 0.3), ("video_upsampling", 0.95), ("completed", 1.0),
    ]  # fmt: skip
    assert told[-1] == last
    gateway.on("query", *answers)
    assert list(hub.videos.watch(wire.task())) == told


def test_a_loop_over_watch_may_be_broken_off(gateway: Gateway) -> None:
    """A plain `break` out of the loop of either colour leaves no warning, and the client goes on to work."""
    gateway.on("query", tell(OPENAI.seen()))
    options: dict[str, Any] = {"base_url": gateway.url, "api_key": "the-key", "poll": POLL}
    with ChainHub(**options) as hub:
        for task in hub.videos.watch(OPENAI.task()):
            assert task.raw_status == "processing"
            break
        hub.videos.retrieve(OPENAI.task())

    async def break_off() -> None:
        async with AsyncChainHub(**options) as hub:
            async for task in hub.videos.watch(OPENAI.task()):
                assert task.raw_status == "processing"
                break
            await hub.videos.retrieve(OPENAI.task())

    asyncio.run(break_off())
    gc.collect()
    assert gateway.count("query") == 4


def test_watch_gives_a_failed_task_before_it_raises(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A task that fails is seen to have failed, then the error comes, with the reason."""
    gateway.on("query", tell(wire.seen("failed", error={"message": "moderation"})))
    watching = hub.videos.watch(wire.task())
    assert next(watching).status is TaskStatus.FAILED
    with pytest.raises(TaskFailed, match="moderation") as raised:
        next(watching)
    assert raised.value.reason == "moderation"
    assert raised.value.task is not None
    assert raised.value.task.status is TaskStatus.FAILED


def test_what_a_callback_raises_names_the_task(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path
) -> None:
    """The caller's own exception comes out as it is, with a note that names the task, which goes on."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell(wire.seen()))

    def stop(_: VideoTask) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as waiting:
        hub.videos.wait(wire.task(), on_update=stop)
    with pytest.raises(ZeroDivisionError, match="mine") as generating:
        wire.generate(hub, save_to=tmp_path / "x.mp4", on_update=stop)
    for raised in (waiting, generating):
        assert wire.task_id in "".join(raised.value.__notes__)
    assert gateway.count("query") <= 2


def test_an_asynchronous_callback_is_awaited(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """`on_update` may be a coroutine function with the asynchronous client; the blocking one says that it is not."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    told: list[str] = []

    async def tell_later(task: VideoTask) -> None:
        await asyncio.sleep(0)
        told.append(task.raw_status)

    if hub.colour.asynchronous:
        hub.videos.wait(wire.task(), on_update=tell_later)
        assert told == ["processing", "completed"]
    else:
        with pytest.raises(TypeError, match="AsyncChainHub"):
            hub.videos.wait(wire.task(), on_update=tell_later)
