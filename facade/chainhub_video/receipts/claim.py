"""An output's receipt from before its create is sent until a task is known: claimed, and true whatever happens."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import attrs

from chainhub_video.errors import (
    ChainHubError,
    InvalidRequest,
    ReceiptConflict,
    SubmissionUncertain,
    WaitTimeout,
)
from chainhub_video.io import Flow, Sleep, now, run
from chainhub_video.receipts.receipt import Hold, Receipt, ReceiptState, ReceiptStore

if TYPE_CHECKING:
    from chainhub_video.flows.create import Submission
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

_GLANCE = 1.0  # seconds between two looks at a receipt that another process is about to change
_CHECK = "Look for it in the vendor's usage log."
_AGAIN = "the same call with resubmit_uncertain=True (--resubmit-uncertain) sends it again"
_SLACK = 5.0  # seconds that a create may take beyond the sum of its timeouts


@attrs.define(eq=False)
class Claim:
    """How a create gets its receipt.

    Attributes:
        settings: the client's.
        store: where the receipt is kept.
        timeout: seconds to wait for another process that is sending the create; None for ever.
    """

    settings: Settings
    store: ReceiptStore
    timeout: float | None

    def submit(
        self, submission: Submission, *, resubmit: bool
    ) -> Flow[tuple[Receipt, VideoTask | None]]:
        """Send the create under a receipt, unless its receipt tells of a task already.

        Args:
            submission: the create.
            resubmit: whether to send it although an earlier one may have been paid.

        Returns:
            The receipt, and the task as the create's answer describes it; None if an earlier run made it.

        Raises:
            ReceiptConflict: the receipt is of another request, or cannot be read; or the task is paid, and
                it could not be written.
            ChainHubError: whatever else a create raises.
        """
        hold = Hold(self.store)
        task: VideoTask | None = None
        try:
            done = yield from self._take(hold, submission, resubmit=resubmit)
            if done is not None:
                return done, None
            task = yield from submission.send(lambda: self._renew(hold))
            return (yield from self._keep(hold, task)), task
        except BaseException as error:
            yield from self._leave(hold, submission, task, error)
            raise

    def settled(self, submission: Submission | None = None) -> Flow[Receipt | None]:
        """Return the receipt, or None, once no other process can be sending a create under it.

        Args:
            submission: what it must be the receipt of; None for any.

        Raises:
            ReceiptConflict: it is of another request, or cannot be read.
            WaitTimeout: another process was still at it when the time was up.
        """
        began = yield from now()
        seen: Receipt | None = None
        ends = began
        while True:
            found = yield from run(self.store.load)
            if found is None:
                return None
            if submission is not None and found.fingerprint != submission.fingerprint:
                raise ReceiptConflict(
                    f"receipt {self.store.name} belongs to another request (it differs in "
                    f"{_difference(found.request, submission.description)}): choose another output, "
                    "or move the receipt away if you no longer need what it paid for"
                )
            if found.state is not ReceiptState.SUBMITTING:
                return found
            clock = yield from now()
            if found != seen:
                seen, ends = found, clock + found.seconds_left()
            left = min(found.seconds_left(), ends - clock)  # the time of day may be set back
            if left <= 0:
                return found
            if self.timeout is not None and clock - began >= self.timeout:
                raise WaitTimeout(
                    f"another process is still sending the create of {self.store.name}: "
                    "run it again later, nothing was sent by this one"
                )
            yield Sleep(min(_GLANCE, left))

    def uncertain(self, receipt: Receipt) -> SubmissionUncertain:
        """Return the error for a receipt that knows no task."""
        sent_at = receipt.when(ReceiptState.SUBMITTING)
        when = "an unknown time" if sent_at is None else sent_at.isoformat(timespec="seconds")
        why = f" ({receipt.reason})" if receipt.reason else ""
        return SubmissionUncertain(
            f"receipt {self.store.name}: a create was sent at {when} and its outcome is unknown{why}. "
            f"It may have been paid. {_CHECK} If it was not, {_AGAIN}",
            fingerprint=receipt.fingerprint,
            sent_at=sent_at,
        )

    def _take(self, hold: Hold, submission: Submission, *, resubmit: bool) -> Flow[Receipt | None]:
        """Claim the receipt; return that of a run that got further, if there is one."""
        new = Receipt(
            state=ReceiptState.SUBMITTING,
            fingerprint=submission.fingerprint,
            request=submission.description,
        )
        while True:
            found = yield from self.settled(submission)
            if found is not None and found.task is not None:
                return found
            if found is not None and not resubmit:
                raise self.uncertain(found)
            mine = new.submitting(self._longest_create())
            try:
                if (yield from run(hold.claim, found, mine)):
                    return None
            except OSError as error:
                raise self._unwritable(error) from error

    def _renew(self, hold: Hold) -> Flow[None]:
        """Give the create that is sent next its full time, and make sure that the receipt is still ours."""
        mine = hold.receipt
        try:
            if mine is None or not (
                yield from run(hold.change, mine.submitting(self._longest_create()))
            ):
                raise ReceiptConflict(
                    f"receipt {self.store.name} was changed or removed by another hand; nothing was "
                    "sent: run it again"
                )
        except OSError as error:
            raise self._unwritable(error) from error

    def _keep(self, hold: Hold, task: VideoTask) -> Flow[Receipt]:
        """Write the task down."""
        why = "it was changed or removed by another hand"
        try:
            if hold.receipt is not None and (
                yield from run(hold.change, hold.receipt.submitted(task))
            ):
                return hold.receipt
        except (OSError, ReceiptConflict) as error:
            why = str(error)
        raise ReceiptConflict(
            f"task {task.id} is paid, but receipt {self.store.name} could not be written ({why}): note "
            "the id; wait() and download() take it, and cost nothing",
            task=task,
        )

    def _leave(
        self,
        hold: Hold,
        submission: Submission,
        task: VideoTask | None,
        error: BaseException,
    ) -> Flow[None]:
        """Leave a receipt that is true after a failure or an interruption, and say what it says."""
        name, ours = self.store.name, isinstance(error, ChainHubError)
        if task is not None and hold.receipt is not None:
            if ours:  # `_keep` has tried, and says so
                return
            last: Receipt | None = hold.receipt.submitted(task)
            fact = f"Task {task.id} is paid and goes on at the gateway. "
            kept = f"Its receipt {name} resumes it: chainhub-video resume {shlex.quote(name)}"
        elif submission.in_flight and hold.receipt is not None:
            reason = str(error) or "the create was interrupted"
            last = hold.receipt.to(ReceiptState.UNCERTAIN, reason=reason)
            fact = "" if ours else f"A create was on its way, and may have been paid. {_CHECK} "
            kept = f"Receipt {name} keeps this; if it was not paid, {_AGAIN}"
        else:
            last = hold.before
            fact, kept = "", "" if ours else "Nothing was sent by this call"
        if isinstance(error, GeneratorExit):  # nobody performs effects any more
            hold.end(last)
            return
        try:
            yield from run(hold.end, last)
        except (OSError, ReceiptConflict) as trouble:
            kept = f"Receipt {name} could not be brought up to date: {trouble}"
        say(error, fact + kept)

    def _unwritable(self, error: OSError) -> InvalidRequest:
        return InvalidRequest(
            f"receipt {self.store.name} cannot be written ({error}): nothing was sent; choose "
            "another output"
        )

    def _longest_create(self) -> float:
        limits = self.settings.timeouts  # the answer's head and its body have the same patience
        return limits.connect + limits.write + 2 * limits.create + _SLACK


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
