"""`create`, and where a prompt comes from: what is sent, what is printed, and what is never paid twice."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from .conftest import COMMAND, Ends

GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")


def _paid_prompts(gateway: Sandbox) -> list[str]:
    return [str((create.body or {})["prompt"]) for create in gateway.creates for _ in create.tasks]


def test_create_prints_the_id_and_nothing_else(ends: Ends, chainhub_sandbox: Sandbox) -> None:
    """One paid task, its id alone on standard output, nothing on standard error, and no file."""
    status, told, said = ends("create", "a kitten", *GROK)
    assert (status, told, said) == (0, [chainhub_sandbox.tasks[0].id], [])
    status, told, said = ends("create", "a kitten", *GROK, "--json")
    assert json.loads(told[0])["id"] == chainhub_sandbox.tasks[1].id
    assert (status, said, chainhub_sandbox.paid) == (0, [], 2)
    assert list(Path().iterdir()) == []


def test_a_create_of_unknown_outcome_is_3(ends: Ends, chainhub_sandbox: Sandbox) -> None:
    """It is sent once, and the line says that it may have been paid, and where to look."""
    chainhub_sandbox.fault("create", "close", moment="read", times=1)
    status, told, (line,) = ends("create", "a kitten", *GROK)
    assert (status, told) == (3, [])
    assert "may have been paid" in line
    assert "usage log" in line
    assert sum(request.step == "create" for request in chainhub_sandbox.requests) == 1


def test_an_id_that_cannot_be_printed_is_not_lost(
    gateway: Sandbox, environment: dict[str, str], tmp_path: Path
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
    assert f"task {gateway.tasks[-1].id} is paid" in line
    assert done.returncode == 1


def test_a_prompt_comes_from_the_argument_a_file_or_standard_input(
    ends: Ends, chainhub_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it holds arrives as it is, but for a byte order mark and the line's end."""
    words = "a [red]kitten[/red] \u202b\u05d7\u05ea\u05d5\u05dc\u202c 🐈\n\nin two paragraphs"
    Path("prompt.txt").write_text(f"\ufeff{words}\r\n", "utf-8", newline="")
    for arguments in ([words], ["--prompt-file", "prompt.txt"], ["-"], ["--prompt-file", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words.encode() + b"\n")))
        status, _, said = ends("create", *arguments, *GROK)
        assert (status, said) == (0, [])
    assert _paid_prompts(chainhub_sandbox) == [words] * 4


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
    ends: Ends, chainhub_sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    """Given twice, not at all, unreadable or no text: exit status 2, one line, and nothing is sent."""
    Path("picture.png").write_bytes(b"\x89PNG\r\n")
    Path("empty.txt").touch()
    Path("long.txt").write_text("x" * 1_000_001)
    status, told, (line,) = ends("create", *arguments, *GROK)
    assert (status, told) == (2, [])
    assert words in line
    assert chainhub_sandbox.requests == []
