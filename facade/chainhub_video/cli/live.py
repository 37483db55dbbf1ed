"""Draw running tasks on a terminal, a line each, as wide as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from chainhub_video.task import TaskStatus

from .console import clock, one_line, readable, word, writable

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from chainhub_video.task import VideoTask

_A_SECOND = 8  # times that the lines are drawn
_BAR = 20  # characters
_AROUND = 2  # lines of the terminal that are kept free
_LABEL_SHARE = 3  # a label has at most one of so many parts of the line
_SHORTEST_LABEL = 8  # cells
_UNICODE = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "─")
_ASCII = ("|/-\\", "#", "-")


class LiveScreen:
    """The lines of all tasks that run, drawn anew several times a second; what is told stays above them."""

    def __init__(self) -> None:
        # No markup anywhere: ids and states are the gateway's, and may hold brackets.
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._lines: list[LiveLine] = []
        self._live = self._started()

    def _started(self) -> Live:
        """Return a new drawing: a stopped one that is started again would go up and write over what came since."""
        live = Live(
            get_renderable=self._drawn,
            console=self._console,
            transient=True,
            redirect_stdout=False,  # results are not for this terminal
            refresh_per_second=_A_SECOND,
        )
        live.start()
        return live

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    @contextmanager
    def line(self, label: str, first: str) -> Iterator[LiveLine]:
        """Show a task."""
        shown = LiveLine(self, label, first)
        self._lines.append(shown)
        try:
            yield shown
        finally:
            self.draw()  # once more as it ended
            self._lines.remove(shown)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the lines away while the block runs."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._started()

    def draw(self) -> None:
        """Draw all lines now, so that no change is left out."""
        self._live.refresh()

    def tell(self, text: str) -> None:
        """Write a line that stays on the screen."""
        self._console.print(writable(one_line(text), self._console.encoding), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        now, lines = monotonic(), list(self._lines)
        most = max(1, self._console.height - _AROUND)
        width = self._console.width - 1  # the cursor has the last place
        ascii_only = not self._console.encoding.lower().startswith("utf")
        drawn = [line.drawn(now, width, self._console.encoding) for line in lines[:most]]
        if len(lines) > most:
            drawn.append(f"{'...' if ascii_only else '…'} and {len(lines) - most} more")
        return Group(*(Text(line, no_wrap=True, overflow="crop") for line in drawn))


class LiveLine:
    """One task's line: label, state, bar, percent, elapsed time, and what is left where progress tells.

    Args:
        screen: where what stays is told.
        label: which task it is; empty where there is only one.
        first: what is shown until the first report.
    """

    def __init__(self, screen: LiveScreen, label: str, first: str) -> None:
        self.task: VideoTask | None = None
        self._screen = screen
        self._label = one_line(label)
        self._state = self._plainly = first  # in the gateway's word, and in ours, which is short
        self._began = monotonic()
        self._share: float | None = None
        self._ends: float | None = None  # on the clock, as progress tells
        self._first: tuple[float, float] | None = None  # when progress was first seen, and how much
        self._bytes = ""
        self._saving_since: tuple[float, int] | None = (
            None  # with the bytes that were there already
        )

    def update(self, task: VideoTask) -> None:
        """Show where the task stands, and once, to stay on the screen, its id."""
        if self.task is None and self._label != task.label:
            prefix = f"{self._label}: " if self._label else ""
            self._screen.tell(f"{prefix}task {task.label}")
        self.task = task
        now = monotonic()
        self._state, self._share = word(task).replace("_", " ").lower(), task.progress
        self._plainly = "in progress" if task.status is TaskStatus.RUNNING else task.status.value
        self._ends = None if task.done else self._expected(now, task.progress)
        self._screen.draw()

    def download(self, done: int, total: int | None) -> None:
        """Show how many bytes of the video have arrived, and how fast."""
        now = monotonic()
        if self._saving_since is None:
            self._saving_since = (now, done)
        began, before = self._saving_since
        rate = (done - before) / (now - began) if now - began > 0.5 else 0.0  # bytes a second
        self._state = self._plainly = "saving"
        self._share = done / total if total else None
        self._ends = now + (total - done) / rate if total and rate else None
        size = f"{readable(done)} of {readable(total)}" if total else readable(done)
        self._bytes = f"{size} {readable(int(rate))}/s" if rate else size

    def _expected(self, now: float, share: float | None) -> float | None:
        """Return when it ends if it goes on as it did since its first progress; None while that is not known."""
        if not share:
            return None
        if self._first is None:
            self._first = (now, share)
        began, before = self._first
        return now + (1 - share) * (now - began) / (share - before) if share > before else None

    def drawn(self, now: float, width: int, encoding: str) -> str:
        """Return the line.

        Args:
            now: on the clock `monotonic`.
            width: cells that it may take.
            encoding: of the terminal.
        """
        frames, full, empty = _UNICODE if encoding.lower().startswith("utf") else _ASCII
        spinner = frames[int(now * _A_SECOND) % len(frames)]
        share = "" if self._share is None else f"{self._share:.0%}"
        elapsed = clock(now - self._began)
        left = "" if self._ends is None or self._ends < now + 1 else clock(self._ends - now)
        whole_label = writable(self._label, encoding)
        label = _cropped(whole_label, max(_SHORTEST_LABEL, width // _LABEL_SHARE))
        short = _cropped(whole_label, _SHORTEST_LABEL)
        state = writable(self._state, encoding)
        done = round((self._share or 0.0) * _BAR)
        bar = "" if self._share is None else full * done + empty * (_BAR - done)
        whole = [spinner, label, state, bar, share, self._bytes, elapsed]
        # What is left out first where there is no room: the bar, then words, then the estimate, then the bytes.
        variants = (
            [*whole, left and f"about {left} left"],
            [spinner, label, state, share, self._bytes, elapsed, left and f"about {left} left"],
            [spinner, label, state, share, self._bytes, elapsed, left and f"~{left}"],
            [spinner, label, state, share, elapsed, left and f"~{left}"],
            [spinner, label, state, share, elapsed],
            [spinner, short, state, share, elapsed],
            [spinner, label, self._plainly, share, elapsed],
            [spinner, short, self._plainly, share, elapsed],
        )
        for parts in variants:
            line = " ".join(filter(None, parts))
            if cell_len(line) <= width:
                return line
        rest = " ".join(filter(None, [share, elapsed]))
        room = width - cell_len(rest) - 1
        head = " ".join(filter(None, [spinner, short, self._plainly]))
        return f"{_cropped(head, room)} {rest}" if room > 2 else _cropped(head, width)


def _cropped(text: str, width: int) -> str:
    """Return a text that takes no more cells, with its beginning."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width))
