"""What a receipt says, when, and that it is on the disk before anything can be paid."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    APIError,
    ChainHubError,
    ConnectionFailed,
    InvalidRequest,
    SpendLimitReached,
    SubmissionUncertain,
)

from tests.support.answering import Answer, half_head, hang_up, reset, say, tell
from tests.support.colours import Colour
from tests.support.receipted import first_then, leave, path_of, read, script, sent
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import Wire, png


def test_a_receipt_goes_with_the_request_from_before_the_create_to_the_saved_video(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """It is there when the create arrives, knows the task when the query does, and the file at the end."""
    seen: list[dict[str, Any]] = []
    script(gateway, wire, video, look=lambda: seen.append(read(target)))

    wire.generate(hub, save_to=target)

    creating, waiting = seen
    saved = read(target)
    assert [one["state"] for one in (creating, waiting, saved)] == [
        "submitting",
        "submitted",
        "saved",
    ]
    assert {one["version"] for one in (creating, waiting, saved)} == {1}
    assert creating["fingerprint"] == waiting["fingerprint"] == saved["fingerprint"]
    assert len(bytes.fromhex(creating["fingerprint"])) == 32
    assert creating["request"]["prompt"] == "A kitten"
    assert (creating["task"], creating["result"]) == (None, None)
    assert datetime.fromisoformat(creating["expires"]) > datetime.now(UTC) + timedelta(seconds=300)
    assert waiting["task"] == {
        "id": wire.task_id, "format": wire.name, "model": wire.arguments["model"],
    }  # fmt: skip
    assert list(saved["times"]) == ["submitting", "submitted", "saved"]
    digest = hashlib.sha256(video).hexdigest()
    assert saved["result"] == {"size": len(video), "sha256": digest, "verified": "length"}
    assert names(target.parent) == [target.name, path_of(target).name]


def test_neither_the_key_nor_a_picture_is_in_a_receipt(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A local picture is there by its digest alone, and the key is not there at all, in any state."""
    texts: list[bytes] = []
    script(gateway, wire, video, look=lambda: texts.append(path_of(target).read_bytes()))

    wire.generate(colour.hub(gateway.url, inline_images=True), image=png(), save_to=target)

    texts.append(path_of(target).read_bytes())
    assert len(texts) == 3
    for text in texts:
        assert hashlib.sha256(png()).hexdigest().encode() in text
        assert b"the-key" not in text
        assert base64.b64encode(png())[:40] not in text
        assert png()[-40:] not in text


def test_a_receipt_is_synced_before_the_create_leaves(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    target: Path,
    video: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file, then its folder, are synced before the create arrives, and again before the query does."""
    synced: list[str] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        really(descriptor)
        synced.append(
            "folder" if place == target.parent else "draft" if "task" in place.name else "video"
        )

    monkeypatch.setattr(os, "fsync", fsync)
    then: list[list[str]] = []
    script(gateway, wire, video, look=lambda: then.append(list(synced)))
    wire.generate(hub, save_to=target)
    # Claimed, renewed for the very moment of sending, and then with the task.
    assert then == [["draft", "folder"] * 2, ["draft", "folder"] * 3]
    assert synced == [*then[1], "video", "folder", "draft", "folder"]


with socket.create_server(("127.0.0.1", 0)) as listening:
    CLOSED = f"http://127.0.0.1:{listening.getsockname()[1]}"


def _raising(_: object) -> bool:
    raise LookupError("mine")


REFUSALS: dict[str, tuple[Answer | None, dict[str, Any], type[Exception]]] = {
    **{
        str(status): (say(status), {}, APIError)
        for status in (400, 401, 402, 403, 404, 413, 422, 429)
    },
    "503 model_not_found": (tell({"error": {"code": "model_not_found"}}, 503), {}, APIError),
    "no connection": (None, {"base_url": CLOSED}, ConnectionFailed),
    "max_creates": (None, {"max_creates": 0}, SpendLimitReached),
    "confirm says no": (None, {"confirm": lambda _: False}, InvalidRequest),
    "confirm raises": (None, {"confirm": _raising}, LookupError),
}


def test_a_refused_create_leaves_what_was_there_before(
    colour: Colour, wire: Wire, gateway: Gateway, tmp_path: Path
) -> None:
    """What surely was not paid leaves no receipt; an uncertain one of an earlier create stays byte for byte."""
    again = [(f"{refusal} again", REFUSALS[refusal]) for refusal in ("401", "429", "max_creates")]
    for case, (answer, options, error) in [*REFUSALS.items(), *again]:
        target = tmp_path / case / "kitten.mp4"
        target.parent.mkdir()
        left = case.endswith("again")
        if left:
            leave(gateway, colour.hub(gateway.url), wire, target, "uncertain")
            before = read(target)
        if answer is not None:
            gateway.on("create", answer)
        hub = colour.hub(**{"base_url": gateway.url, **options})
        with pytest.raises(error):
            wire.generate(hub, save_to=target, resubmit_uncertain=left)
        assert names(target.parent) == ([path_of(target).name] if left else []), case
        if left:  # the same receipt, written anew
            after = read(target)
            assert (after["times"], after["state"]) == (before["times"], "uncertain"), case


UNCERTAIN: dict[str, Answer] = {
    "reset": reset(),
    "no answer": hang_up(),
    "half an answer": half_head(),
    "500": say(500),
    "409": say(409),
    "unreadable": say(200, "<html>"),
    "no id": tell({"status": "queued"}),
}


def test_an_unknown_outcome_stays_known_to_be_unknown(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path
) -> None:
    """Receipt and error say the same: when, what, that it may be paid, what to check; it is not sent again."""
    for number, (outcome, answer) in enumerate(UNCERTAIN.items(), 1):
        target = tmp_path / f"{number}.mp4"
        gateway.on("create", answer)
        began = datetime.now(UTC)
        with pytest.raises(SubmissionUncertain, match="may have been paid") as first:
            wire.generate(hub, save_to=target)
        receipt = read(target)
        assert receipt["state"] == "uncertain", outcome
        assert first.value.sent_at is not None
        assert began <= first.value.sent_at <= datetime.now(UTC)
        assert receipt["reason"] in str(first.value)
        with pytest.raises(SubmissionUncertain) as second:
            wire.generate(hub, save_to=target)
        with pytest.raises(SubmissionUncertain) as third:
            hub.videos.resume(target)
        advice = (
            "usage log",
            "--resubmit-uncertain",
            "resubmit_uncertain=True",
            str(path_of(target)),
        )
        for error in (first.value, second.value, third.value):
            assert [words for words in advice if words not in str(error)] == [], outcome
            assert error.fingerprint == receipt["fingerprint"]
        told = datetime.fromisoformat(receipt["times"]["submitting"])
        assert second.value.sent_at == third.value.sent_at == told
        assert abs(told - first.value.sent_at) < timedelta(seconds=2)
        assert gateway.count("create") == number, outcome


def test_a_released_uncertain_create_is_sent_once_more(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """With resubmit_uncertain the same call sends one create and ends with the video; further ones send nothing."""
    script(gateway, wire, video, create=reset())
    with pytest.raises(SubmissionUncertain):
        wire.generate(hub, save_to=target)
    gateway.on("create", tell(wire.created()))
    for _ in range(2):
        saved = wire.generate(hub, save_to=target, resubmit_uncertain=True)
        assert saved.path.read_bytes() == video
    assert sent(gateway) == (2, 1, 1)
    assert read(target)["state"] == "saved"


def test_a_receipt_has_time_for_each_attempt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A create that is sent again after 429 has its receipt renewed first, so that nobody takes it for dead."""
    ends: list[str] = []

    def look() -> None:
        ends.append(read(target)["expires"])

    script(gateway, wire, video)
    gateway.on(
        "create",
        *(first_then(look, answer) for answer in (say(429), say(429), tell(wire.created()))),
    )
    wire.generate(hub, save_to=target)
    assert ends == sorted(set(ends))
    assert len(ends) == 3


def test_a_receipt_that_was_taken_away_in_between_stops_the_next_attempt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """After 429 nothing is sent any more under a receipt that somebody has removed."""
    gateway.on("create", first_then(path_of(target).unlink, say(429)))
    with pytest.raises(ChainHubError, match="removed by another hand; nothing was sent"):
        wire.generate(hub, save_to=target)
    assert gateway.count("create") == 1
    assert names(target.parent) == []
