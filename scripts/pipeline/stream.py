"""YAML text as a stream of events, and what a plain scalar means in YAML 1.2.

libyaml does the scanning, since two hundred pages take a pure Python parser half a minute. It knows
YAML 1.1 only, so the two things that differ for our pages are done here: the meaning of plain
scalars (its core schema), and characters that only YAML 1.1 takes for line breaks.
"""

import math
import re
from collections.abc import Iterator

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import Event, ScalarEvent
from yaml.reader import ReaderError

__all__ = [
    "MarkedYAMLError",
    "ReaderError",
    "YAMLError",
    "end_of",
    "events",
    "line_of",
    "reads_as_other",
    "resolve",
]

# A lone carriage return is a break in YAML 1.2 too; but the exporter writes line feeds, so in its
# pages it is a character of a value like any other.
_NOT_BREAKS = "\r\x85\u2028\u2029"
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Python refuses to convert longer ones by default, and no API has any.
_LONGEST_NUMBER = 400


def events(text: str) -> Iterator[Event]:
    """Scan YAML text.

    Args:
        text: The text, its lines ending in line feeds.

    Yields:
        The events, from the start of the stream to its end.

    Raises:
        YAMLError: The text is not YAML.
    """
    masks = _masks(text)
    unmask = {ord(mask): char for char, mask in masks.items()}
    masked = text.translate({ord(char): mask for char, mask in masks.items()})
    # Events, not the trees that libyaml can build: those it builds by recursion in C, which deep
    # nesting crashes.
    for event in yaml.parse(masked, Loader=yaml.CSafeLoader):
        if unmask and isinstance(event, ScalarEvent):
            event.value = event.value.translate(unmask)
        yield event


def line_of(event: Event) -> int:
    """Tell in which line of the text an event starts.

    Args:
        event: The event.

    Returns:
        The line, counted from 0.
    """
    return event.start_mark.line if event.start_mark else 0


def end_of(event: Event) -> int:
    """Tell where in the text an event ends.

    Args:
        event: The event.

    Returns:
        The position of the character behind it.
    """
    return event.end_mark.index if event.end_mark else 0


def _masks(text: str) -> dict[str, str]:
    """Choose a character that the text lacks for each one that libyaml would break a line at."""
    found = [char for char in _NOT_BREAKS if char in text]
    if not found:
        return {}
    unused = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    return dict(zip(found, unused, strict=False))


def resolve(text: str) -> object:
    """Say what a plain scalar means by the core schema of YAML 1.2.

    Args:
        text: The scalar as written.

    Returns:
        None, a truth value, a number, or the text itself. Infinity and not-a-number, which JSON has
        no values for, and numbers of absurd length stay text; so do digits that begin with a zero,
        such as 0123: OpenAPI keeps to what JSON can say, and a number would lose the zero.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[:1] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _LEADING_ZERO.match(text):
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
