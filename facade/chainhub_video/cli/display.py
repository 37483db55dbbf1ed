"""Show a running task: a live line on a terminal, one line a change everywhere else."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from chainhub_video.receipts.receipt import shell_quoted

from .console import PROGRAM, one_line, percent, readable, say, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from chainhub_video.task import VideoTask


class Display(Protocol):
    """What a call of the client reports to.

    Attributes:
        task: the task as last reported; None before the create was answered.
    """

    task: VideoTask | None

    def update(self, task: VideoTask) -> None:
        """Show where the task stands; for `on_update`."""

    def download(self, done: int, total: int | None) -> None:
        """Show how many bytes of the video have arrived; for `on_progress`."""


class Interrupted(Exception):
    """Ctrl-C; the text says what becomes of the task."""


@contextmanager
def display(first: str, *, unanswered: str) -> Iterator[Display]:
    """Show what happens while the block runs.

    Args:
        first: what is shown until the first report.
        unanswered: what to say if the block is interrupted before the first report.

    Raises:
        Interrupted: the block was interrupted.
    """
    line = _live_line(first) if sys.stderr.isatty() else nullcontext(PlainDisplay())
    with line as shown:
        try:
            yield shown
        except KeyboardInterrupt as stop:
            told = " ".join(getattr(stop, "__notes__", ()))
            raise Interrupted(told or _aftermath(shown.task) or unanswered) from stop


def _aftermath(task: VideoTask | None) -> str | None:
    if task is None:
        return None
    return (
        f"task {task.label} is paid and goes on at the gateway; save its video with: "
        f"{PROGRAM} download --format {task.format} -o FILE -- {shell_quoted(task.id)}"
    )


@contextmanager
def _live_line(first: str) -> Iterator[LiveDisplay]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # No markup anywhere: ids and states are the gateway's, and may hold brackets.
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[percent]:>4}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as bar:
        yield LiveDisplay(bar, bar.add_task(first, total=None, percent=""))


class LiveDisplay:
    """One line that is drawn anew: state, bar, percent, elapsed time."""

    def __init__(self, bar: Progress, line: TaskID) -> None:
        self.task: VideoTask | None = None
        self._bar = bar
        self._line = line

    def update(self, task: VideoTask) -> None:
        """Show where the task stands, and once, to stay on the screen, its id."""
        if self.task is None:
            self._bar.console.print(one_line(f"task {task.label}"))
        self.task = task
        self._show(word(task), task.progress, percent(task))

    def download(self, done: int, total: int | None) -> None:
        """Show how many bytes of the video have arrived."""
        share = done / total if total else None
        self._show("saving", share, f"{share:.0%}" if share is not None else readable(done))

    def _show(self, description: str, share: float | None, label: str) -> None:
        self._bar.update(
            self._line,
            description=description,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            percent=label,
        )


class PlainDisplay:
    """One line a change, with the seconds since the start."""

    def __init__(self) -> None:
        self.task: VideoTask | None = None
        self._started = time.monotonic()
        self._last = ""

    def update(self, task: VideoTask) -> None:
        """Show where the task stands."""
        self.task = task
        self._show(f"{word(task)} {percent(task)} (task {task.label})")

    def download(self, done: int, total: int | None) -> None:
        """Show how many quarters of the video have arrived."""
        self._show(f"saving {done * 4 // total * 25}%" if total else "saving")

    def _show(self, change: str) -> None:
        if change == self._last:
            return
        self._last = change
        say(f"{time.monotonic() - self._started:.1f} s: {change}")
