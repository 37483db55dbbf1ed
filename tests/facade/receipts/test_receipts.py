"""What a receipt says, when, and that it is on the disk before anything can be paid."""

from __future__ import annotations

import base64
import hashlib
import json
import os
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
from tests.support.receipted import first_then, known, leave, path_of, read, script, sent
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import OPENAI, UNIFIED, Wire, png


def test_a_receipt_goes_with_the_request_from_before_the_create_to_the_saved_video(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """It is there when the create arrives, knows the task when the query does, and the file at the end.

    A picture is in it by its digest alone, and the key is not, in any state.
    """
    texts: list[bytes] = []
    script(gateway, wire, video, look=lambda: texts.append(path_of(target).read_bytes()))
    wire.generate(colour.hub(gateway.url, inline_images=True), image=png(), save_to=target)
    texts.append(path_of(target).read_bytes())
    for text in texts:
        assert hashlib.sha256(png()).hexdigest().encode() in text
        assert b"the-key" not in text
        assert base64.b64encode(png())[:40] not in text
        assert png()[-40:] not in text
    creating, waiting, saved = (json.loads(text) for text in texts)
    states = ["submitting", "submitted", "saved"]
    for receipt, state in zip((creating, waiting, saved), states, strict=True):
        assert (receipt["version"], receipt["state"]) == (1, state)
        assert receipt["fingerprint"] == creating["fingerprint"]
    assert len(bytes.fromhex(creating["fingerprint"])) == 32
    assert creating["request"]["prompt"] == "A kitten"
    assert (creating["task"], creating["result"]) == (None, None)
    assert datetime.fromisoformat(creating["expires"]) > datetime.now(UTC) + timedelta(seconds=300)
    assert waiting["task"] == known(wire)
    assert list(saved["times"]) == states
    digest = hashlib.sha256(video).hexdigest()
    assert saved["result"] == {"size": len(video), "sha256": digest, "verified": "length"}
    assert names(target.parent) == [target.name, path_of(target).name]


def test_a_receipt_is_synced_before_the_create_leaves(
    hub: Any, gateway: Gateway, target: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, then its folder, are synced before the create arrives, and again before the query does."""
    synced: list[str] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        really(descriptor)
        kind = "draft" if "task" in place.name else "video"
        synced.append("folder" if place == target.parent else kind)

    monkeypatch.setattr(os, "fsync", fsync)
    then: list[list[str]] = []
    script(gateway, OPENAI, video, look=lambda: then.append(list(synced)))
    OPENAI.generate(hub, save_to=target)
    # Claimed, renewed for the very moment of sending, and then with the task.
    assert then == [["draft", "folder"] * 2, ["draft", "folder"] * 3]
    assert synced == [*then[1], "video", "folder", "draft", "folder"]


def _raising(_: object) -> bool:
    raise LookupError("mine")


REFUSALS: dict[str, tuple[Answer | None, dict[str, Any], type[Exception]]] = {
    **{
        str(status): (say(status), {}, APIError)
        for status in (400, 401, 402, 403, 404, 413, 422, 429)
    },
    "503 model_not_found": (tell({"error": {"code": "model_not_found"}}, 503), {}, APIError),
    "no connection": (None, {"base_url": "http://127.0.0.1:9"}, ConnectionFailed),
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
        before: dict[str, Any] | None = None
        if case.endswith("again"):
            leave(gateway, colour.hub(gateway.url), wire, target, "uncertain")
            before = read(target)
        if answer is not None:
            gateway.on("create", answer)
        hub = colour.hub(**{"base_url": gateway.url, **options})
        with pytest.raises(error):
            wire.generate(hub, save_to=target, resubmit_uncertain=before is not None)
        assert names(target.parent) == ([path_of(target).name] if before else []), case
        if before:  # the same receipt, written anew
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
    leave(gateway, hub, wire, target, "uncertain")
    script(gateway, wire, video)
    for _ in range(2):
        saved = wire.generate(hub, save_to=target, resubmit_uncertain=True)
        assert saved.path.read_bytes() == video
    assert sent(gateway) == (1, 1, 1)
    assert read(target)["state"] == "saved"


def test_a_receipt_has_time_for_each_attempt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A create that is sent again after 429 has its receipt renewed first, so that nobody takes it for dead."""
    ends: list[str] = []
    answers = (say(429), say(429), tell(wire.created()))
    script(gateway, wire, video)
    gateway.on(
        "create",
        *(first_then(lambda: ends.append(read(target)["expires"]), answer) for answer in answers),
    )
    wire.generate(hub, save_to=target)
    assert ends == sorted(set(ends))
    assert len(ends) == 3


def test_a_receipt_that_was_taken_away_in_between_stops_the_next_attempt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """After 429 nothing is sent any more under a receipt that somebody has removed."""
    gateway.on("create", first_then(path_of(target).unlink, say(429)))
    with pytest.raises(ChainHubError, match="removed by somebody else; nothing was sent"):
        wire.generate(hub, save_to=target)
    assert gateway.count("create") == 1
    assert names(target.parent) == []


def test_the_umask_decides_who_may_read_receipt_and_video(
    hub: Any, gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """Both have the permissions of any file that the user makes."""
    script(gateway, OPENAI, video)
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        target = tmp_path / f"{mode}.mp4"
        before = os.umask(mask)
        try:
            OPENAI.generate(hub, save_to=target)
        finally:
            os.umask(before)
        for path in (target, path_of(target)):
            assert path.stat().st_mode & 0o777 == mode


def test_whatever_can_be_sent_can_be_kept_and_compared(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """Fields that JSON writes otherwise than Python does are the same request when they are read again."""
    script(gateway, wire, video)
    extras: list[dict[str, Any]] = [
        {"seeds": (1, 2)},
        {"weights": {10: 1, 9: 2}},
        {"weights": {1: 2, "b": 3}},
        {"style": "水彩 — naïve"},
        {"a": [{"b": (None, 1.5, True)}]},
    ]
    for number, extra in enumerate(extras, 1):
        for _ in range(2):
            wire.generate(hub, save_to=tmp_path / f"{number}.mp4", extra=extra)
        assert sent(gateway) == (number, number, number), extra


def test_an_id_that_is_half_a_character_is_not_lost(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """Text that no file can hold as it is is kept escaped: the id of a paid task survives, whatever it is."""
    gateway.on("create", tell(wire.created(id="video_\ud83d-1", status="failed", error="\udc00")))
    with pytest.raises(ChainHubError):
        wire.generate(hub, save_to=target)
    assert read(target)["task"]["id"] == "video_\ud83d-1"
    assert read(target)["state"] == "failed"


def test_a_picture_with_an_odd_name_has_a_receipt(
    colour: Colour, gateway: Gateway, target: Path, video: bytes, tmp_path: Path
) -> None:
    """A file name that is not UTF-8 does not keep a picture from being described."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/k\xfftten.png"))
    odd.write_bytes(png())
    script(gateway, UNIFIED, video)
    hub = colour.hub(gateway.url, inline_images=True)
    for _ in range(2):
        UNIFIED.generate(hub, save_to=target, image=odd)
    assert gateway.count("create") == 1


def test_a_patient_client_has_receipts_too(
    colour: Colour, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The longest timeout that is taken does not overflow the receipt's times."""
    script(gateway, OPENAI, video)
    OPENAI.generate(colour.hub(gateway.url, timeout=9e8), save_to=target)
    assert read(target)["state"] == "saved"
