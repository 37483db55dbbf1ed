"""The place of a part file: whether it may be written, and what becomes of it meanwhile; and what a range is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import pytest
from chainhub_video.downloads.partfile import PartFile
from chainhub_video.downloads.ranges import offered_range
from chainhub_video.io import Reply

from tests.support.videos import names

_CHECK_AS_NOBODY = """
    import os, sys
    from chainhub_video.errors import InvalidRequest
    from chainhub_video.downloads.partfile import checked_target
    if os.geteuid() == 0:
        os.setuid(65534)  # nothing is forbidden to root
    try:
        checked_target(sys.argv[1])
    except InvalidRequest as error:
        print(error)
"""


def test_a_folder_without_write_access_is_refused() -> None:
    """A folder that the user may not write to is told before the create is paid."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        told = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_CHECK_AS_NOBODY), f"{folder}/x.mp4"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert "is not writable: choose another" in told.stdout


def test_a_file_that_was_just_finished_is_not_opened_for_writing(
    target: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another download finishes between the opening of the part file and its lock, its video stays untouched."""
    first = PartFile(target)
    first.write(video)
    really_open = os.open

    def open_while_the_other_finishes(path: Any, *arguments: Any) -> int:
        monkeypatch.undo()
        descriptor = really_open(path, *arguments)
        first.finish()
        return descriptor

    monkeypatch.setattr(os, "open", open_while_the_other_finishes)
    second = PartFile(target)
    second.write(b"other")
    assert target.read_bytes() == video
    second.discard()
    assert names(target.parent) == [target.name]


def test_an_output_that_becomes_a_fifo_meanwhile_stays_one(target: Path, video: bytes) -> None:
    """What was put in the place of the output while the video was made is not replaced either."""
    part = PartFile(target)
    part.write(video)
    os.mkfifo(target)
    with pytest.raises(OSError, match="become a FIFO"):
        part.finish()
    part.discard()
    assert stat.S_ISFIFO(target.lstat().st_mode)
    assert names(target.parent) == [target.name]


def test_a_file_is_on_the_disk_before_it_has_its_name(
    target: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synced before the renaming, and the folder after it, so that a power cut leaves all or nothing."""
    synced: list[tuple[bool, bool]] = []
    really_sync = os.fsync

    def recorded(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), target.exists()))
        really_sync(descriptor)

    part = PartFile(target)
    part.write(video)
    monkeypatch.setattr(os, "fsync", recorded)
    part.finish()
    assert synced == [(False, False), (True, True)]


def test_a_range_that_is_none_is_none() -> None:
    """Nothing but the form of RFC 9110 is read as a range."""
    for text in (
        "", "bytes", "bytes */5", "bytes 0-/5", "bytes -5/5", "bytes 0-4", "bytes 0-4/5/6", "bytes 0-4/" + "9" * 30,
        "bytes \u0660-\u0664/\u0665", "bytes 0-4/x", "bytes=0-4/5",
    ):  # fmt: skip
        assert offered_range(Reply(206, {"content-range": text}, b"")) is None, text
