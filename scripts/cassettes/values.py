"""Show what was sent and answered: short, in one line, and without what must stay secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from pipeline.report import cut

_LONGEST = 60
_SECRET = re.compile(r"key|token|secret|signature|password|authorization|cookie", re.IGNORECASE)
_KEY_LIKE = re.compile(r"(sk-|bearer\s+)\S+", re.IGNORECASE)
_KINDS = {
    bool: "a truth value",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class Upload(str):
    """A file in a form: text to a schema, and named by its size to people.

    Args:
        media_type: As it was sent.
        size: In bytes.
    """

    __slots__ = ("told",)
    told: str

    def __new__(cls, media_type: str, size: int) -> Upload:
        """Make the empty text that stands for the file."""
        upload = super().__new__(cls, "")
        upload.told = f"a file, {media_type}, {size} bytes"
        return upload


def kind(value: object) -> str:
    """Say of what kind a JSON value is."""
    return _KINDS.get(type(value), "text")


def short(value: object, name: str = "") -> str:
    """Show a value in some sixty characters at most.

    Args:
        value: Any JSON value.
        name: The field it stands in, which may tell that it is secret.
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


def dotted(path: Iterable[str | int]) -> str:
    """Write the way to a field as people do, as in `data.images[0]`; empty for the whole."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in path
    ).removeprefix(".")


def _harmless(text: str) -> str:
    if text[:5].lower() == "data:":
        return f"{text.partition(',')[0][:40]},…"
    if "://" in text and urlsplit(text).query:
        text = text.partition("?")[0] + "?…"
    return _KEY_LIKE.sub(r"\1***", text)
