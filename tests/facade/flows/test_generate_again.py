"""`generate` run again, by one or by many: it goes on where the receipt says, and never pays twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
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


@pytest.mark.parametrize("damage", ["removed", "cut", "one byte", "another"])
def test_a_file_that_is_not_as_its_receipt_says_is_fetched_again(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, damage: str
) -> None:
    """A missing, cut, changed or replaced file is downloaded anew, without a create."""
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    gateway.arrived.clear()
    if damage == "removed":
        target.unlink()
    else:
        flipped = bytes([video[-1] ^ 1])
        damaged = {"cut": video[:-1], "one byte": video[:-1] + flipped, "another": b"notes"}
        target.write_bytes(damaged[damage])
    wire.generate(hub, save_to=target)
    assert sent(gateway) == (0, 1, 1)
    assert target.read_bytes() == video


def test_an_output_renamed_by_hand_is_fetched_again(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The receipt stays with the name it was made for; the renamed file is left alone, and nothing is paid."""
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    gateway.arrived.clear()
    kept = target.rename(target.with_name("renamed.mp4"))
    wire.generate(hub, save_to=target)
    assert sent(gateway) == (0, 1, 1)
    assert kept.read_bytes() == target.read_bytes() == video


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


def test_a_create_that_another_process_is_sending_is_waited_for(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """While a create may be under way elsewhere nothing is sent; then its task is taken up."""
    text = leave(gateway, hub, wire, target, "submitting", age=1, expires=ago(-60))
    script(gateway, wire, video)

    def other() -> None:
        assert gateway.arrived == []
        document = json.loads(text)
        path_of(target).write_text(
            json.dumps({**document, "state": "submitted", "expires": None, "task": known(wire)})
        )

    timer = threading.Timer(0.5, other)
    timer.start()
    saved = wire.generate(hub, save_to=target)
    timer.join()
    assert sent(gateway) == (0, 1, 1)
    assert saved.task.id == wire.task_id


def test_a_create_of_a_process_that_died_is_uncertain(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """When a create must have ended, and no task is known, its outcome is unknown until the caller releases it."""
    hub = colour.hub(gateway.url)
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
    calls: tuple[Callable[[], Any], ...] = (
        lambda: wire.generate(hub, save_to=target, timeout=0),
        lambda: hub.videos.resume(target, timeout=0),
    )
    for call in calls:
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
        "pictures": {"image": png(colour="blue")},
    },
    "unified": {
        "prompt": {"prompt": "Another kitten"},
        "model": {"model": "my-own", "format": "unified", "size": "720P"},
        "aspect_ratio": {"aspect_ratio": "2:3"},
        "extra": {"extra": {"seed": 7}},
        "pictures": {"image": png(colour="blue")},
    },
}


def test_another_request_at_the_same_place_is_refused(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Whatever field differs is named; nothing is sent, and neither receipt nor video is touched."""
    hub = colour.hub(gateway.url, inline_images=True)
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    gateway.arrived.clear()
    before = path_of(target).read_bytes()
    for field, changes in CHANGES[wire.name].items():
        with pytest.raises(ReceiptConflict, match=rf"differs in {field}\)") as raised:
            wire.generate(hub, save_to=target, **changes, resubmit_uncertain=True)
        assert "choose another output" in str(raised.value)
    assert gateway.arrived == []
    assert path_of(target).read_bytes() == before
    assert target.read_bytes() == video


def test_a_picture_that_was_changed_between_the_runs_is_another_request(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes, tmp_path: Path
) -> None:
    """The same path with other bytes is refused; a copy of the same bytes under the same name is the same."""
    picture = tmp_path / "kitten.png"
    picture.write_bytes(png())
    hub = colour.hub(gateway.url, inline_images=True)
    script(gateway, wire, video)
    wire.generate(hub, save_to=target, image=picture)
    with picture.open("rb") as file:
        wire.generate(hub, save_to=target, image=file)
    picture.write_bytes(png(colour="green"))
    with pytest.raises(ReceiptConflict, match=r"differs in pictures\)"):
        wire.generate(hub, save_to=target, image=picture)
    assert gateway.count("create") == 1


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
    calls: tuple[Callable[[], Any], ...] = (
        lambda: wire.generate(hub, save_to=target),
        lambda: hub.videos.resume(target),
    )
    for call in calls:
        with pytest.raises(TaskFailed, match="moderation") as raised:
            call()
        assert str(path_of(target)) in str(raised.value)
        assert raised.value.reason == "moderation"
        assert raised.value.task is not None
        assert raised.value.task.id == wire.task_id
        assert raised.value.task.status is TaskStatus.FAILED
    assert gateway.arrived == []


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
