"""What a killed process, or a create whose answer names no task, leaves behind, and how it is finished."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import attrs
import pytest
from chainhub_video import (
    APIError,
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
from tests.support.colours import POLL
from tests.support.drivers import every_format
from tests.support.jobs import Job
from tests.support.receipted import (
    ago,
    first_then,
    known,
    step_of,
)
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
    ("step", "wire", "colour", "state"),
    [
        ("create", OPENAI, "asyncio", "submitting"),
        ("create", UNIFIED, "blocking", "submitting"),
        ("query", OPENAI, "blocking", "submitted"),
        ("download", UNIFIED, "asyncio", "submitted"),
    ],
    indirect=["colour"],
    ids=["create-openai", "create-unified", "query", "download"],
)
def test_a_process_that_is_killed_leaves_a_receipt_that_goes_on(
    job: Job, step: str, state: str
) -> None:
    """After SIGKILL a known task is saved without a create; one that may be paid is uncertain until it is released."""
    arguments = {**job.wire.arguments, "save_to": str(job.target)}
    if job.wire is OPENAI:
        picture = job.target.with_name("image.png")  # the name that bytes are given
        picture.write_bytes(png())
        arguments["image"] = str(picture)
    job.script()
    arrived = threading.Event()
    job.gateway.on(step_of(step, job.wire), first_then(arrived.set, silence()))
    program = textwrap.dedent(_GENERATE)
    command = [sys.executable, "-c", program, job.gateway.url, json.dumps(arguments)]
    with subprocess.Popen(command) as process:
        assert arrived.wait(60)
        assert job.read()["state"] == state
        process.kill()
    before = job.receipt.read_bytes()
    assert job.creates == 1
    job.script()
    if step == "create":
        with pytest.raises(SubmissionUncertain, match="process that was sending it has ended"):
            job.generate()
        assert job.receipt.read_bytes() == before
        elsewhere = {**json.loads(before), "owner": "another machine"}
        job.receipt.write_text(json.dumps(elsewhere))
        with pytest.raises(WaitTimeout):
            job.generate(timeout=0)
        aged = {**elsewhere, "times": {"submitting": ago(9999)}, "expires": ago(1)}
        job.receipt.write_text(json.dumps(aged))
        with pytest.raises(SubmissionUncertain):
            job.resume()
    saved = job.generate(resubmit_uncertain=step == "create")
    assert job.creates == (2 if step == "create" else 1)
    assert saved.path.read_bytes() == job.video
    left = {*names(job.target.parent)} - {"image.png"}
    assert left == {job.target.name, job.receipt.name}


def test_resume_takes_an_output_or_its_receipt(job: Job) -> None:
    """Either path, as text or as a Path, finishes what was started, with updates and progress, without a create."""
    with pytest.raises(InvalidRequest, match="there is no receipt") as raised:
        job.resume()
    assert str(job.receipt) in str(raised.value)
    assert job.gateway.arrived == []
    job.leave("submitted", task=known(job.wire))
    job.script()
    updates: list[Any] = []
    sizes: list[int] = []
    saved = job.hub.videos.resume(
        job.receipt, on_update=updates.append, on_progress=lambda done, _: sizes.append(done)
    )
    assert saved.path == job.target
    assert [task.status for task in updates] == [TaskStatus.COMPLETED]
    assert sizes[-1] == len(job.video)
    assert job.hub.videos.resume(str(job.target)).sha256 == saved.sha256
    assert job.sent == (0, 1, 1)


def test_a_link_that_has_run_dry_can_be_resumed(job: Job) -> None:
    """A download that fails names the receipt and the command, quoted for a shell; the receipt has the task."""
    job = replace(job, target=job.target.with_name("my  'best' kitten.mp4"))
    job.script()
    job.gateway.on(step_of("download", job.wire), tell({}, 500))
    with pytest.raises(ChainHubError) as raised:
        job.generate(timeout=0.5)
    told = str(raised.value)
    assert str(job.receipt) in told
    assert shlex.split(told[told.index("chainhub-video resume") :])[2] == str(job.target)
    job.script()
    assert job.resume().path.read_bytes() == job.video
    assert job.creates == 1


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


def test_receipts_may_be_kept_elsewhere(job: Job) -> None:
    """A store with the two methods of the protocol serves generate and resume; nothing is written beside the output."""
    place: dict[str, Any] = {}
    job = job.of(receipts=lambda target: _Memory(place, target))
    job.script()
    job.generate()
    job.generate()
    job.resume()
    assert job.creates == 1
    assert place["memory:kitten.mp4"].state == "saved"
    assert names(job.target.parent) == [job.target.name]


ODD = {"code": "odd", "message": "sk-the-key was taken", "data": None, "request_id": "20261128-77"}


@every_format
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_a_task_is_kept(job: Job, status: int) -> None:
    """Error and receipt have the answer's status, request id and first 8 kB, without the key, and say what to do."""
    job = job.of(api_key="sk-the-key")
    body = json.dumps({**ODD, "padding": "x" * 20_000})
    job.gateway.on("create", say(status, body, {"X-Oneapi-Request-Id": "20261128-77"}))
    with pytest.raises(SubmissionUncertain) as raised:
        job.generate()
    error = raised.value
    assert (error.status_code, error.request_id) == (status, "20261128-77")
    assert error.body == body.replace("sk-the-key", "***")[:8192]
    answer = {"status": status, "request_id": "20261128-77", "body": error.body}
    receipt = job.read()
    assert (receipt["state"], receipt["answer"]) == ("uncertain", answer)
    assert "sk-the-key" not in job.receipt.read_text()
    for words in (
        str(job.wire.arguments["model"]),
        "20261128-77",
        "--task ID",
        "--resubmit-uncertain",
    ):
        assert words in str(error), words
    with pytest.raises(SubmissionUncertain) as again:
        job.generate()
    assert (again.value.body, again.value.request_id) == (error.body, "20261128-77")
    assert job.creates == 1


@every_format
@pytest.mark.parametrize("told_by", ["create", "query"])
def test_a_reason_does_not_repeat_the_key(job: Job, told_by: str) -> None:
    """A gateway that names the key in a task's reason gets it into no message and no receipt."""
    job = job.of(api_key="sk-the-key")
    words = "no quota for sk-the-key"
    failed = job.wire.seen("failed", error={"message": words}, error_message=words)
    job.gateway.on("create", tell(job.wire.created(**(failed if told_by == "create" else {}))))
    job.gateway.on("query", tell(failed))
    with pytest.raises(TaskFailed, match=r"no quota for \*\*\*") as raised:
        job.generate()
    assert "sk-the-key" not in f"{raised.value}{raised.value.reason}{job.receipt.read_text()}"


@every_format
@pytest.mark.parametrize("state", ["uncertain", "submitting"])
def test_a_found_task_is_given_to_its_receipt(job: Job, state: str) -> None:
    """`resume(path, task_id=…)` waits and saves without a second create, and no other task is taken from then on."""
    job.leave(state, age=9999, reason="the answer named no task")
    job.script()
    saved = job.resume(task_id=job.wire.task_id, timeout=30)
    assert saved.path.read_bytes() == job.video
    receipt = job.read()
    assert (receipt["state"], receipt["task"]["id"]) == ("saved", job.wire.task_id)
    assert receipt["reason"] is None
    assert job.resume(task_id=job.wire.task_id).sha256 == saved.sha256
    assert job.generate().sha256 == saved.sha256
    with pytest.raises(ReceiptConflict, match=f"has the task {job.wire.task_id}"):
        job.resume(task_id="video_another")
    assert job.read() == receipt
    assert job.creates == 0


@every_format
def test_a_task_that_cannot_be_the_receipts_changes_nothing(job: Job) -> None:
    """An id that is mistyped, unknown, of the other format or of another known model is told, and not taken."""
    text = job.leave("uncertain", age=9999)
    job.gateway.on("query", tell({"code": "task_not_exist", "message": "no such task"}, 400))
    with pytest.raises(NotFound, match="no such task"):
        job.resume(task_id=job.wire.task_id)
    with pytest.raises(InvalidRequest, match="is not a task id"):
        job.resume(task_id="a\x00b")
    assert job.gateway.count("query") == 1
    seen = job.wire.seen("processing")
    job.gateway.on("query", tell({**seen, "model": "sora-2"}), tell(seen))
    other = UNIFIED if job.wire is OPENAI else OPENAI
    for task_id in (job.wire.task_id, other.task_id):
        with pytest.raises(ReceiptConflict, match=str(job.wire.arguments["model"])):
            job.resume(task_id=task_id, timeout=0)
    assert job.receipt.read_bytes() == text


SETTINGS = Settings(api_key="the-key", poll=PollPolicy(first=0, interval=5, jitter=0))


def _created(world: World) -> Any:
    return world.play(create(world, SETTINGS, build_request(**UNIFIED.arguments)))


@pytest.mark.parametrize(
    "missing",
    [
        reply(None, 404),
        reply({"code": "task_not_exist"}, 400),
        reply({"code": "task_not_exist"}),
        reply({"message": "task does not exist"}, 400),
        reply({"code": 400, "msg": "task does not exist", "data": None}),
    ],
)
def test_a_new_task_may_not_be_found_at_first(missing: Any) -> None:
    """Right after the create, not found, however it is said, means not yet: for a minute, and not a moment longer."""
    world = World(reply(UNIFIED.created()), missing)
    with runtime.using():
        task = _created(world)
        assert world.play(query(world, SETTINGS, UNIFIED.task())).status is TaskStatus.QUEUED
        with pytest.raises(APIError):
            world.play(wait(world, SETTINGS, task, None, 1200, None))
        assert 60 <= world.clock - 1000 <= 66
        with pytest.raises(APIError):
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


def test_a_task_of_a_young_receipt_may_not_be_found_yet(job: Job) -> None:
    """A process that goes on from a receipt knows the task's age from it."""
    job = job.of(poll=attrs.evolve(POLL, settle=60))
    task = {**known(job.wire), "id": f"{job.wire.task_id}-{job.hub.colour.name}"}
    job.leave("submitted", age=300, task=task)
    job.gateway.on("query", tell({}, 404))
    with pytest.raises(NotFound):
        job.resume(timeout=5)
    job = replace(job, target=job.target.with_name("young.mp4"))
    job.leave("submitted", age=3, task=task)
    done = job.wire.seen("completed", video_url=job.gateway.url + LINK)
    job.gateway.on("query", tell({}, 404), tell({}, 404), tell(done))
    job.gateway.on(LINK, say(200, job.video))
    job.resume(timeout=5)
