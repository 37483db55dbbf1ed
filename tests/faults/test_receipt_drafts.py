"""A receipt's drafts do not outlive it, whoever is killed in between."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chainhub_video import LocalReceipt, Receipt, ReceiptState
from chainhub_video.receipts.receipt import ReceiptLocked, fingerprint_of

_DIES = """
import os, signal, sys
from pathlib import Path
from chainhub_video import LocalReceipt, Receipt, ReceiptState
from chainhub_video.receipts.receipt import fingerprint_of

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

store = LocalReceipt(Path(sys.argv[1]))
old = store.load()
really = os.link

def link_and_die(*names):
    really(*names)
    die()

os.link = Path.replace = die
if sys.argv[2] == "claimed":
    os.link = link_and_die
store.swap(old, Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={}))
"""


@pytest.mark.parametrize("when", ["first", "later", "claimed"])
def test_a_killed_process_leaves_nothing_behind_for_long(tmp_path: Path, when: str) -> None:
    """A draft whose writer was killed just before it was put in place, or just after, is gone after the next swap."""
    there = when == "later"
    store = LocalReceipt(tmp_path / "kitten.mp4")
    new = Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={})
    old = new if there else None
    if there:
        assert store.swap(None, new)
    ended = subprocess.run(
        [sys.executable, "-c", _DIES, tmp_path / "kitten.mp4", when], check=False, timeout=30
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == (1 if when == "first" else 2)
    if when == "claimed":
        old = store.load()
        assert old is not None
    assert store.load() == old
    assert store.swap(old, new)
    assert store.load() == new
    assert [path.name for path in tmp_path.iterdir()] == ["kitten.mp4.task.json"]


def test_receipts_of_one_folder_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """While the lock of one output's receipt is held, another's is claimed and changed at once."""
    stuck = tmp_path / ".kitten.mp4.task.json.draft"
    first = Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={})
    with stuck.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ReceiptLocked, match="kitten"):
            LocalReceipt(tmp_path / "kitten.mp4").swap(None, first)
        other = LocalReceipt(tmp_path / "puppy.mp4")
        assert other.swap(None, first)
        assert other.swap(first, None)


def test_another_receipts_draft_is_left_alone(tmp_path: Path) -> None:
    """Only the drafts of the very receipt are removed, not those of an output with a longer name."""
    stranger = tmp_path / ".kitten.mp4.task.json.mp4.task.json.0123456789ab"
    neighbour = tmp_path / ".other.mp4.task.json.0123456789ab"
    neighbour.touch()
    stranger.touch()
    new = Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={})
    assert LocalReceipt(tmp_path / "kitten.mp4").swap(None, new)
    assert neighbour.exists()
    assert stranger.exists()
