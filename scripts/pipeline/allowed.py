"""What a schema allows, and whether another one allows more or less."""

from collections.abc import Iterator
from typing import Any

from pipeline.answers import WORDS
from pipeline.tree import same

_LIMITS = {
    "maxLength", "maxItems", "maximum", "exclusiveMaximum", "minLength", "minItems", "minimum",
    "exclusiveMinimum", "multipleOf", "pattern", "uniqueItems", "maxProperties", "minProperties",
    "format",
}  # fmt: skip
_NARROW = ("integer", "number")


def compare_limits(was: Any, now: Any) -> Iterator[tuple[str, str]]:
    """List what differs in what two schemas allow, the schemas inside of them aside.

    Args:
        was: The schema as it was.
        now: The schema as it is now.

    Yields:
        What changed; and whether that allows less (`narrower`), more (`wider`), something else
        (`other`) or the same (`none`).
    """
    yield from _type(was, now)
    if bool(was.get("nullable")) != bool(now.get("nullable")):
        yield ("may be null", "wider") if now.get("nullable") else ("may not be null", "narrower")
    yield from _enum(was.get("enum"), now.get("enum"))
    for told, _ in _lost_and_gained(was.get(WORDS) or [], now.get(WORDS) or []):
        # They limit nothing: any other word is allowed as well.
        yield f"known words {told}", "none"
    for key in sorted(_LIMITS):
        if not same(was.get(key), now.get(key)):
            yield f"{key} {_told(was, key)} became {_told(now, key)}", _limit(key, was, now)
    extra = [node.get("additionalProperties", True) is not False for node in (was, now)]
    if extra[0] != extra[1]:
        told = "unknown fields are allowed" if extra[1] else "unknown fields are not allowed"
        yield told, "wider" if extra[1] else "narrower"
    if not same(was.get("default"), now.get("default")):
        yield f"default {_told(was, 'default')} became {_told(now, 'default')}", "none"


def _type(was: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Compare two types."""
    one, other = was.get("type"), now.get("type")
    if one != other:
        change = "other"
        if other is None or (one, other) == _NARROW:
            change = "wider"
        elif one is None or (other, one) == _NARROW:
            change = "narrower"
        yield f"type {one or 'any'} became {other or 'any'}", change


def _enum(was: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Compare two lists of allowed values."""
    if was is None and now is None:
        return
    if was is None or now is None:
        told = "any value is allowed" if now is None else f"only {_row(now)} allowed"
        yield told, "wider" if now is None else "narrower"
        return
    for told, change in _lost_and_gained(was, now):
        yield f"enum {told}", change


def _lost_and_gained(was: list[Any], now: list[Any]) -> Iterator[tuple[str, str]]:
    """Compare two lists of words, in whatever order they are."""
    gone = [value for value in was if not any(same(value, kept) for kept in now)]
    new = [value for value in now if not any(same(value, kept) for kept in was)]
    if gone:
        yield f"lost {_row(gone)}", "narrower"
    if new:
        yield f"gained {_row(new)}", "wider"


def _limit(key: str, was: Any, now: Any) -> str:
    """Class a change of a limit."""
    if key == "format":
        return "other"
    if key not in now:
        return "wider"
    if key not in was:
        return "narrower"
    numbers = all(isinstance(node[key], int | float) for node in (was, now))
    upper, lower = key.startswith("max"), key.startswith("min")
    if numbers and (upper or lower):
        return "wider" if (now[key] > was[key]) == upper else "narrower"
    return "other"


def _row(values: list[Any]) -> str:
    return ", ".join(map(str, values))


def _told(schema: Any, key: str) -> str:
    return str(schema[key]) if key in schema else "none"
