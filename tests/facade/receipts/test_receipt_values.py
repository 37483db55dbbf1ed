"""A receipt by itself: its fingerprint, its times, what is refused when it is read, and files without locks."""

from __future__ import annotations

import errno
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from chainhub_video import LocalReceipt, ReceiptConflict, ReceiptState
from chainhub_video.receipts import file
from chainhub_video.receipts.receipt import fingerprint_of, parse

from tests.support.wires import UNIFIED

DESCRIPTION = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}
GOLDEN = "0a3ea4040b13cb35ea54ebcaf7d8f007f4e49eedabf2b636889914b4cc8008b1"


def _stored(state: str = "submitted", **changes: Any) -> str:
    task = {"id": "grok:1", "format": "unified", "model": None}
    fields = {
        "version": 1, "state": state, "fingerprint": fingerprint_of(DESCRIPTION), "request": DESCRIPTION,
        "times": {"submitting": "2026-11-21T10:00:00.000+00:00"}, "expires": None, "task": task,
        "result": None, "reason": None,
    }  # fmt: skip
    return json.dumps(fields | changes)


def test_the_fingerprint_is_the_one_of_every_version() -> None:
    """Receipts on disks hold it: another way of computing it would refuse them all. Order does not matter."""
    turned = dict(reversed(DESCRIPTION.items()))
    assert fingerprint_of(DESCRIPTION) == fingerprint_of(turned) == GOLDEN
    assert fingerprint_of({"a": {"c": 1, "b": 2}}) == fingerprint_of({"a": {"b": 2, "c": 1}})


def test_a_receipt_that_the_rest_could_not_work_with_is_refused() -> None:
    """What somebody edited into another shape is told when it is read, not by a failure later."""
    assert parse(_stored(), "x").task is not None
    nothing: Any = []
    for text in (
        _stored(request=nothing, fingerprint=fingerprint_of(nothing)),
        _stored("uncertain", task=None, result={"size": 1, "sha256": "0" * 64}),
        _stored("saved", result={"size": True, "sha256": "0" * 64}),
        _stored("saved", result={"size": 1, "sha256": "0" * 64, "path": "x"}),
    ):
        with pytest.raises(ReceiptConflict, match="is torn or was edited"):
            parse(text, "x")


def test_how_long_a_create_may_last_is_nothing_where_it_is_not_known() -> None:
    """A receipt without its end, or without the time of sending, has no seconds left; one of the past neither."""
    now = datetime.now(UTC)
    bare = parse(_stored("submitting", task=None), "x")
    assert bare.seconds_left() == 0.0
    ends = (now + timedelta(seconds=60)).isoformat()
    assert attrs.evolve(bare, expires=ends, times={}).seconds_left() == 0.0
    fresh = bare.submitting(60)
    assert 59 < fresh.seconds_left() <= 60
    assert attrs.evolve(fresh, expires=now.isoformat()).seconds_left() <= 0
    assert fresh.to(ReceiptState.UNCERTAIN).expires == fresh.expires


def test_a_submitted_receipt_has_no_end_and_no_prompt_in_its_repr() -> None:
    """Once there is a task nothing expires; and what was asked stays out of logs."""
    receipt = parse(_stored("submitting", task=None), "x").submitting(60)
    submitted = receipt.submitted(UNIFIED.task(model="grok-video-3"))
    assert (submitted.expires, submitted.state) == (None, ReceiptState.SUBMITTED)
    assert submitted.task == {"id": UNIFIED.task_id, "format": "unified", "model": "grok-video-3"}
    assert "A kitten" not in repr(submitted)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other locks")
def test_without_locks_receipts_are_still_claimed_by_one(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that has no locks, each process writes a draft of its own, and one of many claims wins."""
    import fcntl

    drafts: set[str] = set()
    really = Path.open

    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def opened(path: Path, *args: Any, **kwargs: Any) -> Any:
        drafts.add(path.name)
        return really(path, *args, **kwargs)

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(Path, "open", opened)
    new = parse(_stored("submitting", task=None), "x")
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda: won.append(LocalReceipt(target).swap(None, new)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert len({name for name in drafts if name.startswith(".")}) == 8
    assert LocalReceipt(target).swap(new, None)
    assert list(target.parent.iterdir()) == []


def test_what_another_hand_took_away_hides_no_error(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking back a claim that may not last, and removing a receipt that is gone, do not fail in their turn."""
    store, new = LocalReceipt(target), parse(_stored("submitting", task=None), "x")

    def lost(_folder: Path) -> None:
        Path(store.name).unlink(missing_ok=True)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(file, "sync_folder", lost)
    with pytest.raises(OSError, match="Input/output error"):
        store.swap(None, new)
    assert store.load() is None
    assert LocalReceipt(target / "x").load() is None  # its folder is a file, or is not there
    target.write_bytes(b"")
    assert LocalReceipt(target / "x").load() is None
    assert LocalReceipt(target.with_name("x" * 250)).load() is None
