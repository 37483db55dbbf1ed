"""Step 2: make text that is not YAML into YAML, keeping every character of each value.

The pages were translated after they were exported, and the translation put `: `, ` #` and reserved
characters into values that stand without quotes. What is repaired is found from the text and from
what the parser makes of it, never from a list of known lines.
"""

import re
from dataclasses import replace

from pipeline.layout import Entry, entry_of, indent_of, looks_like_entry, scan
from pipeline.page import Excerpt
from pipeline.report import Change, Place
from pipeline.scalar import key_misread, mend_block_marker, misread, quote

STEP = "repair"
# Lists that OpenAPI and the exporter fill with text only.
_TEXT_LISTS = {"required", "enum", "tags", "x-apifox-orders"}
# Keys whose value OpenAPI wants to be text.
_TEXT_KEYS = {"description", "summary", "title"}
_ODD_INDENT = re.compile("[ \t\u00a0\u3000]*")
# A block marker with its text behind it; without + or - it may be a quotation or a table.
_MARKER_WITH_TEXT = re.compile(r"[|>]+[+-]\s+(?P<text>\S.*)")


def repair(excerpt: Excerpt) -> tuple[Excerpt, list[Change]]:
    """Repair what the parser would stumble over or silently misread.

    Args:
        excerpt: The text as it stands in the page.

    Returns:
        The text with as many lines, so that line numbers stay true; and one change for each repair.
    """
    lines = excerpt.text.split("\n")
    work = _Repairs(excerpt, lines)
    work.indentation()
    entries = scan(lines)
    texts = {e.list_of.line for e in entries if e.list_of and e.key is None and e.value}
    for position, entry in enumerate(entries):
        after = entries[position + 1] if position + 1 < len(entries) else None
        if _is_text_item(entry, after, texts):
            work.quote_item(entry)
        else:
            work.quote_key(entry)
            work.value(entry)
    return replace(excerpt, text="\n".join(lines)), work.changes


def _is_text_item(entry: Entry, after: Entry | None, texts: set[int]) -> bool:
    """Say whether a list item that reads `key: value` is a text with a colon in it.

    It is one if its list can hold only text, or holds other items that are text, and the item has
    no second key below.
    """
    owner = entry.list_of
    if entry.key is None or owner is None or entry.block:
        return False
    # The list of tags at the top of a document holds mappings, unlike that of an operation.
    only_text = owner.key in _TEXT_LISTS and owner.column > 0
    if not only_text and owner.line not in texts:
        return False
    return after is None or min([after.column, *after.dashes]) < entry.column


class _Repairs:
    """The repairs of one file, made in its list of lines."""

    def __init__(self, excerpt: Excerpt, lines: list[str]) -> None:
        self.excerpt = excerpt
        self.lines = lines
        self.changes: list[Change] = []

    def note(self, index: int, reason: str, before: str, after: str) -> None:
        if before != after:
            place = Place(self.excerpt.file, self.excerpt.first_line + index)
            self.changes.append(Change(place, STEP, reason, before.strip(), after.strip()))

    def indentation(self) -> None:
        """Put blanks for tabs and wide blanks that stand for depth."""
        step = min(
            (indent_of(line) for line in self.lines if line[:1] == " " and line.strip()), default=2
        )
        block_column: int | None = None
        for index, line in enumerate(self.lines):
            lead = _ODD_INDENT.match(line)
            odd = lead[0] if lead and line.strip() else ""
            if block_column is not None and line.strip():
                if indent_of(line) > block_column:
                    continue
                if odd.strip(" ") and len(_spread(odd, step)) <= block_column:
                    block_column = None
            if odd.strip(" "):
                mended = _spread(odd, step) + line[len(odd) :]
                shown = line[: len(odd)].encode("unicode_escape").decode()
                self.note(
                    index,
                    f"depth written with {shown!r}, where YAML takes blanks only",
                    repr(line),
                    repr(mended),
                )
                self.lines[index] = line = mended
                if block_column is not None and indent_of(line) > block_column:
                    continue
            if line.strip():
                entry = entry_of(line, index)
                opens = entry is not None and entry.value[:1] in ("|", ">")
                block_column = entry.column if entry and opens else None

    def quote_item(self, entry: Entry) -> None:
        """Quote a whole list item."""
        line = self.lines[entry.line]
        text = line[entry.start :].strip()
        if entry.more or misread([text]) is None:
            return
        mended = line[: entry.start] + quote([text])[0]
        owner = entry.list_of.key if entry.list_of else ""
        reason = f"an item of {owner} is text that holds ': '; quoted whole"
        self.note(entry.line, reason, line, mended)
        self.lines[entry.line] = mended

    def quote_key(self, entry: Entry) -> None:
        """Quote a key the parser would not take."""
        key = entry.key
        if key is None or key[0] in "'\"" or not key_misread(key):
            return
        line = self.lines[entry.line]
        quoted = quote([key])[0]
        mended = line[: entry.start] + quoted + line[entry.start + len(key) :]
        self.note(entry.line, f"the key {key!r} is not plain YAML; quoted", line, mended)
        self.lines[entry.line] = mended
        entry.value_start += len(quoted) - len(key)

    def value(self, entry: Entry) -> None:
        """Mend a block marker, or quote a value the parser would misread."""
        line = self.lines[entry.line]
        if entry.block:
            marker = mend_block_marker(entry.value)
            if marker is not None:
                mended = line[: entry.value_start] + marker
                self.note(
                    entry.line,
                    "two block markers in one; read as lines kept as they are",
                    line,
                    mended,
                )
                self.lines[entry.line] = mended
            return
        if not entry.value:
            return
        below = self.lines[entry.line + 1 : entry.line + 1 + len(entry.more)]
        if any(looks_like_entry(text) for text in below):
            # Deeper lines that look like entries: only a person can say what was meant.
            return
        self._quote_value(entry, line)

    def _quote_value(self, entry: Entry, line: str) -> None:
        texts = [entry.value, *entry.more]
        head = line[: entry.value_start].replace("\t", " ")
        marker = _MARKER_WITH_TEXT.fullmatch(entry.value)
        if marker:
            texts[0] = marker["text"]
            reason = "a block marker with its text on the same line; the text is quoted"
        else:
            cause = misread(texts, text_only=entry.key in _TEXT_KEYS)
            if cause is None and "\t" not in line[: entry.value_start]:
                return
            reason = f"the value {cause}; quoted" if cause else "a tab before the value"
            if cause is None:
                self.replace(entry.line, head + entry.value, reason)
                return
        for offset, text in enumerate(quote(texts)):
            index = entry.line + offset
            lead = head if offset == 0 else " " * indent_of(self.lines[index])
            self.replace(index, lead + text, reason)

    def replace(self, index: int, mended: str, reason: str) -> None:
        """Put one line for another and note it."""
        line = self.lines[index]
        if line != mended:
            place = Place(self.excerpt.file, self.excerpt.first_line + index)
            self.changes.append(Change(place, STEP, reason, line.strip(), mended.strip()))
            self.lines[index] = mended


def _spread(lead: str, step: int) -> str:
    """Write an indentation with blanks, a tab counting for one step of depth."""
    return "".join(" " * step if char == "\t" else " " for char in lead)
