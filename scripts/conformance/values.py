"""Shows what was sent and answered: short, in one line, and without what must stay secret."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from pipeline.report import cut

_LONGEST = 60
_SECRET = re.compile(r"key|token|secret|signature|password|authorization|cookie", re.IGNORECASE)
_KEY_LIKE = re.compile(r"(sk-|bearer\s+)\S+", re.IGNORECASE)


class Upload(str):
    """A file in a form: text to a schema, and named by its size to people.

    Args:
        media_type: As it was sent.
        size: In bytes.
    """

    __slots__ = ("told",)

    def __new__(cls, media_type: str, size: int) -> "Upload":
        """Make the empty text that stands for the file."""
        upload = super().__new__(cls, "")
        upload.told = f"a file, {media_type}, {size} bytes"
        return upload

    told: str


def kind(value: object) -> str:
    """Say of what kind a JSON value is.

    Args:
        value: The value.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "a truth value"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str() | bytes():
            return "text"
        case list():
            return "a list"
    return "an object"


def short(value: object, name: str = "") -> str:
    """Show a value.

    Args:
        value: Any JSON value.
        name: The field it stands in, which may tell that it is secret.

    Returns:
        A line of some sixty characters at most.
    """
    if isinstance(value, dict):
        return cut("{" + ", ".join(value) + "}", _LONGEST)
    if isinstance(value, list):
        return f"[{short(value[0], name)}{', …' * (len(value) > 1)}]" if value else "[]"
    if value is not None and not isinstance(value, bool) and _SECRET.search(name):
        return "***"
    if isinstance(value, Upload):
        return value.told
    if not isinstance(value, str):
        return json.dumps(value)
    return repr(cut(_harmless(value), _LONGEST))


def dotted(path: Any) -> str:
    """Write the way to a field as people do.

    Args:
        path: Names and positions.

    Returns:
        The same as in `data.images[0]`; empty for the whole.
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _harmless(text: str) -> str:
    if text[:5].lower() == "data:":
        return f"{text.partition(',')[0][:40]},…"
    if "://" in text and (query := urlsplit(text).query):
        text = text.partition("?")[0] + ("?…" if query else "")
    return _KEY_LIKE.sub(r"\1***", text)
