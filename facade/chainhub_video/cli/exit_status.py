"""The exit statuses, and which one a failure has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainhub_video.errors import (
    ConfigurationError,
    InvalidRequest,
    SubmissionUncertain,
    WaitTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainhub_video.errors import ChainHubError

DONE, FAILED, MISTAKE, UNCERTAIN, RUNNING, INTERRUPTED = 0, 1, 2, 3, 4, 130
EXPLAINED = """Exit status:
  0    done
  1    failed: the gateway, the network, the task or the disk
  2    a mistake on this side; nothing was sent, nothing is paid
  3    uncertain: a create was sent, and may have been paid
  4    still running at the deadline; it goes on at the gateway
  130  interrupted"""

_BADNESS = (DONE, RUNNING, MISTAKE, FAILED, UNCERTAIN, INTERRUPTED)  # the worst one last


def status_of(failure: ChainHubError) -> int:
    """Return the exit status of a failure."""
    if isinstance(failure, SubmissionUncertain):
        return UNCERTAIN
    if isinstance(failure, WaitTimeout) and failure.task is not None:
        return RUNNING
    if isinstance(failure, (ConfigurationError, InvalidRequest)) and failure.task is None:
        return MISTAKE
    return FAILED


def worst(statuses: Iterable[int]) -> int:
    """Return the worst of the exit statuses of several tasks or files; 0 if there are none."""
    return max(statuses, key=_BADNESS.index, default=DONE)
