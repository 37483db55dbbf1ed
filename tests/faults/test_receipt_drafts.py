"""A receipt's drafts do not outlive it, whoever is killed in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chainhub_video import LocalReceipt, Receipt, ReceiptState
from chainhub_video.receipts.receipt import fingerprint_of

_DIES = """
import os, signal, sys
from pathlib import Path
from chainhub_video import LocalReceipt, Receipt, ReceiptState
from chainhub_video.receipts.receipt import fingerprint_of

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

store = LocalReceipt(Path(sys.argv[1]))
old = store.load()
os.link = Path.replace = die
store.swap(old, Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={}))
"""


@pytest.mark.parametrize("there", [False, True], ids=["first", "later"])
def test_a_killed_process_leaves_nothing_behind_for_long(tmp_path: Path, there: bool) -> None:
    """A draft whose writer was killed before it was put in place is gone after the next swap."""
    store = LocalReceipt(tmp_path / "kitten.mp4")
    new = Receipt(state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of({}), request={})
    old = new if there else None
    if there:
        assert store.swap(None, new)
    ended = subprocess.run(
        [sys.executable, "-c", _DIES, tmp_path / "kitten.mp4"], check=False, timeout=30
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1 + there
    assert store.load() == old
    assert store.swap(old, new)
    assert [path.name for path in tmp_path.iterdir()] == ["kitten.mp4.task.json"]


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
