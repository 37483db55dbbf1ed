"""The place of the output: refused early, shared safely, left as it was after a failure."""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import ChainHub, InvalidRequest, OutputFailed, VideoTask
from chainhub_video.downloads.partfile import PartFile

from tests.support.answering import Answer, Arrived
from tests.support.downloads import Download
from tests.support.scripted import Gateway
from tests.support.videos import LINK, names
from tests.support.wires import Wire


def _refused(hub: Any, wire: Wire, task: VideoTask, place: Path, words: str) -> None:
    """Check that neither a download nor a create begins with an output that cannot be written."""
    with pytest.raises(InvalidRequest, match=words):
        hub.videos.download(task, place)
    with pytest.raises(InvalidRequest, match=words):
        wire.generate(hub, save_to=place)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_sent(
    hub: Any, wire: Wire, linked: VideoTask, gateway: Gateway, tmp_path: Path
) -> None:
    """A folder as target, a missing folder, a file as folder, an impossible name: all are told at no cost."""
    (tmp_path / "file").write_text("x")
    places = {
        tmp_path: "is a folder",
        tmp_path / "missing" / "x.mp4": "does not exist",
        tmp_path / "file" / "x.mp4": "folder",
        tmp_path / "nul\0.mp4": "not a usable path",
        tmp_path / ("x" * 300): "not a usable path",
        tmp_path / ("x" * 250): "not a usable path",
    }
    for place, words in places.items():
        _refused(hub, wire, linked, place, words)
    assert gateway.arrived == []
    assert names(tmp_path) == ["file"]


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


def test_a_disk_that_takes_no_more_is_told_with_the_task(
    download: Download, linked: VideoTask, limit_files: Callable[[int], None]
) -> None:
    """If the system takes only half the file, the error says that the paid task can be saved elsewhere."""
    download.elsewhere.on(LINK, download.served())
    limit_files(len(download.video) // 2)
    with pytest.raises(OutputFailed, match="save it elsewhere") as raised:
        download.save(linked)
    assert raised.value.task == linked
    told = str(raised.value)
    assert f"still at 127.0.0.1:{download.elsewhere.port}: " in told
    assert "s3cret" not in told
    command = shlex.split(told[told.index("chainhub-video download") :])
    assert command[2:] == ["--format", "unified", "-o", "FILE", "--", linked.id]
    assert f"videos.download({linked.id!r}, 'FILE', format='unified')" in told
    assert isinstance(raised.value.__cause__, OSError)
    assert names(download.target.parent) == []


def test_two_may_save_to_one_path(download: Download, linked: VideoTask) -> None:
    """Two downloads to one path do not write into each other's file: both report a whole video, and one is there."""
    half, both_are_at_it = len(download.video) // 2, threading.Barrier(2, timeout=30)

    def slowly(wire: Any, _arrived: Arrived) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(download.video)}\r\n\r\n".encode()
        wire.sendall(head + download.video[:half])
        both_are_at_it.wait()
        wire.sendall(download.video[half:])
        return False

    def save(_: int) -> str:
        with ChainHub(base_url=download.gateway.url, api_key="the-key") as hub:
            return hub.videos.download(linked, download.target).sha256

    download.elsewhere.on(LINK, Answer(slowly))
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(save, range(2)))
    assert told == [hashlib.sha256(download.video).hexdigest()] * 2
    assert download.target.read_bytes() == download.video
    assert names(download.target.parent) == [download.target.name]


def test_other_part_files_are_neither_trusted_nor_in_the_way(
    download: Download, linked: VideoTask
) -> None:
    """What a killed process left is used up; `kitten.mp4.part`, as a browser calls its own, stays byte for byte."""
    download.target.with_name("kitten.mp4.chainhub.part").write_bytes(b"\0" * 5_000_000)
    theirs = download.target.with_name("kitten.mp4.part")
    theirs.write_bytes(b"half a download of a browser")
    download.elsewhere.on(LINK, download.served())
    download.save(linked)
    assert download.target.read_bytes() == download.video
    assert theirs.read_bytes() == b"half a download of a browser"
    assert names(download.target.parent) == [download.target.name, theirs.name]


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


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:  # not everyone may make one, but there is one everywhere
        path.symlink_to("/dev/null")


def _listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to(_victim(path))


def _second_name(path: Path) -> None:
    path.hardlink_to(_victim(path))


def _victim(path: Path) -> Path:
    victim = path.with_name("victim")
    victim.write_text("precious")
    return victim


@pytest.mark.parametrize("plant", [_fifo, _listening, _folder, _link, _second_name])
def test_what_is_not_ours_under_the_part_files_name_is_not_touched(
    download: Download, linked: VideoTask, plant: Callable[[Path], None]
) -> None:
    """Whatever somebody has put under the name of our part file stays as it is, and the video is saved beside it."""
    download.elsewhere.on(LINK, download.served())
    planted = download.target.with_name("kitten.mp4.chainhub.part")
    plant(planted)
    before = (planted.lstat().st_mode, planted.lstat().st_ino, names(download.target.parent))
    download.save(linked)
    assert download.target.read_bytes() == download.video
    after = sorted({*names(download.target.parent)} - {download.target.name})
    assert (planted.lstat().st_mode, planted.lstat().st_ino, after) == before
    if (victim := download.target.with_name("victim")).exists():
        assert victim.read_text() == "precious"


@pytest.mark.parametrize("make", [_fifo, _listening, _device])
def test_a_special_file_is_refused_as_output_before_anything_is_sent(
    download: Download, wire: Wire, linked: VideoTask, make: Callable[[Path], None]
) -> None:
    """A FIFO, a socket or a device, also by way of a link, is refused at no cost, and stays what it is."""
    target = download.target
    make(target)
    link = target.with_name("link.mp4")
    link.symlink_to(target)
    before = target.lstat()
    for place in (target, link):
        _refused(download.hub, wire, linked, place, r"is a (FIFO|socket|device), and must be")
    assert (target.lstat().st_mode, target.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert download.gateway.arrived == []
    assert names(target.parent) == sorted([target.name, link.name])


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


@pytest.mark.parametrize("there", ["old file", "nothing"])
def test_a_link_as_output_is_written_through(
    download: Download, linked: VideoTask, tmp_path: Path, there: str
) -> None:
    """The link stays, the file that it leads to is replaced or made, and no part file is left in either folder."""
    (tmp_path / "large disk").mkdir()
    real = tmp_path / "large disk" / "real.mp4"
    if there == "old file":
        real.write_bytes(b"old")
    link = tmp_path / "kitten.mp4"
    link.symlink_to(Path("large disk") / "real.mp4")
    download.elsewhere.on(LINK, download.served())
    saved = download.hub.videos.download(linked, link)
    assert (saved.path, link.is_symlink(), real.read_bytes()) == (link, True, download.video)
    assert (names(tmp_path), names(real.parent)) == (["kitten.mp4", "large disk"], ["real.mp4"])


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
