"""What a sandbox tells of what arrived at it."""

from __future__ import annotations

import time

from chainhub_sandbox.charges import CreateRecord, PaidTask
from chainhub_sandbox.ledger import Ledger, ReceivedRequest
from chainhub_sandbox.listening import SandboxError

_GLANCE_SECONDS = 0.002


class Evidence:
    """Everything that arrived, what it would have cost, and what became of it.

    Args:
        ledger: remembers it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return self._ledger.charges.paid

    @property
    def tasks(self) -> list[PaidTask]:
        """The tasks that production would have charged, oldest first, as they are now."""
        return self._ledger.charges.tasks()

    @property
    def creates(self) -> list[CreateRecord]:
        """All creates by fingerprint: how many arrived, and the tasks that would be charged."""
        return self._ledger.charges.records()

    @property
    def key_leaks(self) -> int:
        """How many requests carried an Authorization header to the origin of the links."""
        return self._ledger.key_leaks

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived at both origins so far, oldest first."""
        return list(self._ledger.entries)

    @property
    def unread(self) -> int:
        """How many creates broke off before they were read whole; it is not known what they asked."""
        return self._ledger.unread

    def wait_for(self, step: str, times: int = 1, seconds: float = 10.0) -> ReceivedRequest:
        """Waits in real time until an app that runs beside has sent something.

        Args:
            step: `create`, `query`, `content` or `link`.
            times: how many requests of the step must have come in all.
            seconds: how long to wait at most.

        Returns:
            The last of those requests.

        Raises:
            SandboxError: so many did not come.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = [request for request in self.requests if request.step == step]
            if len(found) >= times:
                return found[times - 1]
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"{len(found)} of {times} {step} requests arrived within {seconds:g} s"
                )
            time.sleep(_GLANCE_SECONDS)
