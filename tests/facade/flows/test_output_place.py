"""The place of the output: refused early, shared safely, left as it was after a failure."""

from __future__ import annotations

import hashlib
import os
import resource
import shlex
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    DownloadFailed,
    InvalidRequest,
    OutputFailed,
    TaskFailed,
    TaskStatus,
    VideoTask,
)
from chainhub_video.downloads.partfile import PartFile

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, names, whole
from tests.support.wires import Wire


def _save_by(how: str, hub: Any, wire: Wire, task: VideoTask, place: Path) -> None:
    if how == "download":
        hub.videos.download(task, place)
    else:
        wire.generate(hub, save_to=place)


@pytest.mark.parametrize("how", ["download", "generate"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_sent(
    hub: Any, wire: Wire, linked: VideoTask, gateway: Gateway, tmp_path: Path, how: str
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
        with pytest.raises(InvalidRequest, match=words):
            _save_by(how, hub, wire, linked, place)
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
    hub: Any, linked: VideoTask, elsewhere: Gateway, tmp_path: Path, video: bytes
) -> None:
    """If the system takes only half the file, the error says that the paid task can be saved elsewhere."""
    elsewhere.on(LINK, say(200, video, MP4))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(video) // 2, limits[1]))
    try:
        with pytest.raises(OutputFailed, match="save it elsewhere") as raised:
            hub.videos.download(linked, tmp_path / "x.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.task == linked
    told = str(raised.value)
    assert f"still at 127.0.0.1:{elsewhere.port}: " in told
    assert "s3cret" not in told
    command = shlex.split(told[told.index("chainhub-video download") :])
    assert command[2:] == ["--format", "unified", "-o", "FILE", "--", linked.id]
    assert f"videos.download({linked.id!r}, 'FILE', format='unified')" in told
    assert isinstance(raised.value.__cause__, OSError)
    assert names(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Ctrl-C in the middle, here from the progress callback, removes the part and keeps the old file."""
    target.write_bytes(b"old")
    elsewhere.on(LINK, say(200, video, MP4))

    def interrupt(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.videos.download(linked, target, on_progress=interrupt)
    assert target.read_bytes() == b"old"
    assert names(target.parent) == [target.name]


def test_a_callbacks_own_error_is_not_blamed_on_the_disk(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """An OSError that the caller's callback raises comes out as it is."""
    elsewhere.on(LINK, say(200, video, MP4))

    def broken(_done: int, _total: int | None) -> None:
        raise FileNotFoundError("mine")

    with pytest.raises(FileNotFoundError, match="mine"):
        hub.videos.download(linked, target, on_progress=broken)
    assert names(target.parent) == []


@pytest.mark.parametrize("status", [s for s in TaskStatus if s is not TaskStatus.COMPLETED])
def test_only_a_completed_task_is_saved(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, status: TaskStatus
) -> None:
    """A task that is not completed is refused with what it is; that is no wrong request, since it is paid."""
    kind, words = (
        (TaskFailed, "no video of it: why")
        if status is TaskStatus.FAILED
        else (DownloadFailed, "wait for it first")
    )
    with pytest.raises(kind, match=words):
        hub.videos.download(
            wire.task(status=status, raw_status="seen", failure_reason="why"), target
        )
    assert gateway.arrived == []


def test_a_task_that_nobody_has_asked_for_is_asked_for_first(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """An id is enough to save a video: it is asked for, and refused in its own words unless it is completed."""
    gateway.on("query", tell(wire.seen("video_upsampling")))
    with pytest.raises(DownloadFailed, match="is 'video_upsampling', and only a completed one"):
        hub.videos.download(wire.task_id, target)
    link = {} if wire.name == "openai" else {"video_url": f"{gateway.url}{LINK}"}
    gateway.on("query", tell(wire.seen("completed", **link)))
    gateway.on("content" if wire.name == "openai" else LINK, say(200, video, MP4))
    saved = hub.videos.download(wire.task_id, target)
    assert (saved.path.read_bytes(), saved.task.status) == (video, TaskStatus.COMPLETED)
    assert gateway.count("query") == 2


def test_the_umask_decides_who_may_read(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """The file has the rights of any file that the user makes."""
    elsewhere.on(LINK, say(200, video, MP4))
    before = os.umask(0o027)
    try:
        hub.videos.download(linked, target)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


_SAVE = """
    import sys
    from chainhub_video import ChainHub, TaskStatus, VideoTask
    base_url, link, target = sys.argv[1:]
    task = VideoTask(id="grok:1", format="unified", status=TaskStatus.COMPLETED, video_url=link)
    with ChainHub(base_url=base_url, api_key="the-key") as hub:
        print(hub.videos.download(task, target).sha256)
"""


def test_two_processes_may_save_to_one_path(
    gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Two downloads to one path do not write into each other's file: both report a whole video, and one is there."""
    half = len(video) // 2

    def slowly(wire: Any, _arrived: Arrived) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(video)}\r\n\r\n".encode()
        wire.sendall(head + video[:half])
        for _ in range(200):  # until the other one is in the middle as well
            if elsewhere.count(LINK) == 2:
                break
            time.sleep(0.05)
        wire.sendall(video[half:])
        return False

    elsewhere.on(LINK, Answer(slowly))
    command = [sys.executable, "-c", textwrap.dedent(_SAVE), gateway.url]
    running = [
        subprocess.Popen(
            [*command, f"{elsewhere.url}{LINK}", str(target)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60)[0].strip() for process in running]
    assert told == [hashlib.sha256(video).hexdigest()] * 2
    assert target.read_bytes() == video
    assert names(target.parent) == [target.name]


def test_what_a_killed_process_left_is_taken_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A part file that a killed process left behind is neither trusted nor in the way."""
    target.with_name("kitten.mp4.chainhub.part").write_bytes(b"\0" * 5_000_000)
    elsewhere.on(LINK, say(200, video, MP4))
    whole(hub.videos.download(linked, target), target, video)


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
    victim = path.with_name("victim")
    victim.write_text("precious")
    path.symlink_to(victim)


def _second_name(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_text("precious")
    path.hardlink_to(victim)


OTHERS = [_fifo, _listening, _folder, _link, _second_name]


@pytest.mark.parametrize("plant", OTHERS)
def test_what_is_not_ours_under_the_part_files_name_is_not_touched(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    plant: Callable[[Path], None],
) -> None:
    """Whatever somebody has put under the name of our part file stays as it is, and the video is saved beside it."""
    elsewhere.on(LINK, say(200, video, MP4))
    planted = target.with_name("kitten.mp4.chainhub.part")
    plant(planted)
    before = (planted.lstat().st_mode, planted.lstat().st_ino, names(target.parent))
    hub.videos.download(linked, target)
    assert target.read_bytes() == video
    after = sorted({*names(target.parent)} - {target.name})
    assert (planted.lstat().st_mode, planted.lstat().st_ino, after) == before
    if (victim := target.with_name("victim")).exists():
        assert victim.read_text() == "precious"


def test_another_programs_part_file_is_not_touched(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """`kitten.mp4.part` is what a browser calls its own download: it stays, byte for byte."""
    theirs = target.with_name("kitten.mp4.part")
    theirs.write_bytes(b"half a download of a browser")
    elsewhere.on(LINK, say(200, video, MP4))
    hub.videos.download(linked, target)
    assert theirs.read_bytes() == b"half a download of a browser"
    assert names(target.parent) == [target.name, theirs.name]


@pytest.mark.parametrize("how", ["download", "generate"])
@pytest.mark.parametrize("make", [_fifo, _listening, _device])
def test_a_special_file_is_refused_as_output_before_anything_is_sent(
    hub: Any,
    wire: Wire,
    linked: VideoTask,
    gateway: Gateway,
    target: Path,
    how: str,
    make: Callable[[Path], None],
) -> None:
    """A FIFO, a socket or a device, also by way of a link, is refused at no cost, and stays what it is."""
    make(target)
    link = target.with_name("link.mp4")
    link.symlink_to(target)
    before = target.lstat()
    for place in (target, link):
        with pytest.raises(InvalidRequest, match=r"is a (FIFO|socket|device), and must be"):
            _save_by(how, hub, wire, linked, place)
    assert (target.lstat().st_mode, target.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert gateway.arrived == []
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
    hub: Any, linked: VideoTask, elsewhere: Gateway, tmp_path: Path, video: bytes, there: str
) -> None:
    """The link stays, the file that it leads to is replaced or made, and no part file is left in either folder."""
    (tmp_path / "large disk").mkdir()
    real = tmp_path / "large disk" / "real.mp4"
    if there == "old file":
        real.write_bytes(b"old")
    link = tmp_path / "kitten.mp4"
    link.symlink_to(Path("large disk") / "real.mp4")
    elsewhere.on(LINK, say(200, video, MP4))
    saved = hub.videos.download(linked, link)
    assert (saved.path, link.is_symlink(), real.read_bytes()) == (link, True, video)
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
