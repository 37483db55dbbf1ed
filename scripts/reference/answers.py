"""Tell what is read from an answer, from the tables in `chainhub_video.wire.answers`."""

from __future__ import annotations

import json

from chainhub_video import TaskStatus
from chainhub_video.io import Reply
from chainhub_video.wire.answers import CODES, ENVELOPES, PLACES, STATES
from chainhub_video.wire.failures import error_for

from .markdown import PageError, code, codes, table

# The facts in plain words, in the order of a reader's interest.
FACTS = {
    "id": "the task's id",
    "state": "its state",
    "link": "the link to the video, once it has completed",
    "progress": "its progress",
    "created": "when it was made",
    "updated": "when it last changed",
    "model": "its model",
    "reason": "why it failed",
    "error code": "the code of an error",
    "error message": "the message of an error",
}
_BESIDES = {
    TaskStatus.RUNNING: ", and every word that is not known",
    TaskStatus.FAILED: ", and every other word that ends in `_failed`",
}


def reading_tables() -> str:
    """Return the tables, as Markdown.

    Raises:
        PageError: a fact has no words here.
    """
    if unsaid := PLACES.keys() ^ FACTS.keys():
        raise PageError(
            f"PLACES and FACTS in {__file__} differ in {', '.join(sorted(unsaid))}: make them equal"
        )
    facts = table(
        ("What", "Where it is looked for, the most trusted place first"),
        ((FACTS[fact], codes(places)) for fact, places in sorted(PLACES.items(), key=_interest)),
    )
    states = table(
        ("`task.status`", "The gateway's words, `task.raw_status`"),
        (
            (code(status.value), codes(sorted(words)) + _BESIDES.get(status, ""))
            for status, words in STATES.items()
        ),
    )
    errors = table(
        ("Code in the body", "Stands for", "Error"),
        ((code(word), f"HTTP {status}", code(_error(word))) for word, status in CODES.items()),
    )
    return f"{facts}\nThe envelopes: {codes(ENVELOPES)}.\n\n{states}\n{errors}"


def _interest(entry: tuple[str, object]) -> int:
    return list(FACTS).index(entry[0])


def _error(word: str) -> str:
    """Return the error that a code leads to."""
    body = json.dumps({"code": word, "message": "", "data": None}).encode()
    return type(error_for(Reply(CODES[word], {}, body))).__name__
