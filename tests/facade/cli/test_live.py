"""The live line: what it tells, at every width and in every encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, TaskStatus, VideoTask
from chainhub_video.cli import live
from chainhub_video.cli.live import LiveLine, LiveScreen
from rich.cells import cell_len

from .terminal import in_terminal, lines_of

ODD = "grok:[red]\u05d7\u05ea\u05d5\u05dc[/red]🐈🐈\x1b[2J\u202e-4a3b-9c1d-0123456789ab"


def _line(screen: LiveScreen, label: str = "") -> LiveLine:
    return LiveLine(screen, label, "submitting")


@pytest.fixture
def screen() -> Iterator[LiveScreen]:
    """A screen that is not on any terminal."""
    with LiveScreen() as drawn:
        yield drawn


def _task(progress: float | None = None, word: str = "in_progress") -> VideoTask:
    return VideoTask(
        id=ODD, format="unified", status=TaskStatus.RUNNING, raw_status=word, progress=progress
    )


@pytest.fixture
def followed(screen: LiveScreen, monkeypatch: pytest.MonkeyPatch) -> LiveLine:
    """A line for a task that has made a quarter of its progress in the first ten seconds, from a tenth."""
    now = 100.0
    monkeypatch.setattr(live, "monotonic", lambda: now)
    line = _line(screen, ODD)
    line.task = _task()
    line.update(_task(0.1))
    now = 110.0
    line.update(_task(0.25))
    return line


def test_a_wide_terminal_is_told_everything(followed: LiveLine) -> None:
    """State in words, a bar, percent, elapsed time, and what is left at the pace of the progress so far."""
    told = followed.drawn(110.0, 119, "utf-8")
    assert told.endswith(" in progress ━━━━━─────────────── 25% 0:10 about 0:50 left")
    assert "grok:[red]\u05d7\u05ea\u05d5\u05dc[/red]🐈🐈" in told


@pytest.mark.parametrize("width", [1, 5, 12, 20, 39, 50, 60, 79, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_it_is_never_wider_than_the_terminal(followed: LiveLine, width: int, encoding: str) -> None:
    """One line, without escapes, in letters that the terminal has; percent and time are the last to go."""
    for moment in (110.0, 170.0, 90_000.0):
        told = followed.drawn(moment, width, encoding)
        assert cell_len(told) <= width
        assert told.isprintable()
        assert told.encode(encoding)
        if width >= 20:
            assert " 25% " in told


def test_a_long_word_of_the_gateways_gives_way_to_ours(followed: LiveLine) -> None:
    """It is shown where there is room, and `in progress` where there is not."""
    followed.update(_task(0.25, "VIDEO_GENERATION_IS_BEING_PREPARED"))
    assert " video generation is being prepared 25% " in followed.drawn(110.0, 79, "utf-8")
    assert " in progress 25% 0:10" in followed.drawn(110.0, 39, "utf-8")


def test_bytes_and_speed_of_a_download(screen: LiveScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much of how much has arrived, how fast since it began here, and what is left, if the size is known."""
    now = 0.0
    monkeypatch.setattr(live, "monotonic", lambda: now)
    line = _line(screen)
    line.download(1_000_000, 7_000_000)  # from an earlier run
    now = 2.0
    line.download(3_000_000, 7_000_000)
    told = line.drawn(now, 119, "ascii")
    assert told.endswith(
        " saving #########----------- 43% 3.0 MB of 7.0 MB 1.0 MB/s 0:02 about 0:04 left"
    )
    line.download(3_000_000, None)
    assert line.drawn(now, 119, "ascii").endswith(" saving 3.0 MB 1.0 MB/s 0:02")


def test_several_tasks_on_a_narrow_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    """At 40 columns each task keeps its line, none is wrapped, and every result stays on the screen."""
    with Sandbox(fast=True, pace=0.5) as gateway:
        with ChainHub(base_url=gateway.url, api_key="sandbox") as hub:
            ids = [
                hub.videos.create(prompt, model="grok-video-3", aspect_ratio="1:1").id
                for prompt in ("one", "two")
            ]
        settings = {**environment, "CHAINHUB_BASE_URL": gateway.url}
        status, _, screen = in_terminal(["wait", *ids], settings, tmp_path, columns=40, whole=True)
    lines = lines_of(screen)
    assert status == 0, screen
    for each in ids:
        assert f"completed 100% (task {each})" in lines
        drawn = [line for line in lines if line[2:].startswith(each[:8])]
        assert any(re.search(r"^. grok:\S+ [a-z ]+ \d+% \d:\d\d", line) for line in drawn), drawn
        assert max(map(len, drawn)) < 40
