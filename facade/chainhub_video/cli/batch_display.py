"""Show a running batch: a table on a terminal, a line a row everywhere else, or one JSON object an event."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from .console import clock, one_line, readable, say, show_json, writable
from .wording import in_commands

if TYPE_CHECKING:
    from rich.console import OverflowMethod, RenderableType
    from rich.live import Live
    from rich.text import Text

    from chainhub_video.batch.report import BatchEvent, BatchReport

_LINES = 20  # rows of the table, on a terminal that has as many
_AROUND = 6  # lines of a terminal that are kept for other things
_PLANS = 20  # rows that a dry run shows one by one
_REASON = 60  # characters


class BatchDisplay(Protocol):
    """What a batch reports to.

    Attributes:
        report: the last one; None before there is one.
    """

    report: BatchReport | None

    def tell(self, event: BatchEvent) -> None:
        """Show an event; for `on_event`."""

    def close(self) -> None:
        """Leave the terminal to others."""


@contextmanager
def batch_display(*, as_json: bool) -> Iterator[BatchDisplay]:
    """Show what happens while the block runs.

    Args:
        as_json: whether to print events to standard output, and nothing else.
    """
    kind = JsonEvents if as_json else LiveTable if sys.stderr.isatty() else PlainLines
    shown: BatchDisplay = kind()
    try:
        yield shown
    finally:
        shown.close()


class JsonEvents:
    """One JSON object an event, on standard output."""

    report: BatchReport | None = None

    def tell(self, event: BatchEvent) -> None:
        """Print an event."""
        self.report = event.report or self.report
        told = event.to_json()
        for field in ("message", "reason"):
            if isinstance(told.get(field), str):
                told[field] = in_commands(told[field])
        show_json(told)

    def close(self) -> None:
        """Do nothing."""


class PlainLines:
    """A line for each row that has ended, on standard error."""

    def __init__(self) -> None:
        self.report: BatchReport | None = None
        self._ended = 0
        self._planned = 0

    def tell(self, event: BatchEvent) -> None:
        """Print an event, if it is worth a line."""
        self.report = event.report or self.report
        if event.kind == "plan":
            self._planned += 1
            if self._planned <= _PLANS:
                say(planned(event))
            elif self._planned == _PLANS + 1:
                say("… (--json tells all of them)")
        elif event.kind == "end":
            self._ended += 1
            if event.outcome != "present":
                rows = self.report.rows if self.report else 0
                say(f"[{self._ended:>{len(str(rows))}}/{rows}] {described(event)}")
        elif event.kind == "stop":
            say(why_stopped(event))

    def close(self) -> None:
        """Do nothing."""


def described(event: BatchEvent) -> str:
    """Return in one line what became of a row."""
    if event.outcome == "saved":
        return f"saved {event.name}.mp4 ({readable(event.size or 0)}, {event.seconds:.1f} s)"
    return f"{event.outcome} {event.name}: {one_line(in_commands(event.message or ''))}"


def planned(event: BatchEvent) -> str:
    """Return in one line how far a row is, and what it asks for."""
    asked = event.request
    said = (
        (asked.model, asked.size, asked.aspect_ratio, asked.seconds and f"{asked.seconds} s")
        if asked
        else ()
    )
    pictures = len(asked.images) if asked else 0
    parts = [
        *filter(None, said),
        *([f"{pictures} picture{'s' * (pictures > 1)}"] if pictures else []),
    ]
    return f"{event.where}: {event.status:<10} {event.name} ({', '.join(parts)})"


def why_stopped(event: BatchEvent) -> str:
    """Return in one line why no further row is started."""
    if event.reason == "interrupted":
        return "no further row is started; Ctrl-C again stops those that run, and they can be gone on with"
    return f"no further row is started: {in_commands(event.reason or '')}"


class LiveTable:
    """A table that is drawn anew: a line a running row, what was counted so far, and an estimate of the end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.report: BatchReport | None = None
        self._running: dict[int, tuple[str, str, str, float]] = {}
        self._counts: dict[str, int] = {}
        self._stop = ""
        self._began = time.monotonic()
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        in_unicode = self._console.encoding.lower().startswith("utf")
        self._overflow: OverflowMethod = "ellipsis" if in_unicode else "crop"
        self._live: Live = Live(
            console=self._console, get_renderable=self._drawn, transient=True, refresh_per_second=4
        )
        self._live.start()

    def tell(self, event: BatchEvent) -> None:
        """Take an event into the table; what is not saved stays on the screen as a line."""
        self.report = event.report or self.report
        if event.kind == "start" and event.row is not None:
            self._running[event.row] = (event.name or "", event.status or "", "", time.monotonic())
        elif event.kind == "update" and event.row is not None and event.task is not None:
            name, _, _, began = self._running[event.row]
            task = event.task
            share = "" if task.progress is None else f"{task.progress:.0%}"
            word = "saving" if task.done else one_line(task.raw_status or task.status)
            self._running[event.row] = (name, word, share, began)
        elif event.kind == "end":
            self._running.pop(event.row or 0, None)
            outcome = event.outcome or ""
            self._counts[outcome] = self._counts.get(outcome, 0) + 1
            if outcome not in ("saved", "present"):
                self._console.print(self._text(one_line(described(event))), soft_wrap=True)
        elif event.kind == "plan":
            self._counts[event.status or ""] = self._counts.get(event.status or "", 0) + 1
        elif event.kind == "stop":
            self._stop = one_line(in_commands(event.reason or ""))
            self._console.print(self._text(one_line(why_stopped(event))), soft_wrap=True)

    def close(self) -> None:
        """Remove the table."""
        self._live.stop()

    def _drawn(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        # On a narrow terminal names and words give way, and not the numbers around them.
        wide = self._console.width
        widths = {"row": None, "name": max(wide // 3 - 2, wide - 50), "state": max(11, wide // 4)}
        for column, width in widths.items():
            table.add_column(column, no_wrap=True, overflow=self._overflow, max_width=width)
        table.add_column("share", justify="right", no_wrap=True)
        table.add_column("seconds", justify="right", no_wrap=True)
        running = list(self._running.items())
        most = max(1, min(_LINES, self._console.height - _AROUND))
        now = time.monotonic()
        for number, (name, word, share, began) in running[:most]:
            cells = (str(number), one_line(name), word, share, f"{now - began:.0f} s")
            table.add_row(*map(self._text, cells))
        lines = [self._text(f"… and {len(running) - most} more")] if len(running) > most else []
        return Group(table, *lines, self._text(self._totals(now)))

    def _text(self, text: str) -> Text:
        """Return a text in letters that the terminal has."""
        from rich.text import Text

        told = writable(text, self._console.encoding)
        return Text(told, no_wrap=True, overflow=self._overflow)

    def _totals(self, now: float) -> str:
        rows = self.report.rows if self.report else 0
        ended = sum(self._counts.values())
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in self._counts.items())
        told = [
            f"{ended:,} of {rows:,} rows",
            counts,
            clock(now - self._began),
            self._estimate(now),
        ]
        return " · ".join(filter(None, [*told, self._stop]))

    def _estimate(self, now: float) -> str:
        """Return about how long it will take until the end, by the pace of the rows that this run has made."""
        made = sum(count for outcome, count in self._counts.items() if outcome != "present")
        rows = self.report.rows if self.report else 0
        left = rows - sum(self._counts.values())
        if not made or left <= 0 or self._stop:
            return ""
        return f"about {clock((now - self._began) / made * left)} left"
