"""What happens to a task that the gateway does not name at once: its trail, its id found later, its first moments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from chainhub_video import (
    ChainHubError,
    InvalidRequest,
    NotFound,
    PollPolicy,
    ReceiptConflict,
    SubmissionUncertain,
    TaskFailed,
    TaskStatus,
    runtime,
)
from chainhub_video.flows.create import create
from chainhub_video.flows.wait import query, wait
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.answering import page, reset, say, tell
from tests.support.colours import POLL, Colour
from tests.support.receipted import leave, path_of, read, script
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.virtual import World, reply
from tests.support.wires import OPENAI, UNIFIED, Wire

ODD = {"code": "odd", "message": "sk-the-key was taken", "data": None, "request_id": "20261128-77"}
SETTINGS = Settings(api_key="the-key", poll=PollPolicy(first=0, interval=5, jitter=0))


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_a_task_is_kept(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, status: int
) -> None:
    """Error and receipt have the answer's status, request id and first 8 kB, without the key, and say what to do."""
    hub = colour.hub(gateway.url, api_key="sk-the-key")
    body = json.dumps({**ODD, "padding": "x" * 20_000})
    gateway.on("create", say(status, body, {"X-Oneapi-Request-Id": "20261128-77"}))
    with pytest.raises(SubmissionUncertain) as raised:
        wire.generate(hub, save_to=target)
    error = raised.value
    assert (error.status_code, error.request_id) == (status, "20261128-77")
    assert error.body == body.replace("sk-the-key", "***")[:8192]
    answer = {"status": status, "request_id": "20261128-77", "body": error.body}
    receipt = read(target)
    assert (receipt["state"], receipt["answer"]) == ("uncertain", answer)
    assert "sk-the-key" not in path_of(target).read_text()
    for words in (str(wire.arguments["model"]), "20261128-77", "--task ID", "--resubmit-uncertain"):
        assert words in str(error), words
    with pytest.raises(SubmissionUncertain) as again:
        wire.generate(hub, save_to=target)
    assert (again.value.body, again.value.request_id) == (error.body, "20261128-77")
    assert gateway.count("create") == 1


@pytest.mark.parametrize("told_by", ["create", "query"])
def test_a_reason_does_not_repeat_the_key(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, told_by: str
) -> None:
    """A gateway that names the key in a task's reason gets it into no message and no receipt."""
    hub = colour.hub(gateway.url, api_key="sk-the-key")
    failed = {
        "error": {"message": "no quota for sk-the-key"},
        "error_message": "no quota for sk-the-key",
    }
    ends = wire.seen("failed", **failed)
    gateway.on(
        "create", tell({**wire.created(), **ends} if told_by == "create" else wire.created())
    )
    gateway.on("query", tell(ends))
    with pytest.raises(TaskFailed, match=r"no quota for \*\*\*") as raised:
        wire.generate(hub, save_to=target)
    assert "sk-the-key" not in f"{raised.value}{raised.value.reason}{path_of(target).read_text()}"


@pytest.mark.parametrize("answer", [reset(), page(502)])
def test_a_create_without_a_receipt_keeps_its_answer_in_the_error(
    hub: Any, wire: Wire, gateway: Gateway, answer: Any
) -> None:
    """`create` has no receipt, so its error says what was answered, if anything was."""
    gateway.on("create", answer)
    with pytest.raises(SubmissionUncertain, match="usage log") as raised:
        wire.create(hub)
    assert (raised.value.status_code is None) == (raised.value.body == "")


@pytest.mark.parametrize("state", ["uncertain", "submitting"])
def test_a_found_task_is_given_to_its_receipt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, state: str
) -> None:
    """`resume(path, task_id=…)` waits and saves without a second create, and the receipt has the task from then on."""
    leave(gateway, hub, wire, target, state, age=9999, reason="the answer named no task")
    script(gateway, wire, video)
    saved = hub.videos.resume(target, task_id=wire.task_id, timeout=30)
    assert saved.path.read_bytes() == video
    receipt = read(target)
    assert (receipt["state"], receipt["task"]["id"]) == ("saved", wire.task_id)
    assert receipt["reason"] is None
    assert hub.videos.resume(target, task_id=wire.task_id).sha256 == saved.sha256
    assert wire.generate(hub, save_to=target).sha256 == saved.sha256
    assert gateway.count("create") == 0


def test_a_task_that_the_gateway_does_not_know_changes_nothing(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """A mistyped id is told at once, and the receipt stays as it was."""
    text = leave(gateway, hub, wire, target, "uncertain", age=9999)
    gateway.on("query", tell({"code": "task_not_exist", "message": "no such task"}, 400))
    with pytest.raises(NotFound, match="no such task"):
        hub.videos.resume(target, task_id=wire.task_id)
    with pytest.raises(InvalidRequest, match="is not a task id"):
        hub.videos.resume(target, task_id="a\x00b")
    assert path_of(target).read_bytes() == text
    assert gateway.count("query") == 1


def test_a_task_of_another_model_is_refused(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """An id of the other format, or one that the gateway says is of another known model, is not taken."""
    text = leave(gateway, hub, wire, target, "uncertain", age=9999)
    gateway.on("query", tell(wire.seen("processing", model="sora-2")))
    other = UNIFIED if wire is OPENAI else OPENAI
    for task_id in (wire.task_id, other.task_id):
        with pytest.raises(ReceiptConflict, match=str(wire.arguments["model"])):
            hub.videos.resume(target, task_id=task_id)
    assert path_of(target).read_bytes() == text


def test_a_receipt_with_a_task_takes_no_other(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A task that is known already is never replaced."""
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    before = path_of(target).read_bytes()
    with pytest.raises(ReceiptConflict, match=f"has the task {wire.task_id}"):
        hub.videos.resume(target, task_id="video_another")
    assert path_of(target).read_bytes() == before


def test_the_id_of_a_task_is_kept_as_it_came(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """An id that cannot stand in an address is refused for queries, and in the receipt and the error all the same."""
    odd = "video_\x00\u202e1"
    gateway.on("create", tell(wire.created(id=odd)))
    with pytest.raises(ChainHubError) as raised:
        wire.generate(hub, save_to=target)
    assert raised.value.task is not None
    assert raised.value.task.id == odd
    assert read(target)["task"]["id"] == odd
    assert gateway.count("query") == 0
    assert names(target.parent)[-1] == path_of(target).name


MISSING = [
    reply(None, 404),
    reply({"code": "task_not_exist"}, 400),
    reply({"code": "task_not_exist"}),
]


@pytest.mark.parametrize("missing", MISSING)
def test_a_new_task_may_not_be_found_at_first(wire: Wire, missing: Any) -> None:
    """Right after the create, not found means not yet: for a minute, and not a moment longer."""
    world = World(reply(wire.created()), missing)
    with runtime.using():
        task = world.play(create(world, SETTINGS, build_request(**wire.arguments)))
        with pytest.raises(NotFound):
            world.play(wait(world, SETTINGS, task, None, 1200, None))
    assert 60 <= world.clock - 1000 <= 66
    done = wire.seen("completed", video_url="https://x.example/y")
    late = World(reply(wire.created()), *[missing] * 5, reply(done))
    with runtime.using():
        task = late.play(create(late, SETTINGS, build_request(**wire.arguments)))
        assert late.play(wait(late, SETTINGS, task, None, 1200, None)).done


def test_a_task_of_unknown_age_is_found_or_not(wire: Wire) -> None:
    """For an id that somebody typed, and for a task of another process, not found is final."""
    world = World(reply(None, 404))
    with runtime.using(), pytest.raises(NotFound):
        world.play(wait(world, SETTINGS, wire.task(), None, 1200, None))
    assert world.clock == 1000


def test_asking_once_for_a_new_task_says_that_it_is_queued(wire: Wire) -> None:
    """`retrieve` right after `create` gives the task as it is known, and raises when the minute is over."""
    world = World(reply(wire.created()), reply(None, 404))
    with runtime.using():
        task = world.play(create(world, SETTINGS, build_request(**wire.arguments)))
        assert world.play(query(world, SETTINGS, wire.task())).status is TaskStatus.QUEUED
        world.clock += 61
        with pytest.raises(NotFound):
            world.play(query(world, SETTINGS, task))


def test_a_task_of_a_young_receipt_may_not_be_found_yet(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A process that goes on from a receipt knows the task's age from it."""
    hub = colour.hub(gateway.url, poll=attrs.evolve(POLL, settle=60))
    known = {"id": f"{wire.task_id}-{colour.name}", "format": wire.name, "model": wire.arguments["model"]}  # fmt: skip
    leave(gateway, hub, wire, target, "submitted", age=300, task=known)
    script(gateway, wire, video)
    gateway.on("query", tell({}, 404))
    with pytest.raises(NotFound):
        hub.videos.resume(target, timeout=5)
    leave(gateway, hub, wire, target.with_name("young.mp4"), "submitted", age=3, task=known)
    done = wire.seen("completed", video_url=f"{gateway.url}/clip.mp4")
    gateway.on("query", tell({}, 404), tell({}, 404), tell(done))
    gateway.on("/clip.mp4", say(200, video))
    hub.videos.resume(target.with_name("young.mp4"), timeout=5)
