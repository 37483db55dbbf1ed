"""Shorten and redact text from outside for messages, logs and receipts."""

from __future__ import annotations

_SHOWN = 300  # characters of a foreign text that go into a message
_SHORTEST_SECRET = 8  # characters


def shorten(text: str, limit: int = _SHOWN) -> str:
    """Return text from outside on one line, without control characters, cut to a length for a message."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def redacted(text: str, secret: str) -> str:
    """Return a text without a secret; one that is short may stand there by chance, and stays."""
    return text if len(secret) < _SHORTEST_SECRET else text.replace(secret, "***")
