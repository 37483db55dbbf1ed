"""`generate` run again, by one or by many: it goes on where the receipt says, and never pays twice."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    ReceiptConflict,
    SubmissionUncertain,
    TaskFailed,
    TaskStatus,
    WaitTimeout,
)

from tests.support.answering import say, tell
from tests.support.drivers import every_format
from tests.support.jobs import Job
from tests.support.receipted import ago, known
from tests.support.scripted import Gateway
from tests.support.wires import png


def test_a_saved_video_is_not_asked_for_again(job: Job) -> None:
    """If the file is as its receipt says, nothing is sent, and the result is the same video of a completed task.

    A part file that a killed process left there is removed.
    """
    job.script()
    first = job.generate()
    abandoned = job.target.with_name(f"{job.target.name}.7.chainhub.part")
    abandoned.touch()
    before = job.receipt.read_bytes()
    job.gateway.arrived.clear()
    for again in (job.generate(), job.resume()):
        assert (again.path, again.size, again.sha256) == (first.path, first.size, first.sha256)
        assert (again.task.id, again.task.status) == (first.task.id, TaskStatus.COMPLETED)
    assert job.gateway.arrived == []
    assert job.receipt.read_bytes() == before
    assert not abandoned.exists()


def test_a_file_that_is_not_as_its_receipt_says_is_fetched_again(job: Job) -> None:
    """A missing, renamed, cut, changed or replaced file is downloaded anew, without a create."""
    job.script()
    job.generate()
    kept = job.target.with_name("renamed.mp4")
    for damage in (
        job.target.unlink,
        lambda: job.target.rename(kept),
        lambda: job.target.write_bytes(job.video[:-1]),
        lambda: job.target.write_bytes(job.video[:-1] + bytes([job.video[-1] ^ 1])),
        lambda: job.target.write_bytes(b"notes"),
    ):
        job.gateway.arrived.clear()
        damage()
        job.generate()
        assert job.sent == (0, 1, 1)
        assert job.target.read_bytes() == job.video
    assert kept.read_bytes() == job.video


def test_a_submitted_task_is_waited_for(job: Job) -> None:
    """Waiting goes on with the receipt's task, however old it is."""
    job.leave("submitted", age=86_400, task=known(job.wire))
    job.script()
    updates: list[Any] = []
    saved = job.generate(on_update=updates.append)
    assert job.sent == (0, 1, 1)
    assert job.wire.task_id.rpartition(":")[2] in job.gateway.of("query")[0].target
    assert saved.task.id == job.wire.task_id
    assert [task.status for task in updates] == [TaskStatus.COMPLETED]
    assert job.read()["state"] == "saved"


@pytest.mark.parametrize("how", ["generate", "resume"])
def test_a_create_that_another_process_is_sending_is_waited_for(job: Job, how: str) -> None:
    """While a create may be under way elsewhere nothing is sent; then its task is taken up."""
    text = job.leave("submitting", age=1, expires=ago(-60))
    job.script()

    def other() -> None:
        assert job.gateway.arrived == []
        submitted = {"state": "submitted", "expires": None, "task": known(job.wire)}
        job.receipt.write_text(json.dumps({**json.loads(text), **submitted}))

    timer = threading.Timer(0.3, other)
    timer.start()
    again = job.generate() if how == "generate" else job.resume()
    timer.join()
    assert job.sent == (0, 1, 1)
    assert again.task.id == job.wire.task_id
    assert again.path.read_bytes() == job.video


@every_format
def test_a_create_of_a_process_that_died_is_uncertain(job: Job) -> None:
    """When a create must have ended, and no task is known, its outcome is unknown until the caller releases it."""
    text = job.leave("submitting", age=60, expires=ago(1))
    with pytest.raises(SubmissionUncertain, match="may have been paid") as raised:
        job.generate()
    assert job.receipt.read_bytes() == text
    assert raised.value.sent_at == datetime.fromisoformat(json.loads(text)["times"]["submitting"])
    assert job.gateway.arrived == []
    job.script()
    job.generate(resubmit_uncertain=True)
    assert job.sent == (1, 1, 1)


def test_a_deadline_bounds_the_waiting_for_another_process(job: Job) -> None:
    """Two calls that may wait no time say that another process is at it, and change nothing."""
    text = job.leave("submitting", age=0, expires=ago(-3600))
    for call in (job.generate, job.resume):
        with pytest.raises(WaitTimeout, match="another process is still sending the create"):
            call(timeout=0)
    assert job.receipt.read_bytes() == text
    assert job.gateway.arrived == []


CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    "openai": {
        "prompt": {"prompt": "Another kitten"},
        "model": {"model": "veo_3_1-fast"},
        "size": {"size": "720x1280"},
        "seconds": {"seconds": 9},
        "watermark": {"watermark": True},
        "extra": {"extra": {"seed": 7}},
    },
    "unified": {
        "prompt": {"prompt": "Another kitten"},
        "model": {"model": "my-own", "format": "unified", "size": "720P"},
        "aspect_ratio": {"aspect_ratio": "2:3"},
        "extra": {"extra": {"seed": 7}},
    },
}


@every_format
def test_another_request_at_the_same_place_is_refused(job: Job, tmp_path: Path) -> None:
    """Whatever field differs is named; nothing is sent, and neither receipt nor video is touched.

    A picture of the same name with other bytes is another request; an open file with the same bytes is the same.
    """
    picture, other = tmp_path / "kitten.png", tmp_path / "other" / "kitten.png"
    picture.write_bytes(png())
    other.parent.mkdir()
    other.write_bytes(png(colour="green"))
    job = job.of(inline_images=True)
    job.script()
    job.generate(image=picture)
    with picture.open("rb") as file:
        job.generate(image=file)
    assert job.creates == 1
    job.gateway.arrived.clear()
    before = job.receipt.read_bytes()
    for field, changes in {"pictures": {"image": other}, **CHANGES[job.wire.name]}.items():
        asked = {"image": picture, **changes, "resubmit_uncertain": True}
        words = rf"differs in {field}\): choose another output"
        with pytest.raises(ReceiptConflict, match=words):
            job.generate(**asked)
    assert job.gateway.arrived == []
    assert job.receipt.read_bytes() == before
    assert job.target.read_bytes() == job.video


def test_another_gateway_is_another_request(job: Job, elsewhere: Gateway) -> None:
    """What was paid at one gateway is not asked for at another, nor paid there again."""
    job.script()
    job.generate()
    other = job.hub.colour.hub(elsewhere.url)
    with pytest.raises(ReceiptConflict, match=r"differs in gateway\)"):
        job.wire.generate(other, save_to=job.target)
    job.target.unlink()
    with pytest.raises(ReceiptConflict, match="belongs to the gateway") as raised:
        other.videos.resume(job.target)
    assert job.gateway.url in str(raised.value)
    assert elsewhere.arrived == []


def test_a_failed_task_is_not_paid_for_again(job: Job) -> None:
    """The failure is told again from the receipt, with reason, task and what to remove to pay once more."""
    job.gateway.on("create", tell(job.wire.created()))
    job.gateway.on("query", tell(job.wire.seen("failed", error={"message": "moderation"})))
    with pytest.raises(TaskFailed, match="moderation"):
        job.generate()
    assert job.read()["state"] == "failed"
    job.gateway.arrived.clear()
    for call in (job.generate, job.resume):
        with pytest.raises(TaskFailed, match="moderation") as raised:
            call()
        assert str(job.receipt) in str(raised.value)
        assert raised.value.reason == "moderation"
        assert raised.value.task is not None
        assert raised.value.task.id == job.wire.task_id
        assert raised.value.task.status is TaskStatus.FAILED
    assert job.gateway.arrived == []


@every_format
@pytest.mark.parametrize("word", ["failed", "completed"])
def test_a_create_may_be_answered_with_a_task_that_has_ended(job: Job, word: str) -> None:
    """It is not queried, its end is in the receipt, and the next call sends no create either."""
    link = {"video_url": f"{job.gateway.url}/clip.mp4"}
    job.script(create=tell(job.wire.created(status=word, error="no", **link)))
    job.gateway.on("/clip.mp4", say(200, job.video))
    for _ in range(2):
        if word == "failed":
            with pytest.raises(TaskFailed):
                job.generate()
        else:
            assert job.generate().path.read_bytes() == job.video
    assert (job.creates, job.gateway.count("query")) == (1, 0)
    assert job.read()["state"] == {"failed": "failed", "completed": "saved"}[word]


def test_a_server_that_answers_another_id_each_time_is_asked_for_the_first(job: Job) -> None:
    """The receipt, every query and the result have the id that the create returned."""
    link = {"video_url": f"{job.gateway.url}/clip.mp4"}
    job.script()
    job.gateway.on(
        "query",
        tell(job.wire.seen(id="other-1")),
        tell(job.wire.seen(id="other-2")),
        tell(job.wire.seen("completed", id="other-3", **link)),
    )
    job.gateway.on("/clip.mp4", say(200, job.video))
    saved = job.generate()
    assert saved.task.id == job.read()["task"]["id"] == job.wire.task_id
    assert len({query.target for query in job.gateway.of("query")}) == 1
