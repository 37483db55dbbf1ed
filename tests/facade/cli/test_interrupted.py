"""Ctrl-C in the real command, at each step: what it says is true, and what it says to run finishes the job."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

from .conftest import COMMAND, Run

OUTPUT = "my  'best' kitten.mp4"  # what a shell would take apart, and a tidy line would squeeze
GENERATE = {
    "openai": ("--model", "veo_3_1", "--size", "1280x720", "--image", KITTEN),
    "unified": ("--model", "grok-video-3", "--aspect-ratio", "1:1"),
}
DOWNLOAD = {"openai": "content", "unified": "link"}


@pytest.fixture
def stuck(environment: dict[str, str]) -> Iterator[Sandbox]:
    """A sandbox of its own, in which something can hang."""
    with Sandbox(fast=True) as sandbox:
        environment["CHAINHUB_BASE_URL"] = sandbox.url
        yield sandbox


def _interrupted(
    command: Sequence[object],
    environment: dict[str, str],
    folder: Path,
    sandbox: Sandbox,
    step: str,
) -> str:
    """Run a command, press Ctrl-C when the sandbox hangs at a step, and return the line that it ends with."""
    with subprocess.Popen(
        [COMMAND, *map(str, command)], env=environment, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 30
        while not any(request.step == step for request in sandbox.requests):
            assert time.monotonic() < deadline, f"no {step} arrived"
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told, told_why = process.communicate(timeout=30)
    assert process.returncode == 130, told_why
    assert told == ""
    assert "Traceback" not in told_why
    *_, line = told_why.splitlines()
    assert line.startswith("chainhub-video: interrupted; ")
    return line


@pytest.mark.parametrize(("form", "step"), [("unified", "query"), ("openai", "download")])
def test_the_command_that_is_printed_finishes_without_a_second_create(
    run: Run, stuck: Sandbox, environment: dict[str, str], tmp_path: Path, form: str, step: str
) -> None:
    """While it waits or downloads: exit 130, and one line; its command, as printed, saves the video."""
    at = DOWNLOAD[form] if step == "download" else step
    stuck.fault(at, "hang", times=1)
    command = ["generate", "a kitten", *GENERATE[form], "-o", OUTPUT]

    line = _interrupted(command, environment, tmp_path, stuck, at)

    assert str(tmp_path / f"{OUTPUT}.task.json") in line
    assert "is paid and goes on" in line
    assert not (tmp_path / OUTPUT).exists()
    program, *arguments = shlex.split(line[line.index("chainhub-video resume") :])
    assert (program, *arguments) == ("chainhub-video", "resume", str(tmp_path / OUTPUT))
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / OUTPUT).read_bytes()[4:8] == b"ftyp"
    assert stuck.paid == 1
    again = run(*command)
    assert again.returncode == 0
    assert stuck.paid == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [OUTPUT, f"{OUTPUT}.task.json"]


def test_an_interrupted_create_is_sent_again_only_when_that_is_said(
    run: Run, stuck: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    """Exit 130, and one line with what to check and what sends it again; without that, nothing is sent."""
    stuck.fault("create", "hang", moment="read", times=1)
    command = ["generate", "a kitten", *GENERATE["openai"], "-o", OUTPUT]

    line = _interrupted(command, environment, tmp_path, stuck, "create")

    receipt = str(tmp_path / f"{OUTPUT}.task.json")
    for words in (receipt, "may have been paid", "usage log", "--resubmit-uncertain"):
        assert words in line
    for arguments in (command, ["resume", OUTPUT]):
        refused = run(*arguments)
        assert refused.returncode == 3
        (told,) = refused.stderr.splitlines()
        for words in (receipt, "may have been paid", "usage log", "--resubmit-uncertain"):
            assert words in told
    assert stuck.paid == 0
    assert sum(request.step == "create" for request in stuck.requests) == 1
    done = run(*command, "--resubmit-uncertain")
    assert done.returncode == 0, done.stderr
    assert stuck.paid == 1


def test_an_interrupted_resume_can_be_resumed(
    run: Run, stuck: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    """Ctrl-C in `resume` ends it as it ends `generate`, with the same line, at the output it was at."""
    made = run("generate", "x", *GENERATE["unified"], "-o", OUTPUT, "--timeout", "0")
    assert made.returncode == 4
    stuck.fault("link", "hang", times=1)

    line = _interrupted(["resume", OUTPUT], environment, tmp_path, stuck, "link")

    _, *arguments = shlex.split(line[line.index("chainhub-video resume") :])
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert stuck.paid == 1
