"""What a receipt says to whoever comes next: that another process is at it, that it is uncertain, or whose it is."""

from __future__ import annotations

from chainhub_video.errors import (
    ChainHubError,
    ReceiptConflict,
    SubmissionUncertain,
    WaitTimeout,
)
from chainhub_video.io import IO
from chainhub_video.receipts.receipt import Receipt, ReceiptState, ReceiptStore

_GLANCE = 1.0  # seconds between two looks at a receipt that another process is about to change
CHECK = "Look for it in the vendor's usage log."
AGAIN = "the same call with resubmit_uncertain=True (--resubmit-uncertain) sends it again"


async def settled(
    io: IO, store: ReceiptStore, *, deadline: float | None, wanted: Receipt | None = None
) -> Receipt | None:
    """Return the receipt, or None, once no other process can be sending a create under it.

    Args:
        io: reads and sleeps.
        store: where the receipt is kept.
        deadline: on the clock of `io`; None for never.
        wanted: what it must have the request of; None for any.

    Raises:
        ReceiptConflict: it is of another request, or cannot be read.
        WaitTimeout: another process was still at it at the deadline.
    """
    seen: Receipt | None = None
    ends = 0.0
    while True:
        found = await io.run(store.load)
        if found is None:
            return None
        if wanted is not None and found.fingerprint != wanted.fingerprint:
            raise ReceiptConflict(
                f"receipt {store.name} belongs to another request (it differs in "
                f"{_difference(found.request, wanted.request)}): choose another output, "
                "or move the receipt away if you no longer need what it paid for"
            )
        if found.state is not ReceiptState.SUBMITTING:
            return found
        clock = io.now()
        if found != seen:
            seen, ends = found, clock + found.seconds_left()
        left = min(found.seconds_left(), ends - clock)  # the time of day may be set back
        if left <= 0:
            return found
        if deadline is not None and clock >= deadline:
            raise WaitTimeout(
                f"another process is still sending the create of {store.name}: "
                "run it again later, nothing was sent by this one"
            )
        await io.sleep(min(_GLANCE, left))


def uncertain(store: ReceiptStore, receipt: Receipt) -> SubmissionUncertain:
    """Return the error for a receipt that knows no task."""
    sent_at = receipt.when(ReceiptState.SUBMITTING)
    when = "an unknown time" if sent_at is None else sent_at.isoformat(timespec="seconds")
    why = f" ({receipt.reason})" if receipt.reason else ""
    return SubmissionUncertain(
        f"receipt {store.name}: a create was sent at {when} and its outcome is unknown{why}. "
        f"It may have been paid. {CHECK} If it was not, {AGAIN}",
        fingerprint=receipt.fingerprint,
        sent_at=sent_at,
    )


def say(error: BaseException, more: str) -> None:
    """Add to what an error tells people: to the message of ours, as a note to any other."""
    if not more:
        return
    if isinstance(error, ChainHubError):
        error.args = (f"{error}. {more}", *error.args[1:])
    else:
        error.add_note(more)


def _difference(one: object, other: object) -> str:
    """Return the names of the fields in which two descriptions differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return "everything"
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    return ", ".join(names) or "how it was described"
