"""What a person at a terminal sees, and what Ctrl-C leaves behind."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

from chainhub_sandbox import Sandbox
from chainhub_video.cli.console import one_line

from tests.support.places import KITTEN

from .conftest import COMMAND
from .terminal import in_terminal

GROK = [COMMAND, "generate", "x", "--model", "grok-video-3", "--aspect-ratio", "1:1"]


def test_a_terminal_shows_state_percent_and_elapsed_time(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """On a pseudo terminal one live line is redrawn, and is gone at the end."""
    with Sandbox(fast=True, pace=0.8) as gateway:
        status, result, screen = in_terminal(
            ["generate", "x", "--model", "veo_3_1", "--size", "1280x720", "--image", KITTEN, "-o", "out.mp4"],
            {**environment, "CHAINHUB_BASE_URL": gateway.url},
            tmp_path,
        )  # fmt: skip

    assert status == 0, screen
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert "submitting" in seen
    assert re.search(r"[\r\n]task video_[\w-]+\r?\n", seen)
    assert re.search(r"queued .* 0% \d:\d\d", seen)
    assert "100%" in seen
    assert len(set(re.findall(r"% (\d:\d\d)", seen))) >= 2
    assert screen.rstrip().endswith(("\x1b[2K", "\x1b[?25h"))
    assert "out.mp4" in result


def test_ctrl_c_names_the_task_and_how_to_go_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Exit status 130, one line with the id, and the command in it saves the video."""
    with Sandbox(fast=True, pace=30) as slow:
        environment["CHAINHUB_BASE_URL"] = slow.url
        with subprocess.Popen(
            [*map(str, GROK), "-o", "out.mp4"],
            env=environment,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            first = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            last = process.stderr.read()

        assert slow.paid == 1
    (task_id,) = re.findall(r"grok:[\w-]+", first)
    assert process.returncode == 130
    (line,) = last.splitlines()
    assert task_id in line
    assert f"chainhub-video resume {tmp_path / 'out.mp4'}" in line
    assert "out.mp4.task.json" in line
    assert not (tmp_path / "out.mp4").exists()


def test_what_the_gateway_says_cannot_steer_the_terminal() -> None:
    """Escapes, line breaks and other control characters become blanks."""
    assert one_line("a\x1b[2Jb\r\nc\x07\u202e d") == "a [2Jb c d"
