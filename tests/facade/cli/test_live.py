"""The live line: what it tells, at every width and in every encoding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chainhub_video import TaskStatus, VideoTask
from chainhub_video.cli import live
from chainhub_video.cli.console import one_line
from chainhub_video.cli.live import LiveLine, LiveScreen
from rich.cells import cell_len

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


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_it_is_never_wider_than_the_terminal(followed: LiveLine, encoding: str) -> None:
    """One line, without escapes, in letters that the terminal has; percent and time are the last to go."""
    for width in (1, 5, 12, 20, 39, 50, 60, 79, 200):
        for moment in (110.0, 170.0, 90_000.0):
            told = followed.drawn(moment, width, encoding)
            assert cell_len(told) <= width, width
            assert told.isprintable()
            assert told.encode(encoding)
            assert width < 20 or " 25% " in told, width


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


def test_what_the_gateway_says_cannot_steer_the_terminal() -> None:
    """Escapes, line breaks and other control characters become blanks."""
    assert one_line("a\x1b[2Jb\r\nc\x07\u202e d") == "a [2Jb c d"
