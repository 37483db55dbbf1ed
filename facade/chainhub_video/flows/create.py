"""The one paid call, under the money rule."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from chainhub_video.effects import AnswerTooLarge, Call, Flow, Reply, Sleep, TransportFailure, send
from chainhub_video.errors import (
    ChainHubError,
    ConnectionFailed,
    SubmissionUncertain,
    UnexpectedResponse,
)
from chainhub_video.failures import error_for, success_in
from chainhub_video.formats import FORMATS
from chainhub_video.submission import Decision, Outcome, decide

from .gather import close_all, gather

if TYPE_CHECKING:
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

log = logging.getLogger("chainhub_video")


def create(settings: Settings, request: VideoRequest) -> Flow[VideoTask]:
    """Send one paid request, and return its task.

    Raises:
        InvalidRequest: refused locally; nothing was sent.
        ConnectionFailed: the gateway could not be reached; nothing was sent.
        APIError: the gateway refused; nothing was paid.
        SubmissionUncertain: it was sent, and its outcome is unknown.
    """
    wire = FORMATS[request.format]
    wire.check(request)
    pictures = yield from gather(settings, wire, request)
    try:
        call = wire.create_call(request, pictures)
        call = attrs.evolve(call, fresh=True, read_timeout=settings.timeouts.create)
        reply = yield from _submit(settings, call)
    finally:
        close_all(pictures)
    try:
        task = wire.read_created(success_in(reply))
    except UnexpectedResponse as error:
        raise _uncertain(error) from error
    log.info("created task %s (%s, %s)", task.id, request.model, request.format)
    return attrs.evolve(task, model=task.model or request.model)


def _submit(settings: Settings, call: Call) -> Flow[Reply]:
    """Send a create until it is accepted or refused, as often as the money rule allows."""
    failures = 0
    while True:
        outcome: Outcome
        try:
            outcome = yield from send(call)
        except (TransportFailure, AnswerTooLarge) as failure:
            outcome = failure
        decision = decide(outcome)
        if decision is Decision.ACCEPTED and isinstance(outcome, Reply):
            return outcome
        if decision is Decision.UNCERTAIN:
            raise _uncertain(outcome) from _cause(outcome)
        failures += 1
        error = _refusal(settings, outcome)
        pause = settings.retry.delay(failures, retry_after=getattr(error, "retry_after", None))
        if decision is Decision.REFUSED or not settings.retry.allows(failures, pause):
            raise error from _cause(outcome)
        log.debug("create not accepted (%s), again in %.1f s", error, pause)
        yield Sleep(pause)


def _refusal(settings: Settings, outcome: Outcome) -> ChainHubError:
    """Return the error for a create that surely did not happen."""
    if isinstance(outcome, Reply):
        return error_for(outcome)
    return ConnectionFailed(
        f"the gateway at {settings.base_url} could not be reached ({outcome}): check the address "
        "and your network; nothing was sent"
    )


def _uncertain(outcome: Outcome | UnexpectedResponse) -> SubmissionUncertain:
    what = str(error_for(outcome)) if isinstance(outcome, Reply) else str(outcome)
    return SubmissionUncertain(
        f"the create was sent, but its outcome is unknown ({what}): it may have been paid, so it was "
        "not sent again. Look for it in the vendor's usage log before you send it once more"
    )


def _cause(outcome: Outcome) -> BaseException | None:
    if isinstance(outcome, TransportFailure):
        return outcome.cause
    return None if isinstance(outcome, Reply) else outcome
