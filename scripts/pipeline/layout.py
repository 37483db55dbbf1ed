"""The lines of a YAML file that may not be YAML: which one holds which key and value, and how deep it stands.

A parser cannot help here, since it stops at the first defect; but the exporter writes one entry a
line, with blanks for depth, and that survives the defects.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.scalar import announces_block, is_balanced

_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:-[ \t]+)*(?:-(?=$))?)(?P<rest>.*)")
_QUOTED_KEY = re.compile(r"""(?P<key>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")[ \t]*:(?=[ \t]|$)""")
_PLAIN_KEY = re.compile(r"(?P<key>[^{\['\"].*?)[ \t]*:(?=[ \t]|$)")
_PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*")
_TEXT_KEYS = {"description", "summary", "title"}
# Keys that a line below a description surely is not more of the text with.
_KEYWORDS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "components", "content", "default",
    "deprecated", "description", "enum", "example", "examples", "format", "headers", "in",
    "items", "name", "nullable", "oneOf", "parameters", "paths", "properties", "requestBody",
    "required", "responses", "schema", "security", "summary", "tags", "title", "type", "value",
}  # fmt: skip

# What YAML takes for blank; other spaces of Unicode belong to the text.
BLANKS = " \t"
_LEAD = re.compile("[ \t\u00a0\u3000]*")

# Puts a mended line in place of the one at an index, for a reason.
Replace = Callable[[int, str, str], None]


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
        whole: Whether the value is quoted or in brackets, over several lines, and sound.
        torn: Whether the lines below look like entries, though the value has begun on its own line.
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
    whole: bool = False
    torn: bool = False
    inside: tuple[str, ...] = ()
    list_of: "Entry | None" = None

    @property
    def is_text(self) -> bool:
        """Whether the key is one whose value OpenAPI wants to be text, whatever is around it."""
        return self.key in _TEXT_KEYS


def entry_of(line: str, index: int) -> Entry | None:
    """Read one line outside a block scalar.

    Args:
        line: The line.
        index: Its index, kept in the entry.

    Returns:
        Its entry; None for a blank line, a comment, or one that is no entry.
    """
    match = _LINE.fullmatch(line)
    if not match or not line.strip(BLANKS) or line.lstrip(" ").startswith("#"):
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
        if entry.value:
            index = _take_value(entry, lines, index)
        _place_in_list(entry, parents)
        entries.append(entry)
    return entries


def _take_value(entry: Entry, lines: list[str], start: int) -> int:
    """Give an entry the lines below that belong to its value; return the line after them."""
    end = _end_of_depth(lines, start, entry.column)
    if end > start and announces_block(entry.value):
        entry.block = True
        return end
    after = _end_of_whole(entry, lines, start, end)
    if after:
        entry.whole = True
        return after
    if end == start:
        return start
    deeper = lines[start:end]
    if any(_looks_like_entry(line, entry) for line in deeper):
        entry.torn = True
        # Below an anchor or a tag alone stand entries; below any other value, what nobody can tell.
        return start if _PROPERTY.fullmatch(entry.value) else end
    entry.more = [line.strip(BLANKS) for line in deeper]
    return end


def _end_of_whole(entry: Entry, lines: list[str], start: int, end: int) -> int:
    """Find the end of a value in quotes or brackets that goes on below and is sound; 0 if none."""
    if entry.value[0] not in "'\"[{" or is_balanced([entry.value]):
        return 0
    if entry.value[0] in "[{":
        # Closing brackets may stand under the key they belong to.
        while end < len(lines) and lines[end].strip(BLANKS + "]},") == "" != lines[end].strip():
            end += 1
    closing = {"[": "]", "{": "}"}.get(entry.value[0], entry.value[0])
    for last in range(end - 1, start - 1, -1):
        if lines[last].rstrip(BLANKS).endswith(closing):
            texts = [entry.value, *(line.strip(BLANKS) for line in lines[start : last + 1])]
            return last + 1 if is_balanced(texts) else 0
    return 0


def _looks_like_entry(line: str, owner: Entry) -> bool:
    """Say whether a line could be an entry of its own rather than more of the value above."""
    entry = entry_of(line, 0)
    if entry is None or entry.key is None:
        return entry is not None and not owner.is_text
    key = entry.key.strip("'\"")
    if owner.is_text:
        return key in _KEYWORDS or key.startswith("x-")
    return " " not in key


def _end_of_depth(lines: list[str], start: int, column: int) -> int:
    """Find the end of the lines deeper than a column; blank lines after the last do not count."""
    end = start
    for index in range(start, len(lines)):
        if lines[index].strip(BLANKS):
            if indent_of(lines[index]) <= column:
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
    entry = entry_of(line, index) if "|" in line or ">" in line else None
    return _Block(entry.column) if entry and announces_block(entry.value) else None
