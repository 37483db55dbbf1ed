"""`create`, and where a prompt comes from: what is sent, what is printed, and what is never paid twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from .command import Command
from .conftest import COMMAND, GROK


def test_create_prints_the_id_and_nothing_else(command: Command, chainhub_sandbox: Sandbox) -> None:
    """One paid task, its id alone on standard output, nothing on standard error, and no file."""
    assert command("create", "a kitten", *GROK) == (0, [chainhub_sandbox.tasks[0].id], [])
    status, (told,), said = command("create", "a kitten", *GROK, "--json")
    assert json.loads(told)["id"] == chainhub_sandbox.tasks[1].id
    assert (status, said, chainhub_sandbox.paid) == (0, [], 2)
    assert list(Path().iterdir()) == []


def test_a_create_of_unknown_outcome_is_3(command: Command, chainhub_sandbox: Sandbox) -> None:
    """It is sent once, and the line says that it may have been paid, and where to look."""
    chainhub_sandbox.fault("create", "close", moment="read", times=1)
    ended = command("create", "a kitten", *GROK)
    assert (ended.status, ended.told) == (3, [])
    assert "may have been paid" in ended.line
    assert "usage log" in ended.line
    assert sum(request.step == "create" for request in chainhub_sandbox.requests) == 1


def test_an_id_that_cannot_be_printed_is_not_lost(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    """If nobody reads standard output any more, the paid task's id is on standard error, and the status is 1."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [COMMAND, "create", "a kitten", *GROK], env=environment, cwd=tmp_path, stdout=write,
        stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    (line,) = done.stderr.splitlines()
    assert f"task {sandbox.tasks[-1].id} is paid" in line
    assert done.returncode == 1


def test_a_prompt_comes_from_the_argument_a_file_or_standard_input(
    command: Command, chainhub_sandbox: Sandbox
) -> None:
    """Whatever it holds arrives as it is, but for a byte order mark and the line's end."""
    words = "a [red]kitten[/red] \u202b\u05d7\u05ea\u05d5\u05dc\u202c 🐈\n\nin two paragraphs"
    Path("prompt.txt").write_text(f"\ufeff{words}\r\n", "utf-8", newline="")
    for arguments in ([words], ["--prompt-file", "prompt.txt"], ["-"], ["--prompt-file", "-"]):
        status, _, said = command("create", *arguments, *GROK, stdin=f"{words}\n")
        assert (status, said) == (0, [])
    paid = [(each.body or {})["prompt"] for each in chainhub_sandbox.creates for _ in each.tasks]
    assert paid == [words] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--prompt-file", "prompt.txt"], "give the prompt once"),
        ([], "give the prompt once"),
        (["--prompt-file", "none.txt"], "'none.txt' cannot be read"),
        (["--prompt-file", "picture.png"], "'picture.png' is no text in UTF-8"),
        (["--prompt-file", "empty.txt"], "prompt is empty"),
        (["--prompt-file", "long.txt"], "longer than 1,000,000 bytes"),
    ],
)
def test_a_prompt_that_is_none_sends_nothing(
    command: Command, chainhub_sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    """Given twice, not at all, unreadable or no text: exit status 2, one line, and nothing is sent."""
    Path("picture.png").write_bytes(b"\x89PNG\r\n")
    Path("empty.txt").touch()
    Path("long.txt").write_text("x" * 1_000_001)
    assert words in command.mistake("create", *arguments, *GROK)
    assert chainhub_sandbox.requests == []
