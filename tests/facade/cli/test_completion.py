"""What shells ask the command while somebody types, by their own protocol."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import COMMAND, Ends, Run

COMPLETE = "_CHAINHUB_VIDEO_COMPLETE"


def _asked(line: str, shell: str, environment: dict[str, str]) -> str:
    words = line.split(" ")
    told = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [COMMAND], env={**environment, COMPLETE: f"complete_{shell}", **told}, capture_output=True,
        text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "line", "offered", "not_offered"),
    [
        ("bash", "chainhub-video generate --model veo2", ["veo2", "veo2-fast-frames"], ["veo3", "sora-2"]),
        ("zsh", "chainhub-video create x --model grok", ["grok-video-3"], ["veo_3_1"]),
        ("fish", "chainhub-video wait ID --format u", ["unified"], ["openai"]),
    ],
)  # fmt: skip
def test_commands_models_and_formats_are_completed(
    environment: dict[str, str], shell: str, line: str, offered: list[str], not_offered: list[str]
) -> None:
    """A shell that asks is given what begins as the word does, and nothing else."""
    told = _asked(line, shell, environment)
    for word in offered:
        assert word in told
    for word in not_offered:
        assert word not in told


def test_the_scripts_that_shells_need(run: Run) -> None:
    """`--show-completion` prints what sets it up, and bash reads it."""
    shown = run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert shown.returncode == 0, shown.stderr
    assert f"{COMPLETE}=complete_bash" in shown.stdout
    read = subprocess.run(
        ["bash", "--norc", "-c", f"{shown.stdout}\ncomplete -p chainhub-video"], capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert "chainhub-video" in read.stdout


def test_a_mistyped_command_or_option_has_a_suggestion(here: Ends) -> None:
    """The nearest one is named; exit status 2."""
    command, option = here("genrate"), here("wait", "x", "--timout", "3")
    assert (command[0], option[0]) == (2, 2)
    assert "Did you mean 'generate'" in command[2][0]
    assert "--timeout" in option[2][0]
