"""The whole job: create, wait, save; with a receipt, so that it can be run again at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from chainhub_video.effects import Flow, Sleep, now, run
from chainhub_video.errors import (
    ChainHubError,
    InvalidRequest,
    ReceiptConflict,
    SubmissionUncertain,
    TaskFailed,
    WaitTimeout,
)
from chainhub_video.partfile import file_matches
from chainhub_video.receipts import Receipt, ReceiptState, ReceiptStore
from chainhub_video.saved import SavedVideo

from .create import Submission, prepare
from .download import save
from .follow import follow

if TYPE_CHECKING:
    from pathlib import Path

    from chainhub_video.policies import PollPolicy
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

    from .download import OnProgress
    from .follow import Announce

_GLANCE = 1.0  # seconds between two looks at a receipt that another process is about to change
_CHECK = "Look for it in the vendor's usage log."
_SLACK = 5.0  # seconds that a create may take beyond the sum of its timeouts


@attrs.define(eq=False)
class Job:
    """One output: its receipt, and what follows from the receipt's state.

    Attributes:
        settings: the client's.
        target: where the video goes.
        store: where its receipt is kept.
        announce: passes on each visible change of the task.
        on_progress: is told the bytes saved so far, and how many there will be, if that is known.
        timeout: seconds for the waiting, and again for the download; None for ever.
        poll: when to look again.
    """

    settings: Settings
    target: Path
    store: ReceiptStore
    announce: Announce
    on_progress: OnProgress | None
    timeout: float | None
    poll: PollPolicy

    def generate(self, request: VideoRequest, *, resubmit_uncertain: bool) -> Flow[SavedVideo]:
        """Create, wait and save, or go on where an earlier run of the same request stopped.

        Raises:
            ChainHubError: of every kind; after the create it carries the task.
        """
        submission = yield from prepare(self.settings, request)
        try:
            receipt = yield from self._claimed(submission, resubmit_uncertain)
            task = None
            if receipt.state is ReceiptState.SUBMITTING:
                receipt, task = yield from self._submit(submission, receipt)
        finally:
            submission.close()
        return (yield from self._finish(receipt, task))

    def resume(self) -> Flow[SavedVideo]:
        """Finish what an earlier run started; never send a create.

        Raises:
            InvalidRequest: there is no receipt.
            SubmissionUncertain: the receipt does not know a task.
            ChainHubError: of every other kind.
        """
        receipt = yield from run(self.store.load)
        if receipt is None:
            raise InvalidRequest(
                f"there is no receipt {self.store.name}: nothing was started there"
            )
        if receipt.state in (ReceiptState.SUBMITTING, ReceiptState.UNCERTAIN):
            raise self._uncertain(receipt)
        gateway = receipt.request.get("gateway")
        if gateway != self.settings.base_url:
            raise ReceiptConflict(
                f"receipt {self.store.name} belongs to the gateway {gateway}, and this client talks to "
                f"{self.settings.base_url}: set CHAINHUB_BASE_URL or base_url to the receipt's"
            )
        return (yield from self._finish(receipt, None))

    def _claimed(self, submission: Submission, resubmit: bool) -> Flow[Receipt]:
        """Return a receipt of our own to submit under, or the one of a run that got further."""
        new = Receipt(
            state=ReceiptState.SUBMITTING,
            fingerprint=submission.fingerprint,
            request=submission.description,
        )
        began = yield from now()
        while True:
            mine = new.submitting(self._longest_create())
            found = yield from run(self.store.load)
            if found is None:
                if (yield from self._swap(None, mine)):
                    return mine
                continue
            if found.fingerprint != submission.fingerprint:
                raise ReceiptConflict(
                    f"receipt {self.store.name} belongs to another request (it differs in "
                    f"{_difference(found.request, submission.description)}): choose another output, "
                    "or move the receipt away if you no longer need what it paid for"
                )
            if found.task is not None:
                return found
            waited = (yield from now()) - began
            left = min(found.seconds_left(), self._longest_create() - waited)
            if found.state is ReceiptState.SUBMITTING and left > 0:
                if self.timeout is not None and waited >= self.timeout:
                    raise WaitTimeout(
                        f"another process is still sending the create of {self.store.name}: "
                        "run it again later, nothing was sent by this one"
                    )
                yield Sleep(min(_GLANCE, left))
            elif not resubmit:
                raise self._uncertain(found)
            elif (yield from self._swap(found, mine)):
                return mine

    def _submit(self, submission: Submission, mine: Receipt) -> Flow[tuple[Receipt, VideoTask]]:
        def renew() -> Flow[None]:
            nonlocal mine
            fresh = mine.submitting(self._longest_create())
            if not (yield from self._swap(mine, fresh)):
                raise ReceiptConflict(f"receipt {self.store.name} was changed by another hand")
            mine = fresh

        try:
            task = yield from submission.send(renew)
        except BaseException as error:
            if isinstance(error, SubmissionUncertain) or submission.in_flight:
                reason = str(error) or "the create was interrupted"
                yield from run(
                    self.store.swap, mine, mine.to(ReceiptState.UNCERTAIN, reason=reason)
                )
                if not isinstance(error, ChainHubError):
                    _say(error, "A create was on its way, and may have been paid. " + _CHECK)
                _say(
                    error,
                    f"Receipt {self.store.name} keeps this; if it was not paid, the same call with "
                    "resubmit_uncertain=True (--resubmit-uncertain) sends it again",
                )
            else:
                yield from run(self.store.swap, mine, None)
            raise
        receipt = yield from self._record(mine, mine.submitted(task), task)
        return receipt, task

    def _finish(self, receipt: Receipt, task: VideoTask | None) -> Flow[SavedVideo]:
        """Wait and save, as far as the receipt says that this is still to be done."""
        fresh = task is not None
        if task is None:
            task = receipt.video_task()
        if receipt.state is ReceiptState.FAILED:
            reason = receipt.reason or "the gateway gave no reason"
            raise TaskFailed(
                f"task {task.id} had failed already: {reason}. Nothing was sent; to pay for another "
                f"attempt, remove {self.store.name}",
                reason=reason,
                task=task,
            )
        result = receipt.result or {}
        if receipt.state is ReceiptState.SAVED and (
            yield from run(file_matches, self.target, result["size"], result["sha256"])
        ):
            return SavedVideo(path=self.target, task=task, **result)
        try:
            return (yield from self._wait_and_save(receipt, task, fresh))
        except ChainHubError as error:
            error.about(task)
            if not isinstance(error, TaskFailed):
                _say(error, self._how_to_resume())
            raise
        except BaseException as error:
            _say(
                error, f"Task {task.id} is paid and goes on at the gateway. {self._how_to_resume()}"
            )
            raise

    def _wait_and_save(self, receipt: Receipt, task: VideoTask, fresh: bool) -> Flow[SavedVideo]:
        pause = self.poll.delay(0) if fresh else 0.0
        try:
            task = yield from follow(
                task, self.announce, timeout=self.timeout, poll=self.poll, pause=pause
            )
        except TaskFailed as error:
            failed = receipt.to(ReceiptState.FAILED, reason=error.reason)
            yield from self._record(receipt, failed, task)
            raise
        saved = yield from save(
            self.settings, task, self.target, on_progress=self.on_progress, timeout=self.timeout
        )
        result = {"size": saved.size, "sha256": saved.sha256}
        yield from self._record(receipt, receipt.to(ReceiptState.SAVED, result=result), task)
        return saved

    def _record(self, old: Receipt, new: Receipt, task: VideoTask) -> Flow[Receipt]:
        """Write down what is known now, unless another process of the same job was faster."""
        try:
            if (yield from run(self.store.swap, old, new)):
                return new
            found = yield from run(self.store.load)
            if found is not None and found.task == new.task:
                return found
            why = "it was removed" if found is None else "it was changed by another hand"
        except OSError as error:
            why = str(error)
        raise ReceiptConflict(
            f"task {task.id} is paid, but receipt {self.store.name} could not be written ({why}): note "
            "the id; wait() and download() take it, and cost nothing",
            task=task,
        )

    def _swap(self, old: Receipt | None, new: Receipt) -> Flow[bool]:
        """Swap the receipt while nothing is paid yet."""
        try:
            return (yield from run(self.store.swap, old, new))
        except OSError as error:
            raise InvalidRequest(
                f"receipt {self.store.name} cannot be written ({error}): nothing was sent; choose "
                "another output"
            ) from error

    def _longest_create(self) -> float:
        limits = self.settings.timeouts
        return limits.connect + limits.write + limits.create + _SLACK

    def _uncertain(self, receipt: Receipt) -> SubmissionUncertain:
        when = receipt.times.get(ReceiptState.SUBMITTING, "an unknown time")
        why = f" ({receipt.reason})" if receipt.reason else ""
        return SubmissionUncertain(
            f"receipt {self.store.name}: a create was sent at {when} and its outcome is unknown{why}. "
            f"It may have been paid. {_CHECK} If it was not, the same call with "
            "resubmit_uncertain=True (--resubmit-uncertain) sends it again",
            fingerprint=receipt.fingerprint,
        )

    def _how_to_resume(self) -> str:
        return (
            f"Its receipt {self.store.name} resumes it without a second create: run the same call "
            f"again, or: chainhub-video resume {self.target}"
        )


def _say(error: BaseException, more: str) -> None:
    """Add to what an error tells people: to the message of ours, as a note to any other."""
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
