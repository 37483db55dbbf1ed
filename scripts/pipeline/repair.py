"""Step 2: make text that is not YAML into YAML, keeping every character of each value.

The pages were translated after they were exported, and the translation put `: `, ` #` and reserved
characters into values that stand without quotes. What is repaired is found from the text and from
what the parser makes of it, never from a list of known lines.
"""

import re
from dataclasses import replace

from pipeline.layout import BLANKS, Entry, entry_of, indent_of, looks_like_entry, scan
from pipeline.page import Excerpt
from pipeline.report import Change, Place
from pipeline.scalar import key_misread, mend_block_marker, misread, quote

STEP = "repair"
# Lists that OpenAPI and the exporter fill with text only.
_TEXT_LISTS = {"required", "enum", "tags", "x-apifox-orders"}
# Keys whose value OpenAPI wants to be text, unless they are names of the service's own.
_TEXT_KEYS = {"description", "summary", "title"}
_FREE = {"example", "examples", "default", "enum", "value"}
_LEAD = re.compile("[ \t\u00a0\u3000]*")
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


def _is_text(entry: Entry) -> bool:
    """Say whether OpenAPI wants an entry's value to be text."""
    named_by_service = entry.inside[-1:] == ("properties",) or not _FREE.isdisjoint(entry.inside)
    return entry.key in _TEXT_KEYS and not named_by_service


class _Repairs:
    """The repairs of one file, made in its list of lines."""

    def __init__(self, excerpt: Excerpt, lines: list[str]) -> None:
        self.excerpt = excerpt
        self.lines = lines
        self.changes: list[Change] = []

    def replace(self, index: int, mended: str, reason: str) -> None:
        """Put one line for another and note it."""
        line = self.lines[index]
        if line == mended:
            return
        shown = line.strip(BLANKS), mended.strip(BLANKS)
        if shown[0] == shown[1]:
            shown = repr(line), repr(mended)
        place = Place(self.excerpt.file, self.excerpt.first_line + index)
        self.changes.append(Change(place, STEP, reason, *shown))
        self.lines[index] = mended

    def indentation(self) -> None:
        """Put blanks for tabs and wide blanks that stand for depth."""
        depths = [indent_of(line) for line in self.lines if line[:1] == " " and line.strip(BLANKS)]
        step = min(depths, default=2)
        block_column: int | None = None
        for index, line in enumerate(self.lines):
            if not line.strip(BLANKS):
                continue
            # Inside a block scalar, what stands behind the depth is text.
            if block_column is not None and indent_of(line) > block_column:
                continue
            lead = _LEAD.match(line)
            odd = lead[0] if lead else ""
            if odd.strip(" "):
                told = odd.encode("unicode_escape").decode()
                mended = _spread(odd, step) + line[len(odd) :]
                self.replace(index, mended, f"depth written as {told!r}; YAML takes blanks only")
                if block_column is not None and indent_of(mended) > block_column:
                    continue
            entry = entry_of(self.lines[index], index)
            opens = entry is not None and entry.value[:1] in ("|", ">")
            block_column = entry.column if entry and opens else None

    def quote_item(self, entry: Entry) -> None:
        """Quote a whole list item."""
        line = self.lines[entry.line]
        text = line[entry.start :].strip(BLANKS)
        if not entry.more and misread([text]) is not None:
            owner = entry.list_of.key if entry.list_of else ""
            reason = f"an item of {owner} is text that holds ': '; quoted whole"
            head = line[: entry.start].replace("\t", " ")
            self.replace(entry.line, head + quote([text])[0], reason)

    def quote_key(self, entry: Entry) -> None:
        """Quote a key the parser would not take."""
        key = entry.key
        if key is None or key[0] in "'\"" or not key_misread(key):
            return
        line = self.lines[entry.line]
        quoted = quote([key])[0]
        mended = line[: entry.start] + quoted + line[entry.start + len(key) :]
        self.replace(entry.line, mended, f"the key {key!r} is not plain YAML; quoted")
        entry.value_start += len(quoted) - len(key)

    def value(self, entry: Entry) -> None:
        """Mend a block marker, or quote a value the parser would misread."""
        line = self.lines[entry.line]
        head, tail = line[: entry.value_start], line[entry.value_start + len(entry.value) :]
        below = self.lines[entry.line + 1 : entry.line + 1 + len(entry.more)]
        mended = mend_block_marker(entry.value) if entry.block else None
        if mended is not None:
            entry.value = mended
            reason = "two block markers in one; read as lines kept as they are"
            self.replace(entry.line, head + mended + tail, reason)
        if "\t" in head + tail:
            reason = "tabs around a value; YAML takes blanks only"
            self.replace(entry.line, head.replace("\t", " ") + entry.value, reason)
        # Deeper lines that look like entries: only a person can say what was meant.
        if entry.value and not entry.block and not any(map(looks_like_entry, below)):
            self.quote_value(entry)

    def quote_value(self, entry: Entry) -> None:
        """Quote a value, on all of its lines, if the parser would misread it."""
        head = self.lines[entry.line][: entry.value_start]
        texts = [entry.value, *entry.more]
        marker = _MARKER_WITH_TEXT.fullmatch(entry.value)
        if marker:
            texts[0] = marker["text"]
            reason = "a block marker with its text on the same line; the text is quoted"
        else:
            cause = misread(texts, text_only=_is_text(entry))
            if cause is None:
                return
            reason = f"the value {cause}; quoted"
        for offset, text in enumerate(quote(texts)):
            index = entry.line + offset
            lead = head if offset == 0 else " " * indent_of(self.lines[index])
            self.replace(index, lead + text, reason)


def _spread(lead: str, step: int) -> str:
    """Write an indentation with blanks, a tab counting for one step of depth."""
    return "".join(" " * step if char == "\t" else " " for char in lead)
