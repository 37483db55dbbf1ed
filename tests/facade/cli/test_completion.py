"""What shells ask the command while somebody types, by their own protocol."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import COMMAND

COMPLETE = "_CHAINHUB_VIDEO_COMPLETE"


@pytest.mark.parametrize(
    ("line", "asked", "offered", "not_offered"),
    [
        pytest.param(
            "chainhub-video generate --model veo2",
            {"COMP_WORDS": "{line}", "COMP_CWORD": "3", COMPLETE: "complete_bash"},
            ["veo2", "veo2-fast-frames"], ["veo3", "sora-2"], id="bash",
        ),
        pytest.param(
            "chainhub-video wait ID --format u",
            {"_TYPER_COMPLETE_ARGS": "{line}", "_TYPER_COMPLETE_FISH_ACTION": "get-args", COMPLETE: "complete_fish"},
            ["unified"], ["openai"], id="fish",
        ),
    ],
)  # fmt: skip
def test_commands_models_and_formats_are_completed(
    environment: dict[str, str],
    line: str,
    asked: dict[str, str],
    offered: list[str],
    not_offered: list[str],
) -> None:
    """A shell that asks is given what begins as the word does, and nothing else."""
    variables = {name: text.format(line=line) for name, text in asked.items()}
    done = subprocess.run(
        [COMMAND], env={**environment, **variables}, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert done.stderr == ""
    assert all(word in done.stdout for word in offered)
    assert not any(word in done.stdout for word in not_offered)


def test_the_scripts_that_shells_need(environment: dict[str, str]) -> None:
    """`--show-completion` prints what sets it up, and bash reads it."""
    script = 'source <("$0" --show-completion bash) && complete -p chainhub-video'
    read = subprocess.run(
        ["bash", "--norc", "-c", script, COMMAND], capture_output=True, text=True, check=True, timeout=60,
        env={**environment, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )  # fmt: skip
    assert "chainhub-video" in read.stdout
