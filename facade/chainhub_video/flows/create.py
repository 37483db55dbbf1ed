"""The one paid call, under the money rule."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import (
    ChainHubError,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    SubmissionUncertain,
    UnexpectedResponse,
)
from chainhub_video.images.carrying import Opened, carry_all, close_all, open_all
from chainhub_video.io import (
    AnswerTooLarge,
    Call,
    Flow,
    Notify,
    Open,
    Reply,
    Sleep,
    Stream,
    TransportFailure,
    read_whole,
    run,
)
from chainhub_video.receipts.receipt import fingerprint_of
from chainhub_video.submission import Decision, Outcome, decide
from chainhub_video.wire.failures import error_for, success_in
from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")

BeforeSending = Callable[[], Flow[None]]


def create(settings: Settings, request: VideoRequest) -> Flow[VideoTask]:
    """Send one paid request, and return its task.

    Raises:
        InvalidRequest: refused locally; nothing was sent.
        ConnectionFailed: the gateway could not be reached; nothing was sent.
        APIError: the gateway refused; nothing was paid.
        SubmissionUncertain: it was sent, and its outcome is unknown.
    """
    submission = yield from prepare(settings, request)
    try:
        return (yield from submission.send())
    finally:
        submission.close()


def prepare(settings: Settings, request: VideoRequest) -> Flow[Submission]:
    """Check a request and open its pictures. Close the result.

    Raises:
        InvalidRequest: it would be refused.
    """
    wire = FORMATS[request.format]
    wire.check(request)
    opened = yield from open_all(request.images)
    try:
        pictures = yield from run(lambda: [one.describe() for one in opened])
        description = _plain({"gateway": settings.base_url, **request.describe(pictures)})
    except BaseException:
        close_all(opened)
        raise
    return Submission(settings, wire, request, opened, description, fingerprint_of(description))


@attrs.define(eq=False)
class Submission:
    """One create, from its opened pictures to its task.

    Attributes:
        description: what is sent, as JSON values, with pictures by digest or link.
        fingerprint: sha256 in hex over it.
        in_flight: whether a create is on its way whose outcome is not known yet.
    """

    _settings: Settings
    _wire: WireFormat
    request: VideoRequest
    _opened: Sequence[Opened]
    description: dict[str, Any]
    fingerprint: str
    in_flight: bool = False
    _sent_at: datetime | None = None

    def close(self) -> None:
        """Close the pictures."""
        close_all(self._opened)

    def send(self, before: BeforeSending | None = None) -> Flow[VideoTask]:
        """Send the create under the money rule, and return its task.

        Args:
            before: a flow that is run each time before the create leaves.

        Raises:
            What `create` raises.
        """
        settings, request = self._settings, self.request
        pictures = yield from carry_all(settings, self._wire, request, self._opened)
        call = self._wire.create_call(request, pictures)
        call = attrs.evolve(call, fresh=True, read_timeout=settings.timeouts.create)
        if settings.confirm is not None and not (yield Notify(settings.confirm, (request,))):
            raise InvalidRequest("confirm= did not agree to this create; nothing was sent")
        settings.spending.reserve()
        try:
            reply = yield from self._exchange(call, before)
            task = self._wire.read_created(success_in(reply))
        except UnexpectedResponse as error:
            raise self._uncertain(error) from error
        except SubmissionUncertain:
            raise
        except BaseException:
            if not self.in_flight:
                settings.spending.release()
            raise
        log.info("created task %s (%s, %s)", task.id, request.model, request.format)
        return attrs.evolve(task, model=task.model or request.model)

    def _exchange(self, call: Call, before: BeforeSending | None) -> Flow[Reply]:
        """Send until the create is accepted or refused, as often as the money rule allows."""
        failures = 0
        while True:
            outcome: Outcome
            if before is not None:
                yield from before()
            self.in_flight, self._sent_at = True, datetime.now(UTC)
            try:
                outcome = yield from self._answer(call)
            except (TransportFailure, AnswerTooLarge) as failure:
                outcome = failure
            except ConfigurationError:  # from the driver, which has nothing to send it with
                self.in_flight = False
                raise
            decision = decide(outcome)
            if decision is Decision.ACCEPTED and isinstance(outcome, Reply):
                return outcome
            if decision is Decision.UNCERTAIN:
                raise self._uncertain(outcome) from _cause(outcome)
            self.in_flight = False
            failures += 1
            error = self._refusal(outcome)
            retry = self._settings.retry
            pause = retry.delay(failures, retry_after=getattr(error, "retry_after", None))
            if decision is Decision.REFUSED or not retry.allows(failures, pause):
                raise error from _cause(outcome)
            log.debug("create not accepted (%s), again in %.1f s", error, pause)
            yield Sleep(pause)

    def _answer(self, call: Call) -> Flow[Reply]:
        """Send once, and read the answer; one that trickles in has no more time than one that is late."""
        stream: Stream = yield Open(call)
        return (yield from read_whole(stream, patience=self._settings.timeouts.create))

    def _refusal(self, outcome: Outcome) -> ChainHubError:
        """Return the error for a create that surely did not happen."""
        if isinstance(outcome, Reply):
            return error_for(outcome)
        return ConnectionFailed(
            f"the gateway at {self._settings.base_url} could not be reached ({outcome}): check the "
            "address and your network; nothing was sent"
        )

    def _uncertain(self, outcome: Outcome | UnexpectedResponse) -> SubmissionUncertain:
        what = str(error_for(outcome)) if isinstance(outcome, Reply) else str(outcome)
        return SubmissionUncertain(
            f"the create was sent, but its outcome is unknown ({what}): it may have been paid, so it "
            "was not sent again. Look for it in the vendor's usage log before you send it once more",
            fingerprint=self.fingerprint,
            sent_at=self._sent_at,
        )


def _plain(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description as it will be read again: a tuple becomes a list, and what is not said is left out."""
    said = {field: value for field, value in description.items() if value is not None}
    plain: dict[str, Any] = json.loads(json.dumps(said))
    return plain


def _cause(outcome: Outcome) -> BaseException | None:
    if isinstance(outcome, TransportFailure):
        return outcome.cause
    return None if isinstance(outcome, Reply) else outcome
