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
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import InvalidRequest, OutputFailed, TaskStatus
from chainhub_video.cli.app import run
from chainhub_video.downloads.partfile import PartFile
from chainhub_video.runtime import SystemClock, using

from tests.support.answering import say, silence, tell
from tests.support.drivers import every_format
from tests.support.interrupting import press
from tests.support.jobs import Job
from tests.support.receipted import first_then, known, path_of, script, step_of
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, names
from tests.support.wires import OPENAI, UNIFIED

GROK = ["--model", "grok-video-3", "--aspect-ratio", "3:2"]


class Hasty(SystemClock):
    """A clock on which nobody waits for long."""

    def sleep(self, seconds: float, /) -> None:  # type: ignore[override]
        """Let a moment pass."""
        time.sleep(min(seconds, 0.002))


@pytest.fixture
def command(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The command in this process, for a paid create of the unified format; gives its exit status."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "the-key")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    with using(clock=Hasty()):
        yield lambda *words: run([str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the video would go."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


CREATE = ["generate", "A kitten", *GROK, "-o"]


@pytest.mark.parametrize("missing", [300, 5000], ids=["last bytes do not fit", "half does not fit"])
def test_a_disk_that_fills_up_is_exit_1_and_the_printed_command_saves_it_elsewhere(
    command: Callable[..., int],
    gateway: Gateway,
    folder: Path,
    video: bytes,
    capsys: pytest.CaptureFixture[str],
    limit_files: Callable[[int], None],
    missing: int,
) -> None:
    """One line with the task, its receipt and two commands: one saves to another place, one here once there is room."""
    size = max(10, len(video) - missing)
    script(gateway, UNIFIED, video, look=lambda: limit_files(1 << 30))
    gateway.on("query", first_then(lambda: limit_files(size), _completed(gateway)))
    output = folder / "kitten.mp4"

    assert command(*CREATE, output) == 1

    limit_files(1 << 30)
    gateway.on("query", _completed(gateway))
    *_, line = capsys.readouterr().err.splitlines()
    for words in (
        UNIFIED.task_id,
        "File too large",
        f"still at 127.0.0.1:{gateway.port}",
        str(path_of(output)),
    ):
        assert words in line
    assert names(folder) == [path_of(output).name]
    elsewhere = shlex.split(line[line.index("chainhub-video download") :])
    other = folder / "elsewhere.mp4"
    arguments = [str(other) if word == "FILE" else word for word in elsewhere[1:8]]
    assert command(*arguments) == 0
    assert other.read_bytes() == video
    again = shlex.split(line[line.index("chainhub-video resume") :])
    assert command(*again[1:3]) == 0
    assert output.read_bytes() == video
    assert gateway.count("create") == 1


def _completed(gateway: Gateway) -> Any:
    return tell(UNIFIED.seen("completed", video_url=gateway.url + LINK))


LOSSES: dict[str, Callable[[Path], Any]] = {
    "its folder is gone": lambda output: shutil.rmtree(output.parent),
    "it is a folder": lambda output: output.mkdir(),
    "it is a FIFO": lambda output: os.mkfifo(output),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_place_that_is_lost_meanwhile_is_exit_1(
    command: Callable[..., int],
    gateway: Gateway,
    folder: Path,
    video: bytes,
    capsys: pytest.CaptureFixture[str],
    loss: str,
) -> None:
    """A folder that is gone, and an output that has become something else, after the create, name the paid task."""
    output = folder / "kitten.mp4"
    script(gateway, UNIFIED, video)
    gateway.on("query", first_then(lambda: LOSSES[loss](output), _completed(gateway)))
    assert command(*CREATE, output) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert f"task {UNIFIED.task_id} is paid" in line
    assert "chainhub-video download --format unified -o FILE --" in line
    assert not list(folder.glob("*.part"))


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


def test_an_odd_id_is_exit_1(
    command: Callable[..., int], gateway: Gateway, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says the same in one line."""
    gateway.on("create", tell(UNIFIED.created(id="..")))
    assert command(*CREATE, target) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert "the paid task the id '..'" in line
    assert "usage log" in line
    assert "chainhub-video resume" not in line


def test_an_interruption_of_the_download_is_exit_130(job: Job, command: Callable[..., int]) -> None:
    """Ctrl-C after the create keeps its own exit status."""
    script(job.gateway, UNIFIED, job.video)
    job.gateway.on(step_of("download", UNIFIED), first_then(press, silence()))
    assert command(*CREATE, job.target) == 130


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


@pytest.mark.parametrize(
    ("owner", "name", "number"),
    [(os, "fsync", 1), (os, "fsync", 2), (Path, "replace", 1)],
    ids=["sync of the file", "sync of its folder", "rename"],
)
def test_whatever_the_system_refuses_is_an_output_that_failed(
    hub: Any,
    linked: Any,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    number: int,
) -> None:
    """A failing sync or rename never comes out as the system's own error."""
    elsewhere.on(LINK, say(200, video, MP4))
    really, calls = getattr(owner, name), itertools.count(1)

    def refuse(*arguments: Any, **named: Any) -> Any:
        if next(calls) == number:
            raise OSError(errno.EIO, "Input/output error")
        return really(*arguments, **named)

    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(OutputFailed, match="Input/output error") as raised:
        hub.videos.download(linked, target)
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


def test_json_says_what_was_verified(
    job: Job, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` has it, the first time and from the receipt, and so has the receipt itself."""
    script(job.gateway, UNIFIED, job.video)
    for _ in range(2):
        assert command(*CREATE, job.target, "--json") == 0
        assert json.loads(capsys.readouterr().out)["verified"] == "length"
    assert job.read()["result"]["verified"] == "length"
