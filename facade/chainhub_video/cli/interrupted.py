"""`Interrupted`: Ctrl-C, with what to say about it."""

from __future__ import annotations


class Interrupted(Exception):
    """Ctrl-C; the text says what becomes of the task."""
