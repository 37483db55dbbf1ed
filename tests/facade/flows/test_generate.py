"""`generate` run again, by one or by many: it goes on where the receipt says, and never pays twice."""

from __future__ import annotations

import json
import threading
import time
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
from tests.support.colours import Colour
from tests.support.drivers import every_format
from tests.support.receipted import ago, known, leave, path_of, read, script, sent
from tests.support.scripted import Gateway
from tests.support.wires import Wire, png


def test_a_saved_video_is_not_asked_for_again(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """If the file is as its receipt says, nothing is sent, and the result is the same video of a completed task."""
    script(gateway, wire, video)
    first = wire.generate(hub, save_to=target)
    before = path_of(target).read_bytes()
    gateway.arrived.clear()
    for again in (wire.generate(hub, save_to=target), hub.videos.resume(target)):
        assert (again.path, again.size, again.sha256) == (first.path, first.size, first.sha256)
        assert (again.task.id, again.task.status) == (first.task.id, TaskStatus.COMPLETED)
    assert gateway.arrived == []
    assert path_of(target).read_bytes() == before


def test_a_file_that_is_not_as_its_receipt_says_is_fetched_again(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A missing, renamed, cut, changed or replaced file is downloaded anew, without a create."""
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    kept = target.with_name("renamed.mp4")
    for damage in (
        target.unlink,
        lambda: target.rename(kept),
        lambda: target.write_bytes(video[:-1]),
        lambda: target.write_bytes(video[:-1] + bytes([video[-1] ^ 1])),
        lambda: target.write_bytes(b"notes"),
    ):
        gateway.arrived.clear()
        damage()
        wire.generate(hub, save_to=target)
        assert sent(gateway) == (0, 1, 1)
        assert target.read_bytes() == video
    assert kept.read_bytes() == video


def test_a_submitted_task_is_waited_for(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Waiting goes on with the receipt's task, however old it is."""
    leave(gateway, hub, wire, target, "submitted", age=86_400, task=known(wire))
    script(gateway, wire, video)
    updates: list[Any] = []
    saved = wire.generate(hub, save_to=target, on_update=updates.append)
    assert sent(gateway) == (0, 1, 1)
    assert wire.task_id.rpartition(":")[2] in gateway.of("query")[0].target
    assert saved.task.id == wire.task_id
    assert [task.status for task in updates] == [TaskStatus.COMPLETED]
    assert read(target)["state"] == "saved"


@pytest.mark.parametrize("how", ["generate", "resume"])
def test_a_create_that_another_process_is_sending_is_waited_for(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, how: str
) -> None:
    """While a create may be under way elsewhere nothing is sent; then its task is taken up."""
    text = leave(gateway, hub, wire, target, "submitting", age=1, expires=ago(-60))
    script(gateway, wire, video)

    def other() -> None:
        assert gateway.arrived == []
        submitted = {"state": "submitted", "expires": None, "task": known(wire)}
        path_of(target).write_text(json.dumps({**json.loads(text), **submitted}))

    timer = threading.Timer(0.3, other)
    timer.start()
    again = wire.generate(hub, save_to=target) if how == "generate" else hub.videos.resume(target)
    timer.join()
    assert sent(gateway) == (0, 1, 1)
    assert again.task.id == wire.task_id
    assert again.path.read_bytes() == video


@every_format
def test_a_create_of_a_process_that_died_is_uncertain(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """When a create must have ended, and no task is known, its outcome is unknown until the caller releases it."""
    text = leave(gateway, hub, wire, target, "submitting", age=60, expires=ago(1))
    with pytest.raises(SubmissionUncertain, match="may have been paid") as raised:
        wire.generate(hub, save_to=target)
    assert path_of(target).read_bytes() == text
    assert raised.value.sent_at == datetime.fromisoformat(json.loads(text)["times"]["submitting"])
    assert gateway.arrived == []
    script(gateway, wire, video)
    wire.generate(hub, save_to=target, resubmit_uncertain=True)
    assert sent(gateway) == (1, 1, 1)


@pytest.mark.parametrize("set_back", [0, 3600])
def test_waiting_for_another_process_has_an_end_whatever_the_clocks_say(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, set_back: int
) -> None:
    """A create that was given a second is waited for a second, even if by this clock it begins in an hour."""
    leave(gateway, hub, wire, target, "submitting", age=-set_back, expires=ago(-set_back - 1))
    began = time.monotonic()
    with pytest.raises(SubmissionUncertain):
        wire.generate(hub, save_to=target, timeout=60)
    assert 0.5 < time.monotonic() - began < 30
    assert gateway.arrived == []


def test_a_deadline_bounds_the_waiting_for_another_process(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """Two calls that may wait no time say that another process is at it, and change nothing."""
    text = leave(gateway, hub, wire, target, "submitting", age=0, expires=ago(-3600))
    for call in (
        lambda: wire.generate(hub, save_to=target, timeout=0),
        lambda: hub.videos.resume(target, timeout=0),
    ):
        with pytest.raises(WaitTimeout, match="another process is still sending the create"):
            call()
    assert path_of(target).read_bytes() == text
    assert gateway.arrived == []


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
def test_another_request_at_the_same_place_is_refused(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes, tmp_path: Path
) -> None:
    """Whatever field differs is named; nothing is sent, and neither receipt nor video is touched.

    A picture of the same name with other bytes is another request; an open file with the same bytes is the same.
    """
    picture, other = tmp_path / "kitten.png", tmp_path / "other" / "kitten.png"
    picture.write_bytes(png())
    other.parent.mkdir()
    other.write_bytes(png(colour="green"))
    hub = colour.hub(gateway.url, inline_images=True)
    script(gateway, wire, video)
    wire.generate(hub, save_to=target, image=picture)
    with picture.open("rb") as file:
        wire.generate(hub, save_to=target, image=file)
    assert gateway.count("create") == 1
    gateway.arrived.clear()
    before = path_of(target).read_bytes()
    for field, changes in {"pictures": {"image": other}, **CHANGES[wire.name]}.items():
        asked = {"image": picture, **changes, "resubmit_uncertain": True}
        words = rf"differs in {field}\): choose another output"
        with pytest.raises(ReceiptConflict, match=words):
            wire.generate(hub, save_to=target, **asked)
    assert gateway.arrived == []
    assert path_of(target).read_bytes() == before
    assert target.read_bytes() == video


def test_another_gateway_is_another_request(
    colour: Colour, wire: Wire, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """What was paid at one gateway is not asked for at another, nor paid there again."""
    script(gateway, wire, video)
    wire.generate(colour.hub(gateway.url), save_to=target)
    other = colour.hub(elsewhere.url)
    with pytest.raises(ReceiptConflict, match=r"differs in gateway\)"):
        wire.generate(other, save_to=target)
    target.unlink()
    with pytest.raises(ReceiptConflict, match="belongs to the gateway") as raised:
        other.videos.resume(target)
    assert gateway.url in str(raised.value)
    assert elsewhere.arrived == []


def test_a_failed_task_is_not_paid_for_again(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """The failure is told again from the receipt, with reason, task and what to remove to pay once more."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell(wire.seen("failed", error={"message": "moderation"})))
    with pytest.raises(TaskFailed, match="moderation"):
        wire.generate(hub, save_to=target)
    assert read(target)["state"] == "failed"
    gateway.arrived.clear()
    for call in (
        lambda: wire.generate(hub, save_to=target),
        lambda: hub.videos.resume(target),
    ):
        with pytest.raises(TaskFailed, match="moderation") as raised:
            call()
        assert str(path_of(target)) in str(raised.value)
        assert raised.value.reason == "moderation"
        assert raised.value.task is not None
        assert raised.value.task.id == wire.task_id
        assert raised.value.task.status is TaskStatus.FAILED
    assert gateway.arrived == []


@every_format
@pytest.mark.parametrize("word", ["failed", "completed"])
def test_a_create_may_be_answered_with_a_task_that_has_ended(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, word: str
) -> None:
    """It is not queried, its end is in the receipt, and the next call sends no create either."""
    link = {"video_url": f"{gateway.url}/clip.mp4"}
    script(gateway, wire, video, create=tell(wire.created(status=word, error="no", **link)))
    gateway.on("/clip.mp4", say(200, video))
    for _ in range(2):
        if word == "failed":
            with pytest.raises(TaskFailed):
                wire.generate(hub, save_to=target)
        else:
            assert wire.generate(hub, save_to=target).path.read_bytes() == video
    assert (gateway.count("create"), gateway.count("query")) == (1, 0)
    assert read(target)["state"] == {"failed": "failed", "completed": "saved"}[word]


def test_a_server_that_answers_another_id_each_time_is_asked_for_the_first(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The receipt, every query and the result have the id that the create returned."""
    link = {"video_url": f"{gateway.url}/clip.mp4"}
    script(gateway, wire, video)
    gateway.on(
        "query",
        tell(wire.seen(id="other-1")),
        tell(wire.seen(id="other-2")),
        tell(wire.seen("completed", id="other-3", **link)),
    )
    gateway.on("/clip.mp4", say(200, video))
    saved = wire.generate(hub, save_to=target)
    assert saved.task.id == read(target)["task"]["id"] == wire.task_id
    assert len({query.target for query in gateway.of("query")}) == 1
