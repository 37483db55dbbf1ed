"""Decide what follows from one attempt to create.

The money rule: a create is sent again only if it is certain that the server did not act on the first one. Neither wire
format has an idempotency key, so a create that is sent twice is paid twice.

    what happened                                                       what is done
    connection never established (refused, DNS, TLS), as an event of    again, after a pause
        the transport or our own transport tells
    429                                                                 again, after Retry-After or a pause
    400 401 402 403 404 413 422, and 503 with model_not_found           raise the mapped error
    anything else once bytes may have left                              raise SubmissionUncertain, never again
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from chainhub_video.io import Reply, TransportFailure, UnreadableAnswer
from chainhub_video.wire.failures import read_error_body

Outcome: TypeAlias = Reply | TransportFailure | UnreadableAnswer

REFUSALS = frozenset({400, 401, 402, 403, 404, 413, 422})


class Decision(Enum):
    """What follows from the outcome of one attempt to create."""

    ACCEPTED = "read the task from the answer"
    AGAIN = "send again after a pause"
    REFUSED = "raise the mapped error"
    UNCERTAIN = "raise SubmissionUncertain, never send again"


def decide(outcome: Outcome) -> Decision:
    """Return what to do after one attempt to create.

    Args:
        outcome: the answer, or what the transport threw instead of one.
    """
    if isinstance(outcome, TransportFailure):
        return Decision.UNCERTAIN if outcome.sent else Decision.AGAIN
    if isinstance(outcome, UnreadableAnswer):
        return Decision.UNCERTAIN
    if 200 <= outcome.status < 300:
        return Decision.ACCEPTED
    if outcome.status == 429:
        return Decision.AGAIN
    if outcome.status in REFUSALS:
        return Decision.REFUSED
    if outcome.status == 503 and read_error_body(outcome.body)[0] == "model_not_found":
        return Decision.REFUSED
    return Decision.UNCERTAIN
