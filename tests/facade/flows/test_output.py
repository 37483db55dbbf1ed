"""The place of the output: refused early, shared safely, left as it was after a failure."""

from __future__ import annotations

import os
import shlex
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest, OutputFailed, VideoTask

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
