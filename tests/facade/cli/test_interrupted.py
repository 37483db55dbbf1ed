"""Ctrl-C in the real command, at each step: what it says is true, and what it says to run finishes the job."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

from .command import Command
from .conftest import GROK, interrupted

OUTPUT = "my  'best' kitten.mp4"  # what a shell would take apart, and a tidy line would squeeze
pytestmark = pytest.mark.chainhub_sandbox(pace=0)  # a process does not live by the sandbox's clock
VEO = ("--model", "veo_3_1", "--size", "1280x720", "--image", KITTEN)


def _last_line(
    arguments: Sequence[object],
    environment: dict[str, str],
    sandbox: Sandbox,
    step: str,
    times: int,
) -> str:
    """Run the command, interrupt it, and return its last line."""
    told, (*_, line) = interrupted(arguments, environment, Path(), sandbox, step, times)
    assert told == ""
    assert line.startswith("chainhub-video: interrupted; ")
    return line


@pytest.mark.parametrize(("wire", "step"), [(GROK, "query"), (VEO, "content")])
def test_the_command_that_is_printed_finishes_without_a_second_create(
    command: Command, chainhub_sandbox: Sandbox, environment: dict[str, str],
    wire: tuple[object, ...], step: str,
) -> None:  # fmt: skip
    """While `generate` or `resume` waits or downloads: exit 130, and one line; its command saves the video."""
    chainhub_sandbox.fault(step, "hang", times=2)
    output = command.folder / OUTPUT
    generate: list[object] = ["generate", "a kitten", *wire, "-o", OUTPUT]
    stopped: list[list[object]] = [generate, ["resume", OUTPUT]]
    for times, arguments in enumerate(stopped, 1):
        line = _last_line(arguments, environment, chainhub_sandbox, step, times)
        assert f"{output}.task.json" in line
        assert "is paid and goes on" in line
        printed = shlex.split(line[line.index("chainhub-video resume") :])
        assert printed == ["chainhub-video", "resume", str(output)]
        assert not output.exists()
    for finishing in (["resume", str(output)], generate):
        status, _, said = command(*finishing)
        assert status == 0, said
    assert output.read_bytes()[4:8] == b"ftyp"
    assert sorted(path.name for path in command.folder.iterdir()) == [OUTPUT, f"{OUTPUT}.task.json"]
    assert chainhub_sandbox.paid == 1


def test_an_interrupted_create_is_sent_again_only_when_that_is_said(
    command: Command, chainhub_sandbox: Sandbox, environment: dict[str, str]
) -> None:
    """Exit 130, and one line with what to check and what sends it again; without that, nothing is sent."""
    chainhub_sandbox.fault("create", "hang", moment="read", times=1)
    generate = ["generate", "a kitten", *VEO, "-o", OUTPUT]
    line = _last_line(generate, environment, chainhub_sandbox, "create", 1)

    receipt = str(command.folder / f"{OUTPUT}.task.json")
    refused = [command(*generate), command("resume", OUTPUT)]
    assert [ended.status for ended in refused] == [3, 3]
    for told in (line, *(ended.line for ended in refused)):
        for words in (receipt, "may have been paid", "usage log", "--resubmit-uncertain"):
            assert words in told
    assert chainhub_sandbox.paid == 0
    assert sum(request.step == "create" for request in chainhub_sandbox.requests) == 1
    assert command(*generate, "--resubmit-uncertain").status == 0
    assert chainhub_sandbox.paid == 1
