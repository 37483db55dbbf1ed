"""The whole job: create, wait, save; with a receipt, so that it can be run again at any time."""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING

import attrs

from chainhub_video.downloads.partfile import clear_abandoned, file_matches
from chainhub_video.errors import ChainHubError, InvalidRequest, ReceiptConflict, TaskFailed
from chainhub_video.flows.create import prepare
from chainhub_video.flows.download import save
from chainhub_video.flows.wait import follow
from chainhub_video.io import Flow, run
from chainhub_video.receipts.claim import Claim, say
from chainhub_video.receipts.receipt import Receipt, ReceiptState, ReceiptStore
from chainhub_video.saved import SavedVideo
from chainhub_video.task import TaskStatus

if TYPE_CHECKING:
    from pathlib import Path

    from chainhub_video.flows.download import OnProgress
    from chainhub_video.flows.wait import Announce
    from chainhub_video.policies import PollPolicy
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")


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
            receipt, task = yield from self._claim().submit(submission, resubmit=resubmit_uncertain)
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
        claim = self._claim()
        receipt = yield from claim.settled()
        if receipt is None:
            raise InvalidRequest(
                f"there is no receipt {self.store.name}: nothing was started there"
            )
        if receipt.task is None:
            raise claim.uncertain(receipt)
        return (yield from self._finish(receipt, None))

    def _claim(self) -> Claim:
        return Claim(self.settings, self.store, self.timeout)

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
                task=attrs.evolve(task, status=TaskStatus.FAILED, failure_reason=reason),
            )
        result = receipt.result or {}
        if receipt.state is ReceiptState.SAVED and (
            yield from run(file_matches, self.target, result["size"], result["sha256"])
        ):
            yield from run(clear_abandoned, self.target)
            task = attrs.evolve(task, status=TaskStatus.COMPLETED, progress=1.0)
            return SavedVideo(path=self.target, task=task, **result)
        try:
            return (yield from self._wait_and_save(receipt, task, fresh))
        except ChainHubError as error:
            error.about(task)
            if not isinstance(error, (TaskFailed, ReceiptConflict)):
                say(error, self._how_to_resume())
            raise
        except BaseException as error:
            say(
                error, f"Task {task.id} is paid and goes on at the gateway. {self._how_to_resume()}"
            )
            raise

    def _wait_and_save(self, receipt: Receipt, task: VideoTask, fresh: bool) -> Flow[SavedVideo]:
        gateway = receipt.request.get("gateway")
        if gateway != self.settings.base_url:
            raise ReceiptConflict(
                f"receipt {self.store.name} belongs to the gateway {gateway}, and this client talks to "
                f"{self.settings.base_url}: set CHAINHUB_BASE_URL or base_url to the receipt's"
            )
        pause = self.poll.delay(0) if fresh else 0.0
        try:
            task = yield from follow(
                task, self.announce, timeout=self.timeout, poll=self.poll, pause=pause
            )
        except TaskFailed as error:
            failed = receipt.to(ReceiptState.FAILED, reason=error.reason, result=None)
            if (trouble := (yield from self._record(receipt, failed))) is not None:
                say(error, f"Receipt {self.store.name} could not be written ({trouble})")
            raise
        saved = yield from save(
            self.settings, task, self.target, on_progress=self.on_progress, timeout=self.timeout
        )
        result = {"size": saved.size, "sha256": saved.sha256}
        trouble = yield from self._record(receipt, receipt.to(ReceiptState.SAVED, result=result))
        if trouble is not None:  # an error would make callers try again, and perhaps pay again
            log.warning(
                "the video of task %s is saved, but receipt %s could not be written (%s)",
                task.id, self.store.name, trouble,
            )  # fmt: skip
        return saved

    def _record(self, old: Receipt, new: Receipt) -> Flow[str | None]:
        """Write down what is known now; return what prevented it, if anything did."""
        try:
            if (yield from run(self.store.swap, old, new)):
                return None
            found = yield from run(self.store.load)
        except (OSError, ReceiptConflict) as error:
            return str(error)
        if found is not None and found.task == new.task:
            return None  # another process was at the same task, and faster
        return "it was removed" if found is None else "it was changed by another hand"

    def _how_to_resume(self) -> str:
        return (
            f"Its receipt {self.store.name} resumes it without a second create: run the same call "
            f"again, or: chainhub-video resume {shlex.quote(str(self.target))}"
        )
