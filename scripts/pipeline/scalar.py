"""YAML text as a stream of events, what one plain value means, and how to quote one that is misread.

libyaml does the scanning, since two hundred pages take a pure Python parser half a minute. It knows
YAML 1.1 only, so the two things that differ for our pages are done here: the meaning of plain
scalars (the core schema of YAML 1.2), and characters that only YAML 1.1 takes for line breaks.

Whether a value of a page needs quotes is decided by this parser itself: the value is put after a
key, and what comes out is compared with what was put in. So a value that fails to parse is found,
and so is one that parses into something shorter: a comment after ` #`, an anchor after `&`.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache

import yaml

# A lone carriage return is a break in YAML 1.2 too; but the exporter writes line feeds, so in its
# pages it is a character of a value like any other.
_NOT_BREAKS = "\r\x85\u2028\u2029"
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Python refuses to convert longer ones by default, and no API has any.
_LONGEST_NUMBER = 400
_BLOCK_MARKER = re.compile(r"[|>](?:[1-9][+-]?|[+-][1-9]?)?")
_MARKERS = re.compile(r"[|>][|>+\-1-9 \t]*")
_RESERVED = "@`%&*!|>{}[],#?-:"
# What must be escaped in double quotes: what YAML does not take as it stands.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
# Nothing in such a value can mean anything to YAML; most values are of this kind.
_HARMLESS = re.compile(
    r"[A-Za-z0-9_/$(\u4e00-\u9fff]"
    r"(?:[^:#\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff]|:(?=[^\s\x00-\x1f])|(?<!\s)\#)*"
)
_HARMLESS_KEY = re.compile(r"[A-Za-z0-9_/$][A-Za-z0-9_/$.{}\-]*")
# A quote between letters is an apostrophe, which the translation put into quoted text.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_PREFIX = "k: "


def events(text: str) -> Iterator[yaml.Event]:
    """Scan YAML text.

    Args:
        text: The text, its lines ending in line feeds.

    Yields:
        The events, from the start of the stream to its end.

    Raises:
        YAMLError: The text is not YAML.
    """
    # A character that the text lacks stands for each one that libyaml would break a line at.
    found = (char for char in _NOT_BREAKS if char in text)
    unused = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    masks = dict(zip(found, unused, strict=False))
    unmask = {ord(mask): char for char, mask in masks.items()}
    masked = text.translate({ord(char): mask for char, mask in masks.items()})
    # Events, not the trees that libyaml can build: those it builds by recursion in C, which deep
    # nesting crashes.
    for event in yaml.parse(masked, Loader=yaml.CSafeLoader):
        if unmask and isinstance(event, yaml.ScalarEvent):
            event.value = event.value.translate(unmask)
        yield event


def resolve(text: str) -> object:
    """Say what a plain scalar means by the core schema of YAML 1.2.

    Args:
        text: The scalar as written.

    Returns:
        None, a truth value, a number, or the text itself. Infinity and not-a-number, which JSON has
        no values for, and numbers of absurd length stay text; so do digits that begin with a zero,
        such as 0123: OpenAPI keeps to what JSON can say, and a number would lose the zero.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _LONGEST_NUMBER or _LEADING_ZERO.match(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def reads_as_other(text: str) -> bool:
    """Say whether a plain scalar is read as something else than its text.

    Args:
        text: The scalar as written.

    Returns:
        Whether it is a number or a truth value, or a null that is not written ``null``.
    """
    # The exporter writes the word null for a description that is not there.
    return text != "null" and not isinstance(resolve(text), str)


def announces_block(value: str) -> bool:
    """Say whether a value with lines below it is the marker of a block scalar, a mangled one included.

    Args:
        value: The value as written, without blanks around it.

    Returns:
        Whether it starts with ``|`` or ``>``, and holds indicators only.
    """
    return _MARKERS.fullmatch(value) is not None


def is_block_marker(value: str) -> bool:
    """Say whether a value announces a block scalar on the lines below.

    Args:
        value: The value as written, without blanks around it.

    Returns:
        Whether it is ``|`` or ``>``, with indicators or without.
    """
    return _BLOCK_MARKER.fullmatch(value) is not None


def mend_block_marker(value: str) -> str:
    """Mend block markers that ran into one, such as ``|>-``.

    Args:
        value: The markers, which `announces_block` is true of.

    Returns:
        A literal marker, which keeps the lines below as they are; the value itself if it is sound.
    """
    if is_block_marker(value):
        return value
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


def misread(lines: list[str], *, text_only: bool = False, free: bool = False) -> str | None:
    """Say why the parser would not read a value as it is written.

    Args:
        lines: The value's lines, without blanks around them.
        text_only: Whether the value can only be text, so that a number or a collection is a
            misreading.
        free: Whether the value is the service's own, such as an example: there a placeholder like
            ``{name}`` is text, for the exporter writes no mapping in braces.

    Returns:
        The reason, or None if the value is fine.
    """
    if all(map(_HARMLESS.fullmatch, lines)):
        number = text_only and len(lines) == 1 and reads_as_other(lines[0])
        return "can only be text here, and reads as a number or truth value" if number else None
    source = "\n  ".join(lines)
    try:
        found = _events(source)
    except yaml.YAMLError as error:
        problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
        return _cause(fold(lines)) or problem or "holds a character that YAML does not allow"
    if _is_one_value(found, source) and not any(_is_marked(event) for event in found):
        first = found[0]
        if isinstance(first, yaml.ScalarEvent):
            if not first.style and text_only and reads_as_other(first.value):
                return "can only be text here, and reads as a number, a truth value or null"
            # A block marker with a comment, and nothing below that it could announce, is text.
            styled = first.style == source[0] and (source[0] in "'\"" or len(lines) > 1)
            if styled or (not first.style and first.value == fold(lines)):
                return None
        elif text_only:
            return "can only be text here, and reads as a list or mapping"
        elif not (free and _is_placeholder(found)):
            return None
        else:
            return "is a placeholder in braces, which YAML takes for a mapping"
    return _cause(fold(lines)) or "the parser reads something else"


@lru_cache(maxsize=4096)
def key_misread(key: str) -> bool:
    """Say whether the parser would not read a plain key as it is written.

    Args:
        key: The key as written.

    Returns:
        Whether it needs quotes.
    """
    if _HARMLESS_KEY.fullmatch(key):
        return False
    try:
        found = list(events(f"{key}: v"))[3:-3]
    except yaml.YAMLError:
        return True
    sound = found and isinstance(found[0], yaml.ScalarEvent) and found[0].value == key
    return not sound or _is_marked(found[0])


def quote(lines: list[str]) -> list[str]:
    """Quote a value so that the parser reads exactly its characters.

    Args:
        lines: The value's lines, without blanks around them.

    Returns:
        The same lines, quoted as one value. Quotes around the value belong to it, unless it is
        quoted text into which only apostrophes were put.
    """
    whole = "\n".join(lines)
    inner = _inside_quotes(whole)
    if inner is not None:
        quoted = f"'{inner}'"
    elif _UNPRINTABLE.search(whole):
        # Line ends of the page itself are folded by the parser, as they are in the plain value.
        escaped = whole.replace("\\", "\\\\").replace('"', '\\"')
        quoted = f'"{_UNPRINTABLE.sub(_escape, escaped)}"'
    else:
        quoted = "'" + whole.replace("'", "''") + "'"
    return quoted.split("\n")


def is_balanced(lines: list[str]) -> bool:
    """Say whether lines are one quoted value or one collection in brackets, and nothing else.

    Args:
        lines: The lines, without blanks around them.

    Returns:
        Whether the parser reads them as one value.
    """
    source = "\n  ".join(lines)
    try:
        found = _events(source)
    except yaml.YAMLError:
        return False
    if not _is_one_value(found, source):
        return False
    return not isinstance(found[0], yaml.ScalarEvent) or found[0].style == source[0]


def _inside_quotes(whole: str) -> str | None:
    """Return what stands inside single quotes, its apostrophes doubled; None if it is not that."""
    if len(whole) < 2 or whole[0] != "'" or whole[-1] != "'":
        return None
    inner = _APOSTROPHE.sub("''", whole[1:-1].replace("''", "\0"))
    if "'" in inner.replace("''", "") or _UNPRINTABLE.search(inner.replace("\0", "")):
        return None
    return inner.replace("\0", "''")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@lru_cache(maxsize=4096)
def _events(source: str) -> tuple[yaml.Event, ...]:
    """Parse a value behind a key; return the events of the value alone."""
    # Stream and document start, mapping start, the key; then the value; then the three ends.
    return tuple(events(_PREFIX + source + "\n"))[4:-3]


def _is_one_value(found: tuple[yaml.Event, ...], source: str) -> bool:
    """Say whether events are one value that reaches to the end of the source."""
    depth = 0
    for position, event in enumerate(found):
        depth += isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
        depth -= isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
        if depth == 0 and position < len(found) - 1:
            return False
    mark = found[-1].end_mark if found else None
    return mark is not None and not (_PREFIX + source)[mark.index :].strip()


def _is_placeholder(found: tuple[yaml.Event, ...]) -> bool:
    """Say whether a mapping in braces has no values, like ``{name}``, or a key that is no text."""
    if not isinstance(found[0], yaml.MappingStartEvent) or len(found) == 2:
        return False
    inner = found[1:-1]
    return not isinstance(inner[0], yaml.ScalarEvent) or (
        isinstance(inner[1], yaml.ScalarEvent) and not inner[1].value and not inner[1].style
    )


def _is_marked(event: yaml.Event) -> bool:
    """Say whether a node carries an anchor, an alias or a tag, which the exporter never writes."""
    return bool(getattr(event, "anchor", None) or getattr(event, "tag", None))


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
    if _UNPRINTABLE.search(text):
        return "holds a character that must be escaped"
    return ""
