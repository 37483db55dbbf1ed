"""The line structure of a YAML file that may not be YAML: which line holds which key and value.

A parser cannot help here, since it stops at the first defect; but the exporter writes one entry a
line, with blanks for depth, and that survives the defects.
"""

import re
from dataclasses import dataclass, field

from pipeline.scalar import is_block_marker, mend_block_marker

_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:-[ \t]+)*(?:-(?=$))?)(?P<rest>.*)")
_QUOTED_KEY = re.compile(r"""(?P<key>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")[ \t]*:(?=[ \t]|$)""")
_PLAIN_KEY = re.compile(r"(?P<key>[^{\['\"].*?)[ \t]*:(?=[ \t]|$)")

# What YAML takes for blank; other spaces of Unicode belong to the text.
BLANKS = " \t"


@dataclass
class Entry:
    """One key with its value, or one item of a list.

    Args:
        line: The index of its line.
        column: Where the key stands, or the dash of an item without one; deeper lines belong to it.
        dashes: The columns of the dashes before it.
        key: The key as written, None for an item that has none.
        start: The column where the text after the dashes starts.
        value_start: The column where the value starts.
        value: The value on this line, without blanks around it.
        more: The value's further lines, without blanks around them.
        block: Whether the lines below are a block scalar.
        inside: The keys around it, outermost first.
        list_of: The key whose list the entry's last dash belongs to; None if there is none.
    """

    line: int
    column: int
    dashes: list[int]
    key: str | None
    start: int
    value_start: int
    value: str
    more: list[str] = field(default_factory=list)
    block: bool = False
    inside: tuple[str, ...] = ()
    list_of: "Entry | None" = None


def entry_of(line: str, index: int) -> Entry | None:
    """Read one line outside a block scalar.

    Args:
        line: The line.
        index: Its index, kept in the entry.

    Returns:
        Its entry; None for a blank line, a comment, or one that is no entry.
    """
    match = _LINE.fullmatch(line)
    if not match or not line.strip(BLANKS):
        return None
    if match["rest"].startswith("#") and not match["dashes"]:
        return None
    start = match.start("rest")
    first_dash = match.start("dashes")
    dashes = [first_dash + at for at, char in enumerate(match["dashes"]) if char == "-"]
    rest = match["rest"]
    found = _QUOTED_KEY.match(rest) or _PLAIN_KEY.match(rest)
    if found:
        value = rest[found.end() :]
        value_start = start + found.end() + len(value) - len(value.lstrip(BLANKS))
        return Entry(index, start, dashes, found["key"], start, value_start, value.strip(BLANKS))
    if not dashes:
        return None
    return Entry(index, dashes[-1], dashes, None, start, start, rest.strip(BLANKS))


def looks_like_entry(line: str) -> bool:
    """Say whether a line could be an entry of its own rather than more of a value.

    Args:
        line: The line.

    Returns:
        Whether it starts with a dash, or holds a key made of one word.
    """
    entry = entry_of(line, 0)
    return entry is not None and (
        bool(entry.dashes) or (entry.key is not None and " " not in entry.key)
    )


def indent_of(line: str) -> int:
    """Count the blanks a line starts with.

    Args:
        line: The line.

    Returns:
        Their number.
    """
    return len(line) - len(line.lstrip(" "))


def scan(lines: list[str]) -> list[Entry]:
    """List the entries of a file.

    Args:
        lines: Its lines, without line ends.

    Returns:
        The entries in their order, each with all lines of its value.
    """
    entries: list[Entry] = []
    parents: list[Entry] = []
    index = 0
    while index < len(lines):
        entry = entry_of(lines[index], index)
        index += 1
        if entry is None:
            continue
        end = _end_of_depth(lines, index, entry.column)
        deeper = lines[index:end]
        entry.block = is_block_marker(entry.value) or (
            bool(deeper) and mend_block_marker(entry.value) is not None
        )
        if entry.block:
            index = end
        elif entry.value:
            entry.more = [line.strip(BLANKS) for line in deeper]
            if not any(looks_like_entry(line) for line in deeper):
                index = end
        _place_in_list(entry, parents)
        entries.append(entry)
    return entries


def _end_of_depth(lines: list[str], start: int, column: int) -> int:
    """Find the end of the lines deeper than a column; blank lines after the last do not count."""
    end = start
    for index in range(start, len(lines)):
        line = lines[index]
        if not line.strip(BLANKS):
            continue
        if indent_of(line) <= column:
            break
        end = index + 1
    return end


def _place_in_list(entry: Entry, parents: list[Entry]) -> None:
    """Tell an entry whose list it belongs to, and keep the row of keys around it."""
    outer = entry.dashes[-1] if entry.dashes else entry.column
    while parents and (
        parents[-1].column > outer or (parents[-1].column == outer and not entry.dashes)
    ):
        parents.pop()
    entry.inside = tuple(parent.key or "" for parent in parents)
    if entry.dashes and parents:
        entry.list_of = parents[-1]
    if entry.key is not None:
        parents.append(entry)
