"""Send one paid create by the money rule (`decision`), and keep its receipt true at every step."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import (
    ChainHubError,
    ConnectionFailed,
    InvalidRequest,
    ReceiptConflict,
    SubmissionUncertain,
    UnexpectedResponse,
    WaitTimeout,
)
from chainhub_video.flows.decision import Decision, Outcome, decide
from chainhub_video.flows.pictures import (
    OpenedPicture,
    close_pictures,
    open_pictures,
    prepare_pictures,
)
from chainhub_video.flows.wait import check_limit, note_created, without_key
from chainhub_video.io import (
    IO,
    Call,
    NoTurn,
    Reply,
    TransportFailure,
    UnreadableAnswer,
    read_whole,
)
from chainhub_video.receipts.receipt import (
    Receipt,
    ReceiptLocked,
    ReceiptState,
    ReceiptStore,
    append_message,
    fingerprint_of,
    shell_quoted,
    swap_in_time,
    uncertain_error,
    wait_until_settled,
    what_to_do,
)
from chainhub_video.text import redacted
from chainhub_video.wire.failures import (
    error_for,
    poll_after_of,
    read_success,
    request_id_of,
    stated_refusal,
)
from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

_KEPT = 8192  # bytes of an answer that a receipt keeps
_SLACK = 5.0  # seconds that a create may take beyond the sum of its timeouts


async def create(
    io: IO, settings: Settings, request: VideoRequest, *, timeout: float | None = None
) -> VideoTask:
    """Send one paid request, and return its task; see `Videos.create`.

    Args:
        io: sends and sleeps.
        settings: the client's.
        request: what is asked for.
        timeout: seconds for the answer; None for those of `Timeouts.create`.
    """
    check_limit(timeout)
    submission = await prepare(io, settings, request, patience=timeout)
    try:
        return await submission.send()
    finally:
        submission.close()


async def prepare(
    io: IO,
    settings: Settings,
    request: VideoRequest,
    *,
    deadline: float | None = None,
    patience: float | None = None,
) -> Submission:
    """Check a request and open its pictures. Close the result.

    Args:
        io: sends and sleeps.
        settings: the client's.
        request: what is asked for.
        deadline: on the clock of `io`, after which no create leaves any more; None for never.
        patience: seconds for the answer to the create; None for those of `Timeouts.create`.

    Raises:
        InvalidRequest: it would be refused.
    """
    wire = FORMATS[request.format]
    wire.check(request)
    opened, pictures = await open_pictures(io, request.images)
    try:
        description = _as_json({"gateway": settings.base_url, **request.describe(pictures)})
    except BaseException:
        close_pictures(opened)
        raise
    return Submission(
        io=io,
        settings=settings,
        request=request,
        deadline=deadline,
        patience=patience or settings.timeouts.create,
        wire=wire,
        opened=opened,
        description=description,
        fingerprint=fingerprint_of(description),
    )


@attrs.define(eq=False, kw_only=True)
class Submission:
    """One create: its opened pictures, its attempts, and its receipt.

    Attributes:
        description: what is sent, as JSON values, with pictures by digest or link.
        fingerprint: sha256 in hex over it.
        store: where its receipt is kept; None for a create without one.
        in_flight: whether a create has left, or may have, whose outcome is not known yet.
        task: what came of it.
        before: the receipt that was there before ours.
        receipt: ours, as it was last written.
        poll_after: seconds before the first poll, as the gateway proposed them; None if it did not.
        answer: the last answer to a create: its status, request id and first bytes; None before there is one.
    """

    io: IO
    settings: Settings
    request: VideoRequest
    deadline: float | None
    patience: float
    wire: WireFormat
    opened: Sequence[OpenedPicture]
    description: dict[str, Any]
    fingerprint: str
    store: ReceiptStore | None = None
    in_flight: bool = False
    task: VideoTask | None = None
    before: Receipt | None = None
    receipt: Receipt | None = None
    poll_after: float | None = None
    answer: dict[str, Any] | None = None
    _writing: Receipt | None = None  # ours, while it is not known whether it has been written
    _sent_at: datetime | None = None
    _last_start: float = math.inf  # after which no create is sent again

    def close(self) -> None:
        """Close the pictures."""
        close_pictures(self.opened)

    async def submit(
        self, store: ReceiptStore, *, resubmit: bool
    ) -> tuple[Receipt, VideoTask | None]:
        """Send the create under a receipt, unless the receipt has a task already.

        Args:
            store: where the receipt is kept.
            resubmit: whether to send it although an earlier one may have been paid.

        Returns:
            The receipt, and the task as the create's answer describes it; None if an earlier run made it.

        Raises:
            ReceiptConflict: the receipt is of another request, or cannot be read; or the task is paid, and
                it could not be written.
            ChainHubError: whatever else a create raises.
        """
        self.store = store
        try:
            found = await self._claim(store, resubmit=resubmit)
            if found is not None:
                return found, None
            self.task = await self.send()
            return await self._write_task(store, self.task), self.task
        except BaseException as error:
            await self._leave_receipt(store, error)
            raise

    async def send(self) -> VideoTask:
        """Send the create under the money rule, and return its task.

        Raises:
            What `Videos.create` raises.
        """
        settings, request = self.settings, self.request
        self.io.ready()  # what is wrong with the environment shows before anything counts as sent
        pictures = await prepare_pictures(
            self.io, settings, self.wire, request, self.opened, self.patience
        )
        call = self.wire.create_call(request, pictures)
        call = attrs.evolve(call, kind="create", read_timeout=self.patience)
        if settings.confirm is not None and not await self.io.ask(settings.confirm, request):
            raise InvalidRequest("confirm= did not agree to this create; nothing was sent")
        settings.spending.reserve()
        try:
            reply = await self._exchange(call)
            self.poll_after = poll_after_of(reply.headers)
            answer = read_success(reply, settings.api_key)
            task = without_key(self.wire.read_created(answer, settings.base_url), settings)
        except UnexpectedResponse as error:
            raise self._uncertain(redacted(str(error), settings.api_key)) from error
        except BaseException:
            if not self.in_flight:
                settings.spending.release()
            raise
        log.info("created task %s (%s, %s)", task.label, request.model, request.format)
        note_created(self.io, settings, task.id)
        return attrs.evolve(task, model=task.model or request.model)

    async def _exchange(self, call: Call) -> Reply:
        """Send until the create is accepted or refused, as often as the money rule allows."""
        failures = 0
        deadline = math.inf if self.deadline is None else self.deadline
        call = attrs.evolve(call, on_turn=self._begin, leaving=self._note_leaving)
        while True:
            outcome: Outcome
            left = None if self.deadline is None else max(0.0, self.deadline - self.io.now())
            try:
                stream = await self.io.open(attrs.evolve(call, turn_timeout=left))
                self._note_leaving()  # an answer is proof enough
                # An answer that trickles in has no more time than one that is late.
                ends = self.io.now() + self.patience
                reply = await read_whole(self.io, stream, deadline=ends)
                outcome = stated_refusal(reply)
                self.answer = self._trail(outcome)
            except NoTurn as full:
                raise WaitTimeout(
                    f"the create could not be sent in time ({full}): nothing was sent by this call; run it again"
                ) from full.cause
            except (TransportFailure, UnreadableAnswer) as failure:
                outcome = failure
            decision = decide(outcome)
            if decision is Decision.ACCEPTED and isinstance(outcome, Reply):
                return outcome
            if isinstance(outcome, Reply):
                outcome = outcome.without(self.settings.api_key)
            if decision is Decision.UNCERTAIN:
                self._note_leaving()
                what = str(error_for(outcome)) if isinstance(outcome, Reply) else str(outcome)
                raise self._uncertain(what) from _cause(outcome)
            self.in_flight = False
            failures += 1
            error = self._refusal(outcome)
            retry = self.settings.retry
            pause = retry.delay(failures, retry_after=getattr(error, "retry_after", None))
            late = self.io.now() + pause > min(deadline, self._last_start)
            if decision is Decision.REFUSED or late or not retry.allows(failures, pause):
                raise error from _cause(outcome)
            log.debug("create not accepted (%s), again in %.1f s", error, pause)
            await self.io.sleep(pause)

    async def _begin(self) -> None:
        """Renew the claim just before sending: the create may have queued for its turn for long."""
        if self.store is not None:
            await self._renew(self.store)
        self.answer, self._sent_at = None, datetime.now(UTC)
        if self._last_start == math.inf:
            # A create that starts late still has all of its time: giving up early is what makes an outcome unknown.
            self._last_start = self.io.now() + self.patience

    def _note_leaving(self) -> None:
        self.in_flight = True

    def _refusal(self, outcome: Outcome) -> ChainHubError:
        """Return the error for a create that surely did not happen."""
        if isinstance(outcome, Reply):
            return error_for(outcome)
        return ConnectionFailed(
            f"the gateway at {self.settings.base_url} could not be reached ({outcome}): check the "
            "address and your network; nothing was sent"
        )

    def _uncertain(self, what: str) -> SubmissionUncertain:
        look, _found = what_to_do(self.request.model, self._sent_at, self.answer)
        return SubmissionUncertain(
            f"the create was sent, but its outcome is unknown ({what}): it may have been paid, so it "
            f"was not sent again. {look}",
            fingerprint=self.fingerprint,
            sent_at=self._sent_at,
            answer=self.answer,
        )

    def _trail(self, reply: Reply) -> dict[str, Any]:
        """Return what a receipt keeps of an answer to a create: status, request id, and the start of the body."""
        reply = reply.without(self.settings.api_key)
        return {
            "status": reply.arrived_as or reply.status,
            "request_id": request_id_of(reply),
            "body": reply.body[:_KEPT].decode("utf-8", "replace"),
        }

    async def _claim(self, store: ReceiptStore, *, resubmit: bool) -> Receipt | None:
        """Claim the receipt; return that of a run that got further, if there is one."""
        new = Receipt(
            state=ReceiptState.SUBMITTING, fingerprint=self.fingerprint, request=self.description
        )
        known = await self.io.run(store.load) if resubmit else None
        while True:
            found = await wait_until_settled(self.io, store, deadline=self.deadline, wanted=new)
            if found is not None and found.task is not None:
                return found
            # Whoever allows a second create has looked at the first one, and not at what another process did since.
            if found is not None and (known is None or found.times != known.times):
                raise uncertain_error(store, found)
            self.before = found
            if await self._write(store, found, new.submitting(self._longest_create())):
                return None

    async def _renew(self, store: ReceiptStore) -> None:
        """Give the create that is sent next its full time, and make sure that the receipt is still ours."""
        mine = self.receipt
        if mine is None or not await self._write(
            store, mine, mine.submitting(self._longest_create())
        ):
            raise ReceiptConflict(
                f"receipt {store.name} was changed or removed by somebody else; nothing was "
                "sent: run it again"
            )

    async def _write(self, store: ReceiptStore, old: Receipt | None, new: Receipt) -> bool:
        """Put a receipt in place of another; return whether that was still there."""
        try:
            return await self._swap(store, old, new)
        except ReceiptLocked as locked:
            raise WaitTimeout(
                f"receipt {store.name} could not be written in time ({locked}): nothing was sent by "
                "this call; run it again when the lock is released"
            ) from locked
        except OSError as error:
            raise InvalidRequest(
                f"receipt {store.name} cannot be written ({error}): nothing was sent; choose "
                "another output"
            ) from error

    async def _swap(self, store: ReceiptStore, old: Receipt | None, new: Receipt) -> bool:
        self._writing = new
        done = await swap_in_time(self.io, store, old, new, self.deadline)
        if done:
            self.receipt = new
        self._writing = None  # last: an interruption must find the one that is there
        return done

    async def _write_task(self, store: ReceiptStore, task: VideoTask) -> Receipt:
        why = "it was changed or removed by somebody else"
        try:
            mine = self.receipt
            if mine is not None and await self._swap(store, mine, mine.submitted(task)):
                return self.receipt or mine
        except (OSError, ReceiptConflict) as error:
            why = str(error)
        raise ReceiptConflict(
            f"task {task.label} is paid, but receipt {store.name} could not be written ({why}): note "
            "the id; wait() and download() take it, and cost nothing",
            task=task,
        )

    async def _leave_receipt(self, store: ReceiptStore, error: BaseException) -> None:
        """Write a receipt that is true after a failure or an interruption, and add what it says to the error."""
        name, ours = store.name, isinstance(error, ChainHubError)
        if self.task is not None and self.receipt is not None:
            if ours:  # `_write_task` has tried, and says so
                return
            last: Receipt | None = self.receipt.submitted(self.task)
            fact = f"Task {self.task.label} is paid and goes on at the gateway. "
            kept = f"Its receipt {name} resumes it: chainhub-video resume {shell_quoted(name)}"
        elif self.in_flight and self.receipt is not None:
            reason = str(error) or "the create was interrupted"
            last = self.receipt.to(ReceiptState.UNCERTAIN, reason=reason, answer=self.answer)
            look, then = what_to_do(self.request.model, self._sent_at, self.answer, name)
            fact = "" if ours else f"A create was on its way, and may have been paid. {look} "
            kept = f"Receipt {name} keeps this. {then}"
        else:
            last = self.before
            fact, kept = "", "" if ours else "Nothing was sent by this call"
        if isinstance(error, GeneratorExit):  # nobody waits for anything any more
            self._put_last(store, last)
            return
        try:
            await self.io.run(self._put_last, store, last)
        except (OSError, ReceiptConflict) as trouble:
            kept = f"Receipt {name} could not be brought up to date: {trouble}"
        append_message(error, fact + kept)

    def _put_last(self, store: ReceiptStore, last: Receipt | None) -> None:
        """Replace our receipt: the one that was being written, or else the one before it."""
        for ours in (self._writing, self.receipt):
            if ours is not None and store.swap(ours, last):
                return

    def _longest_create(self) -> float:
        limits = self.settings.timeouts  # the answer's head and its body have the same patience
        return limits.connect + limits.write + 2 * self.patience + _SLACK


def _as_json(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description as JSON gives it back: tuples as lists, and no field that is None."""
    said = {field: value for field, value in description.items() if value is not None}
    plain: dict[str, Any] = json.loads(json.dumps(said))
    return plain


def _cause(outcome: Outcome) -> BaseException | None:
    if isinstance(outcome, TransportFailure):
        return outcome.cause
    return None if isinstance(outcome, Reply) else outcome
