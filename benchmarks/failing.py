"""The one error of a run."""

from __future__ import annotations


class BenchFailed(Exception):
    """The run cannot go on; the text is one line that says where and what to do."""
