"""Say things in Markdown."""

from collections.abc import Iterable, Sequence


class PageError(Exception):
    """A page of the documentation cannot be written; says what to do about it."""


def code(text: str) -> str:
    """Return a text in code font."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Return texts in code font, with commas between them."""
    return ", ".join(map(code, texts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table.

    Args:
        head: the titles of the columns.
        rows: their cells.
    """
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
