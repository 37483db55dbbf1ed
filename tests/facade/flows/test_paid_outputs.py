"""Failures on this side after a create is paid: each says how to go on, and none is exit status 2."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest, OutputFailed, TaskStatus, VideoTask
from chainhub_video.cli.app import run
from chainhub_video.downloads.partfile import PartFile
from chainhub_video.runtime import SystemClock, using

from tests.support.answering import silence, tell
from tests.support.downloads import Download
from tests.support.drivers import every_format
from tests.support.interrupting import press
from tests.support.jobs import Job
from tests.support.receipted import first_then, known, path_of, read, script
from tests.support.scripted import Gateway
from tests.support.videos import LINK, names
from tests.support.wires import OPENAI, UNIFIED


class Hasty(SystemClock):
    """A clock on which nobody waits for long."""

    def sleep(self, seconds: float, /) -> None:  # type: ignore[override]
        """Let a moment pass."""
        time.sleep(min(seconds, 0.002))


CREATE = "generate", "A kitten", "--model", "grok-video-3", "--aspect-ratio", "3:2", "-o"


@dataclass
class Command:
    """The command in this process, for a paid create of the unified format.

    Attributes:
        gateway: scripted for it.
        output: where its video would go.
        video: what is downloaded.
        shown: what it shows.
    """

    gateway: Gateway
    output: Path
    video: bytes
    shown: pytest.CaptureFixture[str]

    def run(self, *words: object) -> tuple[int, str]:
        """Run it; return its exit status, and the last line of its errors."""
        status = run([str(word) for word in words])
        *_, line = ["", *self.shown.readouterr().err.splitlines()]
        return status, line

    def create(self) -> tuple[int, str]:
        """Create a video."""
        return self.run(*CREATE, self.output)

    def completes(self, happens: Callable[[], Any] = lambda: None) -> None:
        """Have the task completed from now on, after something else has happened."""
        seen = UNIFIED.seen("completed", video_url=self.gateway.url + LINK)
        self.gateway.on("query", first_then(happens, tell(seen)))


@pytest.fixture
def command(
    gateway: Gateway,
    tmp_path: Path,
    video: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Command]:
    """The command, with a gateway that answers it well."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "the-key")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    script(gateway, UNIFIED, video)
    (tmp_path / "videos").mkdir()
    with using(clock=Hasty()):
        yield Command(gateway, tmp_path / "videos" / "kitten.mp4", video, capsys)


@pytest.mark.parametrize("missing", [300, 5000], ids=["last bytes do not fit", "half does not fit"])
def test_a_disk_that_fills_up_is_exit_1_and_the_printed_command_saves_it_elsewhere(
    command: Command, limit_files: Callable[[int], None], missing: int
) -> None:
    """One line with the task, its receipt and two commands: one saves to another place, one here once there is room."""
    output, receipt = command.output, path_of(command.output)
    command.completes(lambda: limit_files(max(10, len(command.video) - missing)))
    status, line = command.create()
    limit_files(1 << 30)
    assert status == 1
    place = f"still at 127.0.0.1:{command.gateway.port}"
    for words in (UNIFIED.task_id, "File too large", place, str(receipt)):
        assert words in line
    assert names(output.parent) == [receipt.name]
    command.completes()
    other = output.with_name("elsewhere.mp4")
    elsewhere = shlex.split(line[line.index("chainhub-video download") :])
    assert command.run(*(other if word == "FILE" else word for word in elsewhere[1:8]))[0] == 0
    assert other.read_bytes() == command.video
    again = shlex.split(line[line.index("chainhub-video resume") :])
    assert command.run(*again[1:3])[0] == 0
    assert output.read_bytes() == command.video
    assert command.gateway.count("create") == 1


LOSSES: dict[str, Callable[[Path], Any]] = {
    "its folder is gone": lambda output: shutil.rmtree(output.parent),
    "it is a folder": lambda output: output.mkdir(),
    "it is a FIFO": lambda output: os.mkfifo(output),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_place_that_is_lost_meanwhile_is_exit_1(command: Command, loss: str) -> None:
    """A folder that is gone, and an output that has become something else, after the create, name the paid task."""
    command.completes(lambda: LOSSES[loss](command.output))
    status, line = command.create()
    assert status == 1
    assert f"task {UNIFIED.task_id} is paid" in line
    assert "chainhub-video download --format unified -o FILE --" in line
    assert not list(command.output.parent.glob("*.part"))


@every_format
@pytest.mark.parametrize("odd", ["..", ".", "video\n1", "video_\x00\u202e1"], ids=ascii)
def test_an_id_that_cannot_stand_in_an_address_is_no_wrong_request(job: Job, odd: str) -> None:
    """The paid task is named, with its receipt, and nothing goes to another address than the task's.

    The same kind of id, typed, is the caller's mistake.
    """
    job.gateway.on("create", tell(job.wire.created(id=odd)))
    for _ in range(2):
        with pytest.raises(OutputFailed, match="cannot stand in an address") as raised:
            job.generate()
        assert raised.value.task is not None
        assert raised.value.task.id == odd == job.read()["task"]["id"]
        assert raised.value.receipt == str(job.receipt)
        assert repr(odd) in str(raised.value)
    task = job.create()
    for ask in (job.hub.videos.retrieve, job.hub.videos.wait):
        with pytest.raises(OutputFailed, match="cannot stand in an address") as raised:
            ask(task)
        assert raised.value.task == task
        with pytest.raises(InvalidRequest):
            ask("typed\n", format=job.wire.name)
    assert [arrived.step for arrived in job.gateway.arrived] == ["create", "create"]
    with pytest.raises(OutputFailed, match="cannot stand in an address"):
        job.resume()
    if job.wire is OPENAI:
        done = job.wire.task(id=odd, status=TaskStatus.COMPLETED, raw_status="completed")
        with pytest.raises(OutputFailed, match="cannot stand in an address"):
            job.hub.videos.download(done, job.target)


def test_an_odd_id_is_exit_1(command: Command) -> None:
    """The command says the same in one line."""
    command.gateway.on("create", tell(UNIFIED.created(id="..")))
    status, line = command.create()
    assert status == 1
    assert "the paid task the id '..'" in line
    assert "usage log" in line
    assert "chainhub-video resume" not in line


def test_an_interruption_of_the_download_is_exit_130(command: Command) -> None:
    """Ctrl-C after the create keeps its own exit status."""
    command.gateway.on(LINK, first_then(press, silence()))
    assert command.create()[0] == 130


@pytest.mark.parametrize("state", ["submitted", "saved"])
@pytest.mark.parametrize(("kind", "loss"), [("FIFO", "it is a FIFO"), ("folder", "it is a folder")])
def test_a_second_run_does_not_send_a_payer_to_another_output(
    job: Job, state: str, kind: str, loss: str
) -> None:
    """Where a receipt has a task, an output that cannot be written is no wrong request: another one would pay again."""
    result = {"size": 5, "sha256": "0" * 64, "verified": "length"} if state == "saved" else None
    job.leave(state, task=known(job.wire), result=result)
    LOSSES[loss](job.target)
    for again in (job.generate, job.resume):
        with pytest.raises(OutputFailed, match=f"is a {kind}") as raised:
            again()
        assert raised.value.receipt == str(job.receipt)
        assert f"videos.download({job.wire.task_id!r}" in str(raised.value)
    job.receipt.unlink()
    with pytest.raises(InvalidRequest, match=f"is a {kind}"):
        job.generate()
    assert job.gateway.arrived == []


REFUSALS: dict[str, tuple[Any, str, int]] = {
    "sync of the file": (os, "fsync", 1),
    "sync of its folder": (os, "fsync", 2),
    "rename": (Path, "replace", 1),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_whatever_the_system_refuses_is_an_output_that_failed(
    download: Download, linked: VideoTask, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    """A failing sync or rename never comes out as the system's own error."""
    download.elsewhere.on(LINK, download.served())
    owner, name, number = REFUSALS[refusal]
    really, calls = getattr(owner, name), itertools.count(1)

    def refuse(*arguments: Any, **named: Any) -> Any:
        if next(calls) == number:
            raise OSError(errno.EIO, "Input/output error")
        return really(*arguments, **named)

    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(OutputFailed, match="Input/output error") as raised:
        download.save(linked)
    monkeypatch.undo()
    assert raised.value.task == linked
    assert isinstance(raised.value.__cause__, OSError)


def test_a_full_disk_does_not_speak_twice(
    target: Path, video: bytes, limit_files: Callable[[int], None]
) -> None:
    """What is still in the buffer when a part file is dropped is not refused once more."""
    part = PartFile(target)
    part.write(video[:100])
    limit_files(10)
    with pytest.raises(OSError, match="too large"):
        part.finish()
    part.discard()
    assert names(target.parent) == []


def test_json_says_what_was_verified(command: Command) -> None:
    """`--json` has it, the first time and from the receipt, and so has the receipt itself."""
    for _ in range(2):
        assert run([*CREATE, str(command.output), "--json"]) == 0
        assert json.loads(command.shown.readouterr().out)["verified"] == "length"
    assert read(command.output)["result"]["verified"] == "length"
