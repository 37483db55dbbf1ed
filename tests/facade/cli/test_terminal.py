"""What a person at a terminal sees while something runs: one or several lines, redrawn, and gone at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub
from chainhub_video.cli.app import run

from tests.support.places import KITTEN

from .command import Command
from .terminal import at_terminal, in_terminal, lines_of

VEO = ("--model", "veo_3_1", "--size", "1280x720", "--image", KITTEN)
GONE = ("\x1b[2K", "\x1b[?25h")  # how a screen ends whose last drawing is gone


@pytest.fixture
def slow(environment: dict[str, str]) -> Iterator[Sandbox]:
    """A sandbox whose tasks can be watched."""
    with Sandbox(fast=True, pace=0.4) as gateway:
        environment["CHAINHUB_BASE_URL"] = gateway.url
        yield gateway


@pytest.mark.usefixtures("slow")
def test_state_percent_and_elapsed_time(environment: dict[str, str], tmp_path: Path) -> None:
    """One live line is redrawn while `generate` runs with the key and the address of its environment, and then gone."""
    arguments = ["generate", "x", *VEO, "-o", "out.mp4"]
    status, result, screen = in_terminal(arguments, environment, tmp_path)
    assert status == 0, screen
    seen = "\n".join(lines_of(screen))
    assert "submitting" in seen
    assert re.search(r"^task video_[\w-]+$", seen, re.MULTILINE)
    assert re.search(r"queued .* 0% \d:\d\d", seen)
    assert "100%" in seen
    assert len(set(re.findall(r"% (\d:\d\d)", seen))) >= 2
    assert screen.rstrip().endswith(GONE)
    assert result.startswith(f"{tmp_path / 'out.mp4'} (")


@pytest.mark.usefixtures("slow")
def test_a_batch_shows_a_table(environment: dict[str, str], tmp_path: Path) -> None:
    """There is a line for each running row, and totals; all of it is gone at the end."""
    (tmp_path / "rows.csv").write_text(
        "prompt,model,aspect_ratio,name\na,grok-video-3,3:2,kitten\nb,grok-video-3,1:1,\n"
    )
    arguments = ["batch", "run", "rows.csv", "--out", "videos"]
    status, summary, screen = in_terminal(arguments, environment, tmp_path)
    assert status == 0, screen
    seen = "\n".join(lines_of(screen))
    assert re.search(r"1 +kitten +\w+", seen)
    assert re.search(r"\d of 2 rows", seen)
    assert summary.startswith("2 rows: 2 saved\n")
    assert screen.rstrip().endswith(GONE)


def test_several_tasks_on_a_narrow_terminal(
    environment: dict[str, str], tmp_path: Path, slow: Sandbox
) -> None:
    """At 40 columns each task keeps its line, none is wrapped, and every result stays on the screen."""
    with ChainHub(base_url=slow.url, api_key="sandbox") as hub:
        ids = [
            hub.videos.create(prompt, model="grok-video-3", aspect_ratio="1:1").id
            for prompt in ("one", "two")
        ]
    status, _, screen = in_terminal(["wait", *ids], environment, tmp_path, columns=40, whole=True)
    assert status == 0, screen
    lines = lines_of(screen)
    for each in ids:
        assert f"completed 100% (task {each})" in lines
        drawn = [line for line in lines if line[2:].startswith(each[:8])]
        assert any(re.search(r"^. grok:\S+ [a-z ]+ \d+% \d:\d\d", line) for line in drawn), drawn
        assert max(map(len, drawn)) < 40


@pytest.mark.parametrize("plain", [False, True])
def test_doctor_on_a_narrow_terminal(
    bare: Command, monkeypatch: pytest.MonkeyPatch, *, plain: bool
) -> None:
    """At 40 columns no line is longer; NO_COLOR leaves the colours out, and ASCII carries any path."""
    folder = bare.folder / "Küche with a name that is longer than any line here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    bare.set(CHAINHUB_API_KEY="sandbox", COLUMNS="40")
    if plain:
        bare.environment.setenv("NO_COLOR", "1")
    with at_terminal(monkeypatch, encoding="ascii") as screen:
        assert run(["doctor", "--offline"]) == 0
    assert ("\x1b[32m" in screen[0]) != plain
    lines = lines_of(screen[0])
    assert max(len(line.rstrip()) for line in lines) <= 44  # `\xfc` stands for one letter
    assert "K\\xfcche" in re.sub(r"\s+", "", "".join(lines))
    assert any("nothing is wrong" in line for line in lines)
