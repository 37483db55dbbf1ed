"""Step 2: make text that is not YAML into YAML, keeping every character of each value.

The pages were translated after they were exported, and the translation put `: `, ` #` and reserved
characters into values that stand without quotes. What is repaired is found from the text and from
what the parser makes of it, never from a list of known lines.
"""

import re
from dataclasses import replace

from pipeline.layout import BLANKS, Entry, indent_of, mend_depth, scan
from pipeline.page import Excerpt
from pipeline.report import Change, Place
from pipeline.scalar import is_block_marker, key_misread, mend_block_marker, misread, quote

STEP = "repair"
# Lists that OpenAPI and the exporter fill with text only; an enum may hold numbers, too.
_NAME_LISTS = {"required", "tags", "x-apifox-orders"}
_TEXT_LISTS = {*_NAME_LISTS, "enum"}
# Under these keys stands what the service sends and takes, not what OpenAPI defines.
_FREE = {"example", "examples", "default", "enum", "value"}
_WORD = re.compile(r"[\w$./{}<>\[\]-]+")
_ANCHOR = re.compile(r"(?:[:-][ \t]+|[\[,][ \t]*)&([^\s,\[\]{}]+)(?=\s|$)", re.MULTILINE)
_ALIAS = re.compile(
    r"(?:[:-][ \t]+|[\[,][ \t]*)\*([^\s,\[\]{}]+)(?=[ \t]*(?:$|[,\]]))", re.MULTILINE
)
_HONEST = re.compile(r"[&*]([^\s,\[\]{}]+)(?:\s|$)")


def repair(excerpt: Excerpt) -> tuple[Excerpt, list[Change]]:
    """Repair what the parser would stumble over or silently misread.

    Args:
        excerpt: The text as it stands in the page.

    Returns:
        The text with as many lines, so that line numbers stay true; and one change for each line
        that was repaired.
    """
    lines = excerpt.text.split("\n")
    work = _Repairs(excerpt, lines)
    mend_depth(lines, work.replace)
    entries = scan(lines)
    texts = {
        (entry.list_of.line, entry.dashes[0])
        for entry in entries
        if entry.list_of and entry.key is None and entry.value and len(entry.dashes) == 1
    }
    for entry, after in zip(entries, [*entries[1:], None], strict=False):
        if _is_text_item(entry, after, texts):
            work.quote_item(entry)
        else:
            work.quote_key(entry)
            work.value(entry)
    return replace(excerpt, text="\n".join(lines)), work.changes


def _is_text_item(entry: Entry, after: Entry | None, texts: set[tuple[int, int]]) -> bool:
    """Say whether a list item that reads as `key: value`, or as a list, is a text.

    It is one if its list can hold only text, or holds other items that are text, or if what stands
    before the colon is several words; and if it has no second key or item below.
    """
    owner = entry.list_of
    if owner is None or entry.block or entry.whole or entry.torn:
        return False
    if after is not None and min([after.column, *after.dashes]) >= entry.column:
        return False
    # The list of tags at the top of a document holds mappings, unlike that of an operation.
    only_text = owner.key in _TEXT_LISTS and owner.column > 0 and not _is_named_by_service(owner)
    among_text = only_text or (owner.line, entry.dashes[0]) in texts
    if entry.key is None:
        return among_text and len(entry.dashes) > 1
    return among_text or (entry.key[0] not in "'\"" and not _WORD.fullmatch(entry.key))


def _is_text(entry: Entry) -> bool:
    """Say whether OpenAPI wants an entry's value to be text."""
    if entry.key is None:
        owner = entry.list_of
        return owner is not None and owner.key in _NAME_LISTS and not _is_named_by_service(owner)
    return entry.is_text and not _is_named_by_service(entry)


def _is_named_by_service(entry: Entry) -> bool:
    """Say whether a key is a name of the service's own, not of OpenAPI."""
    if not _FREE.isdisjoint(entry.inside):
        return True
    # Under `properties` stand names; under a second one, which is such a name, a schema's keys.
    outer = entry.inside[::-1]
    depth = next((at for at, key in enumerate(outer) if key != "properties"), len(outer))
    return depth % 2 == 1


class _Repairs:
    """The repairs of one file, made in its list of lines."""

    def __init__(self, excerpt: Excerpt, lines: list[str]) -> None:
        self.excerpt = excerpt
        self.lines = lines
        self.changes: list[Change] = []
        # Anchors that are used, and aliases that lead to one, are no text but YAML's own.
        self.anchors = set(_ANCHOR.findall(excerpt.text)) & set(_ALIAS.findall(excerpt.text))

    def replace(self, index: int, mended: str, reason: str) -> None:
        """Put one line for another and note it."""
        line = self.lines[index]
        if line != mended:
            place = Place(self.excerpt.file, self.excerpt.first_line + index)
            self.changes.append(Change(place, STEP, reason, line, mended))
            self.lines[index] = mended

    def quote_item(self, entry: Entry) -> None:
        """Quote a whole list item."""
        line = self.lines[entry.line]
        # A dash behind the first one belongs to the text.
        start = entry.start if entry.key is not None else entry.dashes[0] + 1
        start += len(line[start:]) - len(line[start:].lstrip(BLANKS))
        texts = [line[start:].strip(BLANKS), *entry.more]
        if misread(texts, text_only=True) is not None:
            owner = entry.list_of.key if entry.list_of else ""
            reason = f"an item of {owner} is text, and YAML takes it for more; quoted whole"
            self.put(entry.line, line[:start].replace("\t", " "), quote(texts), reason)

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
        if entry.block:
            entry.value = mend_block_marker(entry.value)
            reason = "two block markers in one; read as lines kept as they are"
            self.replace(entry.line, head + entry.value + tail, reason)
        # The parser takes a tab before a value, but not where a list or a key follows.
        if "\t" in head:
            reason = "a tab before a value; YAML takes blanks only"
            self.replace(entry.line, head.replace("\t", " ") + entry.value, reason)
        # Deeper lines that look like entries: only a person can say what was meant.
        if entry.value and not entry.block and not entry.whole and not entry.torn:
            self.quote_value(entry)

    def quote_value(self, entry: Entry) -> None:
        """Quote a value, on all of its lines, if the parser would misread it."""
        texts = [entry.value, *entry.more]
        honest = _HONEST.match(entry.value)
        if honest and honest[1] in self.anchors:
            return
        cause: str | None = "is a block marker without a block"
        if entry.more or not is_block_marker(entry.value):
            free = entry.key in _FREE or not _FREE.isdisjoint(entry.inside)
            cause = misread(texts, text_only=_is_text(entry), free=free)
        if cause is not None:
            head = self.lines[entry.line][: entry.value_start]
            self.put(entry.line, head, quote(texts), f"the value {cause}; quoted")

    def put(self, first: int, head: str, texts: list[str], reason: str) -> None:
        """Put texts for the lines of one value, each at the depth its line has."""
        self.replace(first, head + texts[0], reason)
        for index, text in enumerate(texts[1:], start=first + 1):
            self.replace(index, " " * indent_of(self.lines[index]) + text, reason)
