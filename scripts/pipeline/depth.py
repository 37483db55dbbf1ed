"""Depth, before anything else is repaired: tabs for blanks, and lines that fell out of a block."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.layout import BLANKS, entry_of, indent_of
from pipeline.scalar import is_block_marker, mend_block_marker

_LEAD = re.compile("[ \t\u00a0\u3000]*")

# Puts a mended line in place of the one at an index, for a reason.
Replace = Callable[[int, str, str], None]


@dataclass
class _Block:
    """A block scalar.

    Args:
        column: Where the entry stands that opened it.
        depth: How deep its first line stands; None before that.
    """

    column: int
    depth: int | None = None


def mend_depth(lines: list[str], replace: Replace) -> None:
    """Mend what stands before the text of lines.

    Args:
        lines: The lines of the file, which ``replace`` changes.
        replace: Called for each line that has to change.
    """
    depths = [indent_of(line) for line in lines if line[:1] == " " and line.strip(BLANKS)]
    step = min(depths, default=2)
    block: _Block | None = None
    for index in range(len(lines)):
        if not lines[index].strip(BLANKS):
            # A tab on an empty line inside a value stops the parser.
            if "\t" in lines[index] and block is None:
                replace(index, "", "a tab on an empty line; YAML takes blanks only")
            continue
        if block is None or indent_of(lines[index]) <= block.column:
            _spread(lines, index, step, replace)
        # Inside a block scalar, what stands behind the depth is text.
        if block is not None and indent_of(lines[index]) > block.column:
            block.depth = indent_of(lines[index]) if block.depth is None else block.depth
        elif block is not None and block.depth is not None and _fell_out(lines, index, block):
            told = "a line of a text block at the depth of what is around it; put back into it"
            replace(index, " " * block.depth + lines[index].lstrip(BLANKS), told)
        else:
            block = _opened(lines[index], index)


def _spread(lines: list[str], index: int, step: int, replace: Replace) -> None:
    """Write an indentation with blanks, a tab counting for one step of depth."""
    lead = _LEAD.match(lines[index])
    odd = lead[0] if lead else ""
    if odd.strip(" "):
        told = odd.encode("unicode_escape").decode()
        blanks = "".join(" " * step if char == "\t" else " " for char in odd)
        mended = blanks + lines[index][len(odd) :]
        replace(index, mended, f"depth written as {told!r}; YAML takes blanks only")


def _fell_out(lines: list[str], index: int, block: _Block) -> bool:
    """Say whether a line below a block scalar belongs to it, though it does not stand so deep.

    It does if it is no entry, or could only be one of the whole document with several words for a
    key. A line that YAML takes for a comment does only if the block goes on below it.
    """
    line = lines[index]
    entry = entry_of(line, index)
    if entry is not None:
        return entry.key is not None and not entry.dashes and entry.column == 0 and " " in entry.key
    if not line.lstrip(BLANKS).startswith("#"):
        return True
    below = (other for other in lines[index + 1 :] if other.strip(BLANKS))
    return indent_of(next(below, "")) > block.column


def _opened(line: str, index: int) -> _Block | None:
    """Return the block scalar that a line opens; None if it opens none."""
    if "|" not in line and ">" not in line:
        return None
    entry = entry_of(line, index)
    if entry is None or not (is_block_marker(entry.value) or mend_block_marker(entry.value)):
        return None
    return _Block(entry.column)
