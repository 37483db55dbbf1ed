"""The table, and its place in the documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .environments import ROOT, Environment
from .failing import BenchFailed
from .results import Row

_PAGE = ROOT / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- begin: written by scripts/bench --write -->\n", "<!-- end -->\n"
_HEADS = (
    *("Measured", "ours", "bare httpx", "openai", "ours ÷ bare", "middle half"),
    *("openai ÷ bare", "aim", "met"),
)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [_line(_HEADS), _line(["---", *["---:"] * 7, "---"])]
    lines += [_line(_cells(row)) for row in rows]
    return "".join(lines)


def circumstances(core: Environment, peer: Environment, notes: Sequence[str]) -> str:
    """Return what the figures depend on, in general terms."""
    libraries = ", ".join(
        f"{name} {versions[name]}"
        for versions, name in (
            (core.versions, "httpx"),
            (core.versions, "httpcore"),
            (peer.versions, "openai"),
            (peer.versions, "httpx2"),
        )
    )
    today = datetime.now(UTC).date().isoformat()
    where = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return "".join(f"- {line}\n" for line in (f"{today}: {where}, {libraries}.", *notes))


def write(text: str) -> Path:
    """Put the last results into the documentation, and return the page's path.

    Raises:
        BenchFailed: the page has no place for them.
    """
    page = _PAGE.read_text() if _PAGE.is_file() else ""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise BenchFailed(f"{_PAGE.name} lacks the two comments between which the table goes")
    _PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    return _PAGE


def _cells(row: Row) -> list[str]:
    figures = [_figure(row, name) for name in ("ours", "bare", "openai_sdk")]
    low_high = "—" if row.spread is None else f"{row.spread[0]:.2f} to {row.spread[1]:.2f}"
    ours, openai = (
        f"{row.ratios[name]:.2f}" if name in row.ratios else "—" for name in ("ours", "openai_sdk")
    )
    aim = "—" if row.aim is None else f"{row.aim}" if row.ratios else f"{row.aim} {row.unit}"
    met = {True: "yes", False: "**no**", None: "—"}[row.met]
    return [row.title, *figures, ours, low_high, openai, aim, met]


def _figure(row: Row, name: str) -> str:
    value = row.figures.get(name)
    if value is None:
        return "—"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {row.unit}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
