"""Show running tasks: live lines on a terminal, one line a change everywhere else, or nothing."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from chainhub_video.receipts.receipt import shell_quoted

from .console import PROGRAM, Interrupted, one_line, percent, say, word
from .wording import in_commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from chainhub_video.task import VideoTask


class Display(Protocol):
    """What the call of one task reports to.

    Attributes:
        task: the task as last reported; None before the create was answered.
    """

    task: VideoTask | None

    def update(self, task: VideoTask) -> None:
        """Show where the task stands; for `on_update`."""

    def download(self, done: int, total: int | None) -> None:
        """Show how many bytes of the video have arrived; for `on_progress`."""


class Screen(Protocol):
    """Where the tasks of a command are shown."""

    def line(self, label: str, first: str) -> AbstractContextManager[Display]:
        """Show a task while the block runs.

        Args:
            label: which one it is; empty where there is only one.
            first: what is shown until the first report.
        """
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal to others while the block runs."""
        ...


@contextmanager
def screen(*, quiet: bool = False) -> Iterator[Screen]:
    """Give what shows the tasks of a command while the block runs.

    Args:
        quiet: whether to show nothing.
    """
    if quiet:
        yield SilentScreen()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from .live import LiveScreen

        with LiveScreen() as live:
            yield live
    else:
        yield PlainScreen()


@contextmanager
def following(screen: Screen, first: str, *, unanswered: str) -> Iterator[Display]:
    """Show the only task of a command while the block runs.

    Args:
        screen: where.
        first: what is shown until the first report.
        unanswered: what to say if the block is interrupted before the first report.

    Raises:
        Interrupted: the block was interrupted.
    """
    with screen.line("", first) as shown:
        try:
            yield shown
        except KeyboardInterrupt as stop:
            raise Interrupted(aftermath(stop, shown.task) or unanswered) from stop


def aftermath(stop: BaseException, task: VideoTask | None) -> str:
    """Return what is left after Ctrl-C, and the command that goes on; empty if neither is known.

    Args:
        stop: what the client has raised; its notes tell of receipts.
        task: as it was last seen.
    """
    told = in_commands(" ".join(getattr(stop, "__notes__", ())))
    if task is None or PROGRAM in told:
        return told
    return (
        f"task {task.label} is paid and goes on at the gateway; save its video with: "
        f"{PROGRAM} download --format {task.format} -o FILE -- {shell_quoted(task.id)}"
    )


class SilentScreen:
    """Nothing is shown."""

    def line(self, label: str, first: str) -> AbstractContextManager[Display]:  # noqa: ARG002 - none of it is shown
        """Keep the task."""
        return nullcontext(_Silence())

    def paused(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


class _Silence:
    task: VideoTask | None = None

    def update(self, task: VideoTask) -> None:
        self.task = task

    def download(self, done: int, total: int | None) -> None:
        pass


class PlainScreen:
    """One line a change, with the seconds since the start."""

    def line(self, label: str, first: str) -> AbstractContextManager[Display]:  # noqa: ARG002 - no change yet
        """Show a task's changes."""
        return nullcontext(_Plain(label))

    def paused(self) -> AbstractContextManager[None]:
        """Do nothing: lines do not move."""
        return nullcontext()


class _Plain:
    def __init__(self, label: str) -> None:
        self.task: VideoTask | None = None
        self._label = f"{one_line(label)}: " if label else ""
        self._started = time.monotonic()
        self._last = ""

    def update(self, task: VideoTask) -> None:
        self.task = task
        state = f"{word(task)} {percent(task)}".rstrip()
        self._show(state if self._label == f"{task.label}: " else f"{state} (task {task.label})")

    def download(self, done: int, total: int | None) -> None:
        self._show(f"saving {done * 4 // total * 25}%" if total else "saving")

    def _show(self, change: str) -> None:
        if change == self._last:
            return
        self._last = change
        say(f"{time.monotonic() - self._started:.1f} s: {self._label}{change}")
