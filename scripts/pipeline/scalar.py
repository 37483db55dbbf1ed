"""One value of a YAML mapping: does the parser read it as it is written, and how to quote it.

The judge is the YAML parser itself: the value is put after a key, and what comes out is compared
with what was put in. So a value that fails to parse is found, and so is one that parses into
something shorter: a comment after ` #`, an anchor after `&`, a tag after `!`.
"""

import re
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

_BLOCK_MARKER = re.compile(r"[|>](?:[1-9][+-]?|[+-][1-9]?)?")
_MANGLED_MARKER = re.compile(r"[|>][|>+\-1-9 \t]*")
_RESERVED = "@`%&*!|>{}[],#?-:"
# What must be escaped in double quotes: controls, and line ends of YAML 1.1 and Unicode.
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PREFIX = "k: "


def is_block_marker(value: str) -> bool:
    """Say whether a value announces a block scalar on the lines below.

    Args:
        value: The value as written, without blanks around it.

    Returns:
        Whether it is ``|`` or ``>``, with indicators or without.
    """
    return _BLOCK_MARKER.fullmatch(value) is not None


def mend_block_marker(value: str) -> str | None:
    """Mend two block markers that ran into one, such as ``|>-``.

    Args:
        value: The value as written, without blanks around it.

    Returns:
        A literal marker, which keeps the lines below as they are; None if the value is no marker.
    """
    if is_block_marker(value) or not _MANGLED_MARKER.fullmatch(value):
        return None
    width = re.sub(r"\D", "", value)[:1]
    chomping = "+" if "+" in value else "-" if "-" in value else ""
    return f"|{width}{chomping}"


def fold(lines: list[str]) -> str:
    """Join the lines of a plain or quoted value as YAML does.

    Args:
        lines: The lines without blanks around them; empty ones stand for line ends.

    Returns:
        The text they mean.
    """
    text, gap = lines[0], 0
    for line in lines[1:]:
        if not line:
            gap += 1
            continue
        text += ("\n" * gap or " ") + line
        gap = 0
    return text


def misread(lines: list[str], *, text_only: bool = False) -> str | None:
    """Say why the parser would not read a value as it is written.

    Args:
        lines: The value's lines, without blanks around them.
        text_only: Whether the value can only be text, so that a number or a collection is a
            misreading.

    Returns:
        The reason, or None if the value is fine.
    """
    source = "\n  ".join(lines)
    try:
        events = _events(source)
    except YAMLError as error:
        problem = getattr(error, "problem", None) or "character that YAML does not allow"
        return _cause(fold(lines)) or str(problem)
    if events and _is_whole(events, source) and not any(_is_marked(event) for event in events):
        first = events[0]
        if isinstance(first, ScalarEvent):
            if not first.style and text_only and _is_number(first.value):
                return "can only be text here, and reads as a number or truth value"
            if first.style == source[0] or first.value == fold(lines):
                return None
        elif source[0] in "[{" and (len(events) == 2 or not text_only):
            return None
    return _cause(fold(lines)) or "the parser reads something else"


def key_misread(key: str) -> bool:
    """Say whether the parser would not read a plain key as it is written.

    Args:
        key: The key as written.

    Returns:
        Whether it needs quotes.
    """
    try:
        events = list(YAML(typ="safe", pure=True).parse(f"{key}: v"))[3:-3]
    except YAMLError:
        return True
    if not events:
        return True
    first = events[0]
    return not (isinstance(first, ScalarEvent) and first.value == key) or _is_marked(first)


def quote(lines: list[str]) -> list[str]:
    """Quote a value so that the parser reads exactly its characters.

    Args:
        lines: The value's lines, without blanks around them.

    Returns:
        The same lines, quoted as one value.
    """
    whole = "\n".join(lines)
    mark = whole[0]
    closed = len(whole) > 1 and mark in "'\"" and whole.endswith(mark)
    if closed and mark == '"':
        inner = re.sub(r'\\.|"', lambda m: '\\"' if m[0] == '"' else m[0], whole[1:-1])
        if misread([f'"{inner}"']) is None:
            return f'"{inner}"'.split("\n")
    if closed and mark == "'":
        whole = whole[1:-1].replace("''", "'")
    if any(_UNPRINTABLE.search(line) for line in lines):
        escaped = whole.replace("\\", "\\\\").replace('"', '\\"')
        # Line ends of the page itself are folded by the parser, as they are in the plain value.
        parts = [_UNPRINTABLE.sub(_escape, line) for line in escaped.split("\n")]
        return ('"' + "\n".join(parts) + '"').split("\n")
    return ("'" + whole.replace("'", "''") + "'").split("\n")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@lru_cache(maxsize=4096)
def _events(source: str) -> tuple[Event, ...]:
    """Parse a value behind a key; return the events of the value alone."""
    events = list(YAML(typ="safe", pure=True).parse(_PREFIX + source + "\n"))
    # Stream and document start, mapping start, the key; then the value; then the three ends.
    return tuple(events[4:-3])


def _is_number(text: str) -> bool:
    """Say whether the parser makes a number or a truth value of a plain text."""
    tag = str(YAML(typ="safe", pure=True).resolver.resolve(ScalarNode, text, (True, False)))
    return tag.rpartition(":")[2] in ("int", "float", "bool")


def _is_whole(events: tuple[Event, ...], source: str) -> bool:
    """Say whether the events are one value that reaches to the end of the source."""
    depth = 0
    for position, event in enumerate(events):
        depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
        depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
        if depth == 0 and position < len(events) - 1:
            return False
    end = events[-1].end_mark
    return end is not None and not (_PREFIX + source)[end.index :].strip()


def _is_marked(event: Event) -> bool:
    """Say whether a node carries an anchor, an alias or a tag, which the exporter never writes."""
    if isinstance(event, AliasEvent):
        return True
    return isinstance(event, NodeEvent) and bool(
        getattr(event, "anchor", None) or getattr(event, "ctag", None)
    )


def _cause(text: str) -> str:
    """Name what usually makes a parser stumble over a value."""
    if text[:1] in ("'", '"'):
        return "starts with a quote that does not span it"
    if text[:1] in _RESERVED and (text[:1] not in "?-:" or text[1:2] in ("", " ")):
        return f"starts with {text[:1]!r}, which YAML reserves"
    if re.search(r":(\s|$)", text):
        return "holds ': ', which YAML takes for another key"
    if re.search(r"\s#", text):
        return "holds ' #', which YAML takes for a comment"
    if "\t" in text:
        return "holds a tab, which the parser does not take"
    if _UNPRINTABLE.search(text):
        return "holds a character that must be escaped"
    return ""
