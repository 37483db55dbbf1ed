"""A limit on how many creates one client may pay for."""

from __future__ import annotations

import os
from threading import Lock

from chainhub_video.errors import ConfigurationError, SpendLimitReached

_DIGITS = 18  # of a number that can be meant


class Spending:
    """Counts creates, exactly, under threads and concurrent tasks.

    Args:
        limit: how many may be paid for; None for any number.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._spent = 0
        self._lock = Lock()

    def reserve(self) -> None:
        """Count a create that is about to be sent.

        Raises:
            SpendLimitReached: it would be one too many.
        """
        with self._lock:
            if self._limit is not None and self._spent >= self._limit:
                raise SpendLimitReached(
                    f"this client has paid for {self._spent} creates, and max_creates is {self._limit}: "
                    "nothing was sent; raise the limit, or make a new client"
                )
            self._spent += 1

    def release(self) -> None:
        """Take back a create that surely was not paid."""
        with self._lock:
            self._spent -= 1


def checked_limit(max_creates: int | None) -> int | None:
    """Return the limit, from the environment's CHAINHUB_MAX_CREATES if None.

    Raises:
        ConfigurationError: it is not a whole number of 0 or more.
    """
    given = os.environ.get("CHAINHUB_MAX_CREATES") or None if max_creates is None else max_creates
    if given is None:
        return None
    text = str(given).strip()
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ConfigurationError(
            f"max_creates (CHAINHUB_MAX_CREATES) is {given!r:.80}, and must be a whole number of 0 or more"
        )
    return int(text)
