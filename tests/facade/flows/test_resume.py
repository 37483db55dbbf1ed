"""What a killed process, or a create whose answer names no task, leaves behind, and how it is finished."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
import threading
from contextlib import ExitStack
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
    WaitTimeout,
    runtime,
)
from chainhub_video.flows.create import create
from chainhub_video.flows.wait import query, wait
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.answering import say, silence, tell
from tests.support.colours import POLL, Colour
from tests.support.drivers import every_format
from tests.support.receipted import (
    ago,
    first_then,
    known,
    leave,
    path_of,
    read,
    script,
    sent,
    step_of,
)
from tests.support.scripted import Gateway
from tests.support.videos import LINK, names
from tests.support.virtual import World, reply
from tests.support.wires import OPENAI, UNIFIED, Wire, png

_GENERATE = """
    import json, sys
    from chainhub_video import ChainHub, PollPolicy
    url, arguments = sys.argv[1], json.loads(sys.argv[2])
    with ChainHub(base_url=url, api_key="the-key", poll=PollPolicy(first=0, interval=6)) as hub:
        hub.videos.generate(**arguments)
"""


@pytest.mark.parametrize(
    ("step", "wire", "state"),
    [
        ("create", OPENAI, "submitting"),
        ("create", UNIFIED, "submitting"),
        ("query", OPENAI, "submitted"),
        ("download", UNIFIED, "submitted"),
    ],
    ids=["create-openai", "create-unified", "query", "download"],
)
def test_a_process_that_is_killed_leaves_a_receipt_that_goes_on(
    gateway: Gateway, tmp_path: Path, video: bytes, wire: Wire, step: str, state: str
) -> None:
    """After SIGKILL a known task is saved without a create; one that may be paid is uncertain until it is released."""
    target = tmp_path / "videos" / "kitten.mp4"
    target.parent.mkdir()
    arguments = {**wire.arguments, "save_to": str(target)}
    if wire is OPENAI:
        picture = tmp_path / "image.png"  # the name that bytes are given
        picture.write_bytes(png())
        arguments["image"] = str(picture)
    script(gateway, wire, video)
    arrived = threading.Event()
    gateway.on(step_of(step, wire), first_then(arrived.set, silence()))
    command = [sys.executable, "-c", textwrap.dedent(_GENERATE), gateway.url, json.dumps(arguments)]
    with subprocess.Popen(command) as process:
        assert arrived.wait(60)
        assert read(target)["state"] == state
        process.kill()
    before = path_of(target).read_bytes()
    assert gateway.count("create") == 1
    script(gateway, wire, video)
    with ExitStack() as closing:
        hub = Colour("blocking", closing).hub(gateway.url)
        if step == "create":
            with pytest.raises(SubmissionUncertain, match="process that was sending it has ended"):
                wire.generate(hub, save_to=target)
            assert path_of(target).read_bytes() == before
            elsewhere = {**json.loads(before), "owner": "another machine"}
            path_of(target).write_text(json.dumps(elsewhere))
            with pytest.raises(WaitTimeout):
                wire.generate(hub, save_to=target, timeout=0)
            aged = {**elsewhere, "times": {"submitting": ago(9999)}, "expires": ago(1)}
            path_of(target).write_text(json.dumps(aged))
            with pytest.raises(SubmissionUncertain):
                hub.videos.resume(target)
        saved = wire.generate(hub, save_to=target, resubmit_uncertain=step == "create")
    assert gateway.count("create") == (2 if step == "create" else 1)
    assert saved.path.read_bytes() == video
    assert names(target.parent) == [target.name, path_of(target).name]


def test_resume_takes_an_output_or_its_receipt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Either path, as text or as a Path, finishes what was started, with updates and progress, without a create."""
    with pytest.raises(InvalidRequest, match="there is no receipt") as raised:
        hub.videos.resume(target)
    assert str(path_of(target)) in str(raised.value)
    assert gateway.arrived == []
    leave(gateway, hub, wire, target, "submitted", task=known(wire))
    script(gateway, wire, video)
    updates: list[Any] = []
    sizes: list[int] = []
    saved = hub.videos.resume(
        path_of(target), on_update=updates.append, on_progress=lambda done, _: sizes.append(done)
    )
    assert saved.path == target
    assert [task.status for task in updates] == [TaskStatus.COMPLETED]
    assert sizes[-1] == len(video)
    assert hub.videos.resume(str(target)).sha256 == saved.sha256
    assert sent(gateway) == (0, 1, 1)


def test_a_link_that_has_run_dry_can_be_resumed(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A download that fails names the receipt and the command, quoted for a shell; the receipt has the task."""
    target = target.with_name("my  'best' kitten.mp4")
    script(gateway, wire, video)
    gateway.on(step_of("download", wire), tell({}, 500))
    with pytest.raises(ChainHubError) as raised:
        wire.generate(hub, save_to=target, timeout=0.5)
    told = str(raised.value)
    assert str(path_of(target)) in told
    assert shlex.split(told[told.index("chainhub-video resume") :])[2] == str(target)
    script(gateway, wire, video)
    assert hub.videos.resume(target).path.read_bytes() == video
    assert gateway.count("create") == 1


class _Memory:
    """Receipts somewhere else than on a disk."""

    def __init__(self, place: dict[str, Any], target: Path) -> None:
        self._place = place
        self.name = f"memory:{target.name}"

    def load(self) -> Any:
        return self._place.get(self.name)

    def swap(self, old: Any, new: Any) -> bool:
        if self._place.get(self.name) != old:
            return False
        self._place[self.name] = new
        return True


def test_receipts_may_be_kept_elsewhere(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A store with the two methods of the protocol serves generate and resume; nothing is written beside the output."""
    place: dict[str, Any] = {}
    hub = colour.hub(gateway.url, receipts=lambda target: _Memory(place, target))
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    wire.generate(hub, save_to=target)
    hub.videos.resume(target)
    assert gateway.count("create") == 1
    assert place["memory:kitten.mp4"].state == "saved"
    assert names(target.parent) == [target.name]


ODD = {"code": "odd", "message": "sk-the-key was taken", "data": None, "request_id": "20261128-77"}


@every_format
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


@every_format
@pytest.mark.parametrize("told_by", ["create", "query"])
def test_a_reason_does_not_repeat_the_key(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, told_by: str
) -> None:
    """A gateway that names the key in a task's reason gets it into no message and no receipt."""
    hub = colour.hub(gateway.url, api_key="sk-the-key")
    words = "no quota for sk-the-key"
    failed = wire.seen("failed", error={"message": words}, error_message=words)
    gateway.on("create", tell(wire.created(**(failed if told_by == "create" else {}))))
    gateway.on("query", tell(failed))
    with pytest.raises(TaskFailed, match=r"no quota for \*\*\*") as raised:
        wire.generate(hub, save_to=target)
    assert "sk-the-key" not in f"{raised.value}{raised.value.reason}{path_of(target).read_text()}"


@every_format
@pytest.mark.parametrize("state", ["uncertain", "submitting"])
def test_a_found_task_is_given_to_its_receipt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, state: str
) -> None:
    """`resume(path, task_id=…)` waits and saves without a second create, and no other task is taken from then on."""
    leave(gateway, hub, wire, target, state, age=9999, reason="the answer named no task")
    script(gateway, wire, video)
    saved = hub.videos.resume(target, task_id=wire.task_id, timeout=30)
    assert saved.path.read_bytes() == video
    receipt = read(target)
    assert (receipt["state"], receipt["task"]["id"]) == ("saved", wire.task_id)
    assert receipt["reason"] is None
    assert hub.videos.resume(target, task_id=wire.task_id).sha256 == saved.sha256
    assert wire.generate(hub, save_to=target).sha256 == saved.sha256
    with pytest.raises(ReceiptConflict, match=f"has the task {wire.task_id}"):
        hub.videos.resume(target, task_id="video_another")
    assert read(target) == receipt
    assert gateway.count("create") == 0


@every_format
def test_a_task_that_cannot_be_the_receipts_changes_nothing(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """An id that is mistyped, unknown, of the other format or of another known model is told, and not taken."""
    text = leave(gateway, hub, wire, target, "uncertain", age=9999)
    gateway.on("query", tell({"code": "task_not_exist", "message": "no such task"}, 400))
    with pytest.raises(NotFound, match="no such task"):
        hub.videos.resume(target, task_id=wire.task_id)
    with pytest.raises(InvalidRequest, match="is not a task id"):
        hub.videos.resume(target, task_id="a\x00b")
    assert gateway.count("query") == 1
    gateway.on("query", tell(wire.seen("processing", model="sora-2")))
    other = UNIFIED if wire is OPENAI else OPENAI
    for task_id in (wire.task_id, other.task_id):
        with pytest.raises(ReceiptConflict, match=str(wire.arguments["model"])):
            hub.videos.resume(target, task_id=task_id)
    assert path_of(target).read_bytes() == text


SETTINGS = Settings(api_key="the-key", poll=PollPolicy(first=0, interval=5, jitter=0))


def _created(world: World) -> Any:
    return world.play(create(world, SETTINGS, build_request(**UNIFIED.arguments)))


@pytest.mark.parametrize(
    "missing",
    [reply(None, 404), reply({"code": "task_not_exist"}, 400), reply({"code": "task_not_exist"})],
)
def test_a_new_task_may_not_be_found_at_first(missing: Any) -> None:
    """Right after the create, not found means not yet: for a minute, and not a moment longer."""
    world = World(reply(UNIFIED.created()), missing)
    with runtime.using():
        task = _created(world)
        assert world.play(query(world, SETTINGS, UNIFIED.task())).status is TaskStatus.QUEUED
        with pytest.raises(NotFound):
            world.play(wait(world, SETTINGS, task, None, 1200, None))
        assert 60 <= world.clock - 1000 <= 66
        with pytest.raises(NotFound):
            world.play(query(world, SETTINGS, task))
    done = UNIFIED.seen("completed", video_url="https://x.example/y")
    late = World(reply(UNIFIED.created()), *[missing] * 5, reply(done))
    with runtime.using():
        assert late.play(wait(late, SETTINGS, _created(late), None, 1200, None)).done


def test_a_task_of_unknown_age_is_found_or_not(wire: Wire) -> None:
    """For an id that somebody typed, and for a task of another process, not found is final."""
    world = World(reply(None, 404))
    with runtime.using(), pytest.raises(NotFound):
        world.play(wait(world, SETTINGS, wire.task(), None, 1200, None))
    assert world.clock == 1000


def test_a_task_of_a_young_receipt_may_not_be_found_yet(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A process that goes on from a receipt knows the task's age from it."""
    hub = colour.hub(gateway.url, poll=attrs.evolve(POLL, settle=60))
    task = {**known(wire), "id": f"{wire.task_id}-{colour.name}"}
    leave(gateway, hub, wire, target, "submitted", age=300, task=task)
    gateway.on("query", tell({}, 404))
    with pytest.raises(NotFound):
        hub.videos.resume(target, timeout=5)
    leave(gateway, hub, wire, target.with_name("young.mp4"), "submitted", age=3, task=task)
    done = wire.seen("completed", video_url=gateway.url + LINK)
    gateway.on("query", tell({}, 404), tell({}, 404), tell(done))
    gateway.on(LINK, say(200, video))
    hub.videos.resume(target.with_name("young.mp4"), timeout=5)
