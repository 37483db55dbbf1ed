"""Create, wait and save under a receipt, so that the call can be run again at any time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import (
    ChainHubError,
    InvalidRequest,
    OutputFailed,
    ReceiptConflict,
    TaskFailed,
)
from chainhub_video.flows.create import prepare
from chainhub_video.flows.download import OnProgress, how_to_save_elsewhere, save
from chainhub_video.flows.output import output_at, receipt_of, unchecked_output
from chainhub_video.flows.wait import (
    check_timeout,
    follow,
    formats_told_by,
    note_created,
    query,
    task_for,
)
from chainhub_video.io import IO, SHORTEST
from chainhub_video.models import MODELS
from chainhub_video.receipts.file import SUFFIX
from chainhub_video.receipts.receipt import (
    Receipt,
    ReceiptState,
    ReceiptStore,
    append_message,
    shell_quoted,
    swap_in_time,
    uncertain_error,
    wait_until_settled,
)
from chainhub_video.task import SavedVideo, TaskStatus

if TYPE_CHECKING:
    from chainhub_video.downloads.output import Output
    from chainhub_video.policies import PollPolicy
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")


@attrs.frozen
class FollowOptions:
    """How a job is followed.

    Attributes:
        timeout: seconds for the whole of the call; None for ever. A create on its way is never cut short by it.
        poll: when to poll, if not as the client was set up.
        on_update: is told each visible change of the task.
        on_progress: is told the bytes saved so far, and how many there will be, if that is known.
    """

    timeout: float | None
    poll: PollPolicy | None
    on_update: Callable[[VideoTask], Any] | None
    on_progress: OnProgress | None


async def generate(
    io: IO,
    settings: Settings,
    request: VideoRequest,
    save_to: str | PathLike[str],
    following: FollowOptions,
    *,
    resubmit_uncertain: bool,
) -> SavedVideo:
    """Create, wait and save, or go on where an earlier run of the same request stopped; see `Videos.generate`."""
    job = await _job(io, settings, save_to, following)
    if job.unwritable is not None and not await job.is_paid():
        raise job.unwritable
    submission = await prepare(io, settings, request, deadline=job.deadline)
    try:
        receipt, task = await submission.submit(job.store, resubmit=resubmit_uncertain)
    finally:
        submission.close()
    return await job.finish(receipt, task, submission.poll_after)


async def resume(
    io: IO,
    settings: Settings,
    path: str | PathLike[str],
    following: FollowOptions,
    *,
    task_id: str | None,
) -> SavedVideo:
    """Finish what an earlier run started; never send a create; see `Videos.resume`."""
    job = await _job(io, settings, fspath(path).removesuffix(SUFFIX), following)
    receipt = await wait_until_settled(io, job.store, deadline=job.deadline)
    if receipt is None:
        if job.unwritable is not None:
            raise job.unwritable
        raise InvalidRequest(f"there is no receipt {job.store.name}: nothing was started there")
    if task_id is not None:
        receipt = await job.adopt(receipt, task_id)
    if receipt.task is None:
        raise uncertain_error(job.store, receipt)
    return await job.finish(receipt, None)


async def _job(
    io: IO, settings: Settings, save_to: str | PathLike[str], following: FollowOptions
) -> _Job:
    check_timeout(following.timeout)  # before anything is paid
    unwritable: InvalidRequest | None = None
    try:
        output = await io.run(output_at, settings, save_to)
    except InvalidRequest as error:
        # It costs nothing, unless a receipt there tells of a task that is paid already.
        unwritable = error
        if (file := unchecked_output(save_to)) is None:
            raise
        output = file
    deadline = None if following.timeout is None else io.now() + following.timeout
    store = receipt_of(settings, output)
    return _Job(io, settings, output, store, following, deadline, unwritable)


@attrs.frozen(eq=False)
class _Job:
    """One output: where it goes, where its receipt is, and until when."""

    io: IO
    settings: Settings
    output: Output
    store: ReceiptStore
    following: FollowOptions
    deadline: float | None
    unwritable: InvalidRequest | None  # why the output cannot be written, if it was seen at once

    @property
    def poll(self) -> PollPolicy:
        """When to poll."""
        return self.following.poll or self.settings.poll

    async def is_paid(self) -> bool:
        """Return whether the receipt has a task."""
        try:
            receipt = await self.io.run(self.store.load)
        except (OSError, ValueError, ReceiptConflict):
            return False
        return receipt is not None and receipt.task is not None

    async def finish(
        self, receipt: Receipt, task: VideoTask | None, poll_after: float | None = None
    ) -> SavedVideo:
        """Wait and save, as far as the receipt says that this is still to be done.

        Args:
            receipt: of a task.
            task: as its create has just described it; None if an earlier run created it.
            poll_after: seconds before the first poll, as the create's answer proposed them.

        Raises:
            ChainHubError: of every kind; it carries the task.
        """
        fresh = task is not None
        pause = self.poll.first_delay(hint=poll_after) if fresh else 0.0
        task = task or receipt.video_task()
        if receipt.state is ReceiptState.FAILED:
            reason = receipt.reason or "the gateway gave no reason"
            raise TaskFailed(
                f"task {task.label} had failed already: {reason}. Nothing was sent; to pay for another "
                f"attempt, remove {self.store.name}",
                reason=reason,
                task=attrs.evolve(task, status=TaskStatus.FAILED, failure_reason=reason),
            )
        result = receipt.result or {}
        # Hashing a large file takes seconds, which a caller who is cancelled need not wait for.
        if receipt.state is ReceiptState.SAVED and await self.io.ask(
            self.output.matches, result, blocks=True
        ):
            await self.io.run(self.output.clear_abandoned)
            task = attrs.evolve(task, status=TaskStatus.COMPLETED, progress=1.0)
            known = {
                name: result[name] for name in ("size", "sha256", "verified") if name in result
            }
            return SavedVideo(path=self.output.path, url=self.output.url, task=task, **known)
        try:
            return await self._wait_and_save(receipt, task, pause, fresh=fresh)
        except OutputFailed as error:
            error.about(task)
            error.receipt = self.store.name
            # A blank after the command that the message ends with, so that it can be copied.
            more = f"its receipt is {self.store.name}"
            of_its_id = isinstance(error.__cause__, InvalidRequest) and not self.unwritable
            if not of_its_id:  # with such an id it would fail again
                more += f", and goes on here: {self._how_to_go_on()}"
            error.args = (f"{error} ; {more}", *error.args[1:])
            raise
        except ChainHubError as error:
            error.about(task)
            if not isinstance(error, (TaskFailed, ReceiptConflict)):
                append_message(error, self._how_to_resume())
            raise
        except BaseException as error:
            paid = f"Task {task.label} is paid and goes on at the gateway."
            append_message(error, f"{paid} {self._how_to_resume()}")
            raise

    async def adopt(self, receipt: Receipt, task_id: str) -> Receipt:
        """Write the task that the caller has found into the receipt of a create whose outcome was unknown.

        Raises:
            ReceiptConflict: the receipt has another task; or the gateway says that the task is of another model; or
                the receipt could not be written.
            ChainHubError: the gateway does not know the task, or does not answer.
        """
        name = self.store.name
        if receipt.task is not None:
            if receipt.task["id"] == task_id:
                return receipt
            raise ReceiptConflict(f"receipt {name} has the task {receipt.task['id']} already")
        self._check_gateway(receipt)
        asked = receipt.request
        task = task_for(task_id, asked["format"])
        told = formats_told_by(task_id)
        left = self._left()
        within = None if left is None else max(SHORTEST, left)
        seen = await query(self.io, self.settings, task, within)
        known = {model.name for model in MODELS} - {asked["model"]}
        other = bool(told) and task.format not in told
        if other or seen.model in known:
            raise ReceiptConflict(
                f"task {task_id} is one of {seen.model or f'the {told[0]} format'}, and receipt {name} is of "
                f"{asked['model']} ({task.format}): look for the right one in the vendor's usage log"
            )
        adopted = receipt.submitted(attrs.evolve(task, model=asked["model"]))
        if (trouble := await self._record(receipt, adopted)) is not None:
            raise ReceiptConflict(f"receipt {name} could not be written ({trouble}): run it again")
        return adopted

    def _check_gateway(self, receipt: Receipt) -> None:
        gateway = receipt.request.get("gateway")
        if gateway != self.settings.base_url:
            raise ReceiptConflict(
                f"receipt {self.store.name} belongs to the gateway {gateway}, and this client talks to "
                f"{self.settings.base_url}: set CHAINHUB_BASE_URL or base_url to the receipt's"
            )

    def _left(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - self.io.now())

    async def _wait_and_save(
        self, receipt: Receipt, task: VideoTask, pause: float, *, fresh: bool
    ) -> SavedVideo:
        if self.unwritable is not None:
            raise OutputFailed(
                f"{self.unwritable}. {how_to_save_elsewhere(task)}", task=task
            ) from self.unwritable
        self._check_gateway(receipt)
        if (submitted := receipt.when(ReceiptState.SUBMITTED)) is not None and not fresh:
            age = max(0.0, (datetime.now(UTC) - submitted).total_seconds())
            note_created(self.io, self.settings, task.id, age)
        how = self.following
        try:
            task = await follow(
                self.io, self.settings, task, how.on_update, self._left(), self.poll, pause
            )
        except TaskFailed as error:
            failed = receipt.to(ReceiptState.FAILED, reason=error.reason, result=None)
            if (trouble := await self._record(receipt, failed)) is not None:
                append_message(error, f"Receipt {self.store.name} could not be written ({trouble})")
            raise
        saved, etag = await save(
            self.io, self.settings, task, self.output, how.on_progress, deadline=self.deadline
        )
        result = {"size": saved.size, "sha256": saved.sha256, "verified": saved.verified}
        if etag is not None:
            result["etag"] = etag
        trouble = await self._record(receipt, receipt.to(ReceiptState.SAVED, result=result))
        if trouble is not None:  # an error would make callers try again, and perhaps pay again
            log.warning(
                "the video of task %s is saved, but receipt %s could not be written (%s)",
                task.label, self.store.name, trouble,
            )  # fmt: skip
        return saved

    async def _record(self, old: Receipt, new: Receipt) -> str | None:
        """Write the job's state into its receipt; return the error that prevented it, if there is one."""
        try:
            if await swap_in_time(self.io, self.store, old, new, self.deadline):
                return None
            found = await self.io.run(self.store.load)
        except (OSError, ReceiptConflict) as error:
            return str(error)
        if found is not None and found.task == new.task:
            return None  # another process was at the same task, and faster
        return "it was removed" if found is None else "it was changed by somebody else"

    def _how_to_resume(self) -> str:
        return f"Its receipt {self.store.name} resumes it without a second create: {self._how_to_go_on()}"

    def _how_to_go_on(self) -> str:
        return (
            f"run the same call again, or: chainhub-video resume {shell_quoted(self.output.name)}"
        )
