"""Write rows of text in columns: whole for programs, as wide as the terminal for people."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from .console import one_line, show, writable

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = 2
_LEAST = 12  # cells of the first column, however narrow the terminal is


def write_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, droppable: Sequence[int] = ()
) -> None:
    """Write rows to standard output, under a header.

    Args:
        header: the names of the columns.
        rows: their cells.
        droppable: columns that are left out on a narrow terminal, the first one first.
    """
    lines = [[_writable(cell) for cell in row] for row in (header, *rows)]
    kept = list(range(len(header)))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if width is not None:
        for column in droppable:
            if _needed(lines, kept) > width:
                kept.remove(column)
    widths = [max(cell_len(line[column]) for line in lines) for column in kept]
    if width is not None:
        over = sum(widths) + _GAP * (len(kept) - 1) - width
        for place in (len(kept) - 1, 0):  # the last column gives way first, then the first
            given = max(0, min(over, widths[place] - _LEAST))
            widths[place] -= given
            over -= given
    for line in lines:
        cells = [_fitted(line[column], room) for column, room in zip(kept, widths, strict=True)]
        show((" " * _GAP).join(cells).rstrip())


def _needed(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> int:
    return sum(max(cell_len(line[column]) for line in lines) for column in columns) + _GAP * (
        len(columns) - 1
    )


def _writable(cell: str) -> str:
    return writable(one_line(cell), sys.stdout.encoding)


def _fitted(cell: str, room: int) -> str:
    """Return a cell that takes exactly the room; dots at its end say that something is left out."""
    if cell_len(cell) <= room:
        return cell + " " * (room - cell_len(cell))
    return set_cell_size(cell, max(0, room - 2)) + ".."
