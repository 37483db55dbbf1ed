"""The file that a download grows in, and the receipt's file, by themselves: what is on the disk, and when."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from chainhub_video import InvalidRequest, LocalReceipt, Receipt, ReceiptState
from chainhub_video.downloads import partfile
from chainhub_video.downloads.partfile import (
    PartFile,
    checked_target,
    clear_abandoned,
    file_matches,
    sync_folder,
)
from chainhub_video.receipts.receipt import fingerprint_of

REQUEST = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}


def test_files_are_whole_when_they_are_synced(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a receipt or a video is still in a buffer then; the folder is synced once it has its name."""
    synced: list[int] = []  # the lengths of files; a folder counts as -1
    really = os.fsync

    def fsync(descriptor: int) -> None:
        known = os.fstat(descriptor)
        synced.append(known.st_size if stat.S_ISREG(known.st_mode) else -1)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    receipt = Receipt(
        state=ReceiptState.SUBMITTING, fingerprint=fingerprint_of(REQUEST), request=REQUEST
    ).submitting(60)
    store = LocalReceipt(tmp_path / "x.mp4")
    assert store.swap(None, receipt)
    assert synced == [Path(store.name).stat().st_size, -1]
    part = PartFile(tmp_path / "x.mp4")
    part.write(video)
    part.finish()
    part.discard()
    assert synced[2:] == [len(video), -1]


def test_what_was_written_is_what_is_checked(tmp_path: Path, video: bytes) -> None:
    """The check sees the last byte that was written, even of a file smaller than a buffer."""
    part = PartFile(tmp_path / "x.mp4")
    part.write(video[:100])
    with pytest.raises(ValueError, match="lacks"):
        part.check()
    part.write(video[100:])
    part.check()
    assert part.size == len(video)
    part.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_restart_forgets_everything_however_slow_the_hashing_is(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what was written before it neither bytes, length nor digest are left, and nothing after it is hashed twice."""

    class Slow:
        def __init__(self) -> None:
            self._digest = really()

        def update(self, data: Any) -> None:
            time.sleep(0.005)
            self._digest.update(data)

        def hexdigest(self) -> str:
            return self._digest.hexdigest()

    really = hashlib.sha256
    monkeypatch.setattr(hashlib, "sha256", Slow)
    part = PartFile(tmp_path / "x.mp4")
    part.write(b"x" * (len(video) + 1000))
    part.restart()
    assert part.size == 0
    step = 1 + len(video) // 7
    for start in range(0, len(video), step):
        part.write(video[start : start + step])
    part.check()
    assert part.finish() == really(video).hexdigest()
    part.discard()
    assert (tmp_path / "x.mp4").read_bytes() == video


def _open_files() -> int:
    return len([*Path("/dev/fd").iterdir()])


def test_a_part_file_leaves_no_thread_and_no_open_file(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished, discarded, or refused by the system, it ends its thread, and closes the file and the folder."""
    threads, files = set(threading.enumerate()), _open_files()
    for finished in (True, False):
        part = PartFile(tmp_path / f"{finished}.mp4")
        part.write(video)
        if finished:
            part.finish()
        part.discard()
    sync_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["True.mp4"]

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError("no")

    monkeypatch.setattr(partfile, "_locked", refuse)
    with pytest.raises(OSError, match=r"^no$"):
        PartFile(tmp_path / "x.mp4")
    assert not set(threading.enumerate()) - threads  # those of other tests may have ended
    assert _open_files() == files


def test_a_file_matches_by_length_and_digest(tmp_path: Path) -> None:
    """Another length, another content or no file at all is no match."""
    path = tmp_path / "x.mp4"
    path.write_bytes(b"video")
    digest = hashlib.sha256(b"video").hexdigest()
    assert file_matches(path, 5, digest) is True
    assert file_matches(path, 6, digest) is False
    assert file_matches(path, 5, hashlib.sha256(b"audio").hexdigest()) is False
    assert file_matches(tmp_path / "none", 5, digest) is False


def test_the_part_file_is_locked_until_it_has_its_name(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other process gets the lock, and with it the right to empty the file, before the rename."""
    import fcntl

    really, tried = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        with path.open("r+b") as other:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried.append(path.name)
        return really(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    part = PartFile(tmp_path / "x.mp4")
    part.write(video)
    part.finish()
    part.discard()
    assert tried == ["x.mp4.chainhub.part"]


def test_a_finished_download_takes_part_files_of_killed_ones_along(tmp_path: Path) -> None:
    """A part file goes once nobody has its lock; one that is in use stays, and so does one of another output."""
    target = tmp_path / "kitten[1].mp4"
    in_use, killed, *others = (
        f"{target.name}.chainhub.part",
        f"{target.name}.2.chainhub.part",
        f"{target.name}.x.chainhub.part",
        f"{target.name}.0.mp4.chainhub.part",
        "other.mp4.chainhub.part",
    )
    living, mine = PartFile(target), PartFile(target)
    for name in (killed, *others):
        (tmp_path / name).touch()
    mine.write(b"a whole video")
    mine.finish()
    mine.discard()
    assert target.read_bytes() == b"a whole video"
    assert {path.name for path in tmp_path.iterdir()} == {target.name, in_use, *others}
    living.discard()
    clear_abandoned(target)
    assert {path.name for path in tmp_path.iterdir()} == {target.name, *others}


def test_what_cannot_be_tidied_up_fails_nothing(tmp_path: Path, video: bytes) -> None:
    """A folder under the name of an abandoned part file, and a part file that is gone, are no errors."""
    (tmp_path / "x.mp4.3.chainhub.part").mkdir()
    part = PartFile(tmp_path / "x.mp4")
    part.write(video)
    part.finish()
    part.discard()
    assert (tmp_path / "x.mp4").read_bytes() == video
    other = PartFile(tmp_path / "y.mp4")
    (tmp_path / "y.mp4.chainhub.part").unlink()
    other.discard()


def test_places_that_are_none_are_told_before_anything_is_sent(tmp_path: Path) -> None:
    """A number, a folder that may not be entered and a name that is a byte too long are refused as places."""
    longest = 255 - len(".99.chainhub.part")
    assert checked_target(tmp_path / ("x" * longest)).parent == tmp_path
    for place in (tmp_path / ("x" * (longest + 1)), 5, "a\0b"):
        with pytest.raises(InvalidRequest, match="is not a usable path"):
            checked_target(cast("Any", place))
