"""What the parameters of faults may be: each check returns the value, or says in a `ValueError` what it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], Any]

_REDIRECTS = (301, 302, 303, 307, 308)


def whole(lowest: int, highest: int) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return value

    return check


def number(lowest: float, highest: float) -> Check:
    """A number within limits."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not lowest <= value <= highest:
            raise ValueError(f"a number from {lowest:g} to {highest:g}")
        return float(value)

    return check


def one_of(*words: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return str(value)

    return check


def text(value: Any) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def header_value(value: Any) -> str:
    """What a header may hold, given as text or as a number."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isprintable()):
        raise ValueError("seconds, or an HTTP date")
    return text


def json_object(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError("a JSON object")
    return value


def not_zero(value: Any) -> int:
    """A whole number but 0."""
    if type(value) is not int or not value:
        raise ValueError("a whole number other than 0")
    return value


def redirect_status(value: Any) -> int:
    """A status that leads elsewhere."""
    if type(value) is not int or value not in _REDIRECTS:
        raise ValueError(f"one of {', '.join(map(str, _REDIRECTS))}")
    return value


def dotted_place(value: Any) -> str:
    """Where a value is in nested objects."""
    if not isinstance(value, str) or not all(value.split(".")):
        raise ValueError("a name, or names with dots between them, as in data.url")
    return value
