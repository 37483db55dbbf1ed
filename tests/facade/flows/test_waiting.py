"""Following a task to its end, against a gateway that misbehaves in every way it can."""

from __future__ import annotations

import math
import time
from typing import Any

import attrs
import pytest
from chainhub_video import (
    APIError,
    AuthenticationError,
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
from chainhub_video.io import TransportFailure

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
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, WIRES, Wire

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


@pytest.fixture
def hasty(colour: Colour, gateway: Gateway) -> Any:
    """A client that does not wait long for an answer."""
    return colour.hub(gateway.url, timeout=Timeouts(connect=5, read=0.1, write=5))


@pytest.mark.parametrize("trouble", PASSING)
def test_passing_trouble_is_ridden_out(
    hasty: Any, wire: Wire, gateway: Gateway, trouble: str
) -> None:
    """Whatever may pass is asked through, again and again, until the task's end is told."""
    answer = PASSING[trouble]
    gateway.on("query", answer, answer, tell(wire.seen()), answer, tell(wire.seen("completed")))
    assert hasty.videos.wait(wire.task()).status is TaskStatus.COMPLETED
    assert gateway.count("query") >= 5


@pytest.mark.parametrize("trouble", ["reset", "502 HTML"])
def test_trouble_without_end_ends_at_the_deadline(
    hasty: Any, wire: Wire, gateway: Gateway, trouble: str
) -> None:
    """At the deadline the error carries the last state that was seen, and the last trouble as its cause."""
    gateway.on("query", tell(wire.seen("processing", progress=40)), PASSING[trouble])
    with pytest.raises(WaitTimeout, match=wire.task_id) as raised:
        hasty.videos.wait(wire.task(), timeout=0.6)
    assert raised.value.task is not None
    assert (raised.value.task.raw_status, raised.value.task.progress) == ("processing", 0.4)
    assert raised.value.__cause__ is not None
    assert not isinstance(raised.value.__cause__, TransportFailure)
    assert gateway.count("query") > 2


def test_a_timeout_without_trouble_has_no_cause(hasty: Any, wire: Wire, gateway: Gateway) -> None:
    """Trouble that has passed is not blamed for a task that just takes long."""
    gateway.on("query", reset(), tell(wire.seen("in_progress")))
    with pytest.raises(WaitTimeout, match="wait for it again") as raised:
        hasty.videos.wait(wire.task(), timeout=0.5)
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


UNKNOWN_YET: dict[str, Answer] = {
    "404": say(404),
    "400 task_not_exist": tell({"code": "task_not_exist", "message": "no"}, 400),
    "400 without a word": tell({"message": "task does not exist"}, 400),
    "200 that says 400": tell({"code": 400, "msg": "task does not exist", "data": None}),
}


@pytest.mark.parametrize("case", UNKNOWN_YET)
def test_a_task_just_created_may_be_unknown(
    colour: Colour, wire: Wire, gateway: Gateway, case: str
) -> None:
    """However a node says that it does not know a task, the client that has just created it asks on."""
    hub: Any = colour.hub(gateway.url, poll=attrs.evolve(POLL, settle=30))
    answer = UNKNOWN_YET[case]
    gateway.on("create", tell(wire.created()))
    gateway.on("query", answer, answer, answer, tell(wire.seen("completed")))
    task = wire.create(hub)
    assert hub.videos.retrieve(task).status is TaskStatus.QUEUED
    assert hub.videos.wait(task).status is TaskStatus.COMPLETED
    assert gateway.count("query") == 4


def test_a_task_just_created_may_be_refused(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A refusal that has a word of its own ends the wait for a new task, too."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell({"error": {"code": "invalid_request", "message": "no"}}, 400))
    with pytest.raises(APIError, match="invalid_request"):
        hub.videos.wait(wire.create(hub))
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
    colour: Colour, gateway: Gateway
) -> None:
    """A gateway that answers a byte at a time keeps each single read short, and yet the wait ends in time."""
    gateway.on("query", drip(b" " * 2400, pause=0.05))
    began = time.monotonic()
    with pytest.raises(WaitTimeout):
        colour.hub(gateway.url).videos.wait(OPENAI.task(), timeout=0.5)
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


def test_a_failed_create_still_raises_in_generate(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Any
) -> None:
    """A create whose answer is a failed task ends `generate` with that task, and nothing is written."""
    gateway.on("create", tell(wire.created(status="failed", error="picture refused")))
    with pytest.raises(TaskFailed, match=f"{wire.task_id}.*picture refused"):
        wire.generate(hub, save_to=tmp_path / "x.mp4")
    assert not (tmp_path / "x.mp4").exists()


def test_formats_ask_where_they_should(hub: Any, gateway: Gateway) -> None:
    """Each format's query goes to its own address, with the id whole, colons and all."""
    for wire in WIRES.values():
        gateway.on("query", tell(wire.seen()))
        hub.videos.retrieve(wire.task())
    assert [arrived.target for arrived in gateway.arrived] == [
        f"/v1/videos/{OPENAI.task_id}",
        f"/v1/video/query?id={WIRES['unified'].task_id.replace(':', '%3A')}",
    ]
