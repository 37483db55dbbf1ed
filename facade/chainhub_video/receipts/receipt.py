"""The receipt of one request: its states, what may follow from each, and its JSON text.

A receipt is claimed by creating it exclusively *before* the create is sent. From then on it is only ever swapped as a
whole, synced, for its next state, and only if it is still what it was. It holds no key and no picture.

    submitting   a create is being sent, or was when the process died
    uncertain    a create was sent, and its outcome is unknown
    submitted    the gateway has the task
    saved        the video lies beside the receipt
    failed       the task ended badly
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, get_args

import attrs

from chainhub_video.errors import (
    ChainHubError,
    ReceiptConflict,
    SubmissionUncertain,
    WaitTimeout,
)
from chainhub_video.task import FormatName, Verification, VideoTask

if TYPE_CHECKING:
    from chainhub_video.io import IO

log = logging.getLogger("chainhub_video")

VERSION = 1
_TRY_EVERY = 0.1  # seconds between two attempts to change a receipt that somebody else keeps from being changed
_LOOK_EVERY = 1.0  # seconds between two looks at a receipt that another process is about to change


class ReceiptState(StrEnum):
    """How far a request has come."""

    SUBMITTING = "submitting"
    UNCERTAIN = "uncertain"
    SUBMITTED = "submitted"
    SAVED = "saved"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Receipt:
    """One request and what became of it.

    Attributes:
        state: how far it has come.
        fingerprint: sha256 in hex over everything that is sent.
        request: what was asked, with pictures by digest or link.
        times: when each state was reached, as ISO 8601 text.
        expires: when a create that is being sent must have ended, as ISO 8601 text.
        task: id, format and model of the task; None before there is one.
        result: size in bytes and sha256 of the saved video, what verified it, and an object's etag; None before.
        reason: why it is uncertain or failed.
        answer: what the gateway answered to an uncertain create: status, request id, and the first bytes of the body.
        owner: the machine on which a process holds the claim with a lock, or None where locks are not known to work; in
            a bucket the token of the write.
        remaining: seconds that a claim may still last by its store's own clock; None where the time of day tells. It is
            not written down.
    """

    state: ReceiptState
    fingerprint: str
    request: Mapping[str, Any] = attrs.field(repr=False)
    times: Mapping[str, str] = attrs.field(factory=dict[str, str])
    expires: str | None = None
    task: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    reason: str | None = None
    answer: Mapping[str, Any] | None = None
    owner: str | None = attrs.field(default=None, eq=False)
    remaining: float | None = attrs.field(default=None, eq=False, repr=False)

    def to(self, state: ReceiptState, **changes: Any) -> Receipt:
        """Return the receipt in another state, with the time of it."""
        times = {**self.times, state.value: datetime.now(UTC).isoformat(timespec="milliseconds")}
        return attrs.evolve(self, state=state, times=times, **changes)

    def submitting(self, seconds: float) -> Receipt:
        """Return the receipt of a create that is about to be sent and ends within some seconds."""
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        return self.to(ReceiptState.SUBMITTING, expires=end.isoformat(timespec="milliseconds"))

    def submitted(self, task: VideoTask) -> Receipt:
        """Return the receipt of a task that the gateway has."""
        known = {"id": task.id, "format": task.format, "model": task.model}
        return self.to(ReceiptState.SUBMITTED, task=known, expires=None, reason=None)

    def abandoned(self) -> Receipt:
        """Return the receipt of a claim whose process has ended: there is nothing to wait for."""
        return attrs.evolve(self, expires=None, reason="the process that was sending it has ended")

    def when(self, state: ReceiptState) -> datetime | None:
        """Return when it reached a state (aware), or None if it did not."""
        text = self.times.get(state)
        return None if text is None else _moment(text)

    def seconds_left(self) -> float:
        """Return how long a create that is being sent may still last; not above 0 if it has ended.

        It is never more than the create was given, however wrong the clocks are.
        """
        if self.remaining is not None:
            return self.remaining
        if self.expires is None:
            return 0.0
        left = (_moment(self.expires) - datetime.now(UTC)).total_seconds()
        return min(left, self.seconds_given())

    def seconds_given(self) -> float:
        """Return how long the create was given from when it was claimed, by the clock of its own machine."""
        sent = self.when(ReceiptState.SUBMITTING)
        if self.expires is None or sent is None:
            return 0.0
        return (_moment(self.expires) - sent).total_seconds()

    def video_task(self) -> VideoTask:
        """Return the task to ask for. Only where the receipt has one."""
        return VideoTask(**(self.task or {}))

    def to_json(self) -> str:
        """Return the receipt as readable JSON text."""
        fields = {"version": VERSION, **attrs.asdict(self, recurse=False)}
        del fields["remaining"]
        lines = (
            f"  {json.dumps(name)}: {json.dumps(fields[name], ensure_ascii=False)}"
            for name in fields
        )
        return (
            "{\n" + ",\n".join(lines) + "\n}\n"
        )  # with an indent, Python's encoder would be the slow one


class ReceiptStore(Protocol):
    """Where one receipt is kept. Its methods may block."""

    @property
    def name(self) -> str:
        """What to call the receipt in a message."""
        ...

    def load(self) -> Receipt | None:
        """Return the receipt, or None if there is none.

        Raises:
            ReceiptConflict: there is one, and it cannot be read.
        """
        ...

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Put a receipt in place of another, in one step, if that other is still there.

        Args:
            old: what must be there; None for nothing.
            new: what is put there; None to take the old one away.

        Returns:
            Whether it was done. Of several that swap the same receipt, one succeeds.

        Raises:
            ReceiptLocked: somebody else keeps it from being changed for the moment.
            OSError: it could not be written.
        """
        ...


class ReceiptLocked(OSError):
    """Another process has locked the receipt; it may release the lock soon."""


async def swap_in_time(
    io: IO,
    store: ReceiptStore,
    old: Receipt | None,
    new: Receipt | None,
    deadline: float | None,
) -> bool:
    """Put a receipt in place of another, as `ReceiptStore.swap` does; wait a while if another process has locked it.

    Raises:
        ReceiptLocked: somebody else held the lock until the deadline.
        OSError: it could not be written.
    """
    told = False
    while True:
        try:
            return await io.run(store.swap, old, new)
        except ReceiptLocked as locked:
            left = None if deadline is None else deadline - io.now()
            if left is not None and left <= 0:
                raise
            if not told:
                log.warning("%s: waiting until it is released", locked)
                told = True
            await io.sleep(_TRY_EVERY if left is None else min(_TRY_EVERY, left))


def parse(text: str | bytes, name: str) -> Receipt:
    """Return the receipt in a JSON text.

    Args:
        text: the JSON text, in UTF-8 if bytes.
        name: what to call the receipt in a message.

    Raises:
        ReceiptConflict: it is torn, of a later version, or was edited into something else.
    """
    try:
        fields = json.loads(text.decode() if isinstance(text, bytes) else text)
        version = fields.pop("version")
        if type(version) is int and version > VERSION:
            raise ReceiptConflict(
                f"receipt {name} was written by a later version of chainhub-video (receipt format "
                f"{version}, this one reads {VERSION}): upgrade chainhub-video, then run it again"
            )
        receipt = Receipt(**{**fields, "state": ReceiptState(fields["state"])})
        for field, sound in _soundness(receipt, version):
            if not sound:
                raise ValueError(f"its {field} cannot be right")
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise ReceiptConflict(
            f"receipt {name} is torn or was edited ({type(error).__name__}: {error}): restore it, or, if "
            "you are sure that nothing paid depends on it, move it away"
        ) from error
    return receipt


def _soundness(receipt: Receipt, version: object) -> Iterator[tuple[str, bool]]:
    """Give each field with whether the rest of the code can work with it; also raises what a wrong type raises."""
    state, times = receipt.state, receipt.times
    paid = state in (ReceiptState.SUBMITTED, ReceiptState.SAVED, ReceiptState.FAILED)
    yield "version", type(version) is int and version == VERSION
    yield "request", isinstance(receipt.request, dict)
    yield "fingerprint", receipt.fingerprint == fingerprint_of(receipt.request)
    yield "times", isinstance(times, dict) and all(_moment(text) for text in times.values())
    yield "expires", receipt.expires is None or bool(_moment(receipt.expires))
    yield "task", _is_task(receipt.task) if paid else receipt.task is None
    if receipt.result is not None or state is ReceiptState.SAVED:
        yield "result", paid and _is_result(receipt.result)
    yield "reason", receipt.reason is None or isinstance(receipt.reason, str)
    yield "answer", receipt.answer is None or isinstance(receipt.answer, dict)
    yield "owner", receipt.owner is None or isinstance(receipt.owner, str)
    yield "remaining", receipt.remaining is None


def _is_task(task: object) -> bool:
    match task:
        case {"id": str(key), "format": str(wire), "model": None | str(), **rest}:
            return bool(key.strip()) and wire in get_args(FormatName) and not rest
    return False


def _is_result(result: object) -> bool:
    match result:
        case {"size": int(size), "sha256": str(digest), **rest}:
            how, etag = rest.pop("verified", "unknown"), rest.pop("etag", "")
            sound = type(size) is int and size >= 0 and len(digest) == 64 and isinstance(etag, str)
            return sound and how in get_args(Verification) and not rest
    return False


def _moment(text: str) -> datetime:
    """Return a time (aware); raises ValueError or TypeError if the text is none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def fingerprint_of(request: Mapping[str, Any]) -> str:
    """Return the sha256 in hex over a request's description, which names its pictures by digest."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def wait_until_settled(
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
            if found.seconds_left() > 0:
                log.warning(
                    "another process may be sending the create of %s: waiting for it, at most %.0f s",
                    store.name, found.seconds_left(),
                )  # fmt: skip
        left = min(found.seconds_left(), ends - clock)  # the time of day may be set back
        if left <= 0:
            return found
        if deadline is not None and clock >= deadline:
            raise WaitTimeout(
                f"another process is still sending the create of {store.name}: "
                "run it again later, nothing was sent by this one"
            )
        await io.sleep(min(_LOOK_EVERY, left))


def uncertain_error(store: ReceiptStore, receipt: Receipt) -> SubmissionUncertain:
    """Return the error for a receipt that knows no task."""
    sent_at = receipt.when(ReceiptState.SUBMITTING)
    when = "an unknown time" if sent_at is None else sent_at.isoformat(timespec="seconds")
    why = f" ({receipt.reason})" if receipt.reason else ""
    model = str(receipt.request.get("model"))
    look, then = what_to_do(model, sent_at, receipt.answer, store.name)
    return SubmissionUncertain(
        f"receipt {store.name}: a create was sent at {when} and its outcome is unknown{why}. "
        f"It may have been paid. {look} {then}",
        fingerprint=receipt.fingerprint,
        sent_at=sent_at,
        answer=receipt.answer,
    )


def what_to_do(
    model: str, sent_at: datetime | None, answer: Mapping[str, Any] | None, name: str = ""
) -> tuple[str, str]:
    """Return what to look for after a create whose outcome is unknown, and what to do with its receipt then.

    Args:
        model: the model that was asked for.
        sent_at: about when, or None.
        answer: what is kept of the gateway's answer, or None.
        name: the receipt's.
    """
    when = "" if sent_at is None else f" of about {sent_at.isoformat(' ', timespec='seconds')}"
    request_id = (answer or {}).get("request_id")
    which = f", request id {request_id}" if request_id else ""
    output = shell_quoted(name)
    look = f"Look in the vendor's usage log for a {model} task{when}{which}."
    then = (
        f"If it is there, give its id to the receipt: chainhub-video resume {output} --task ID, or "
        "resume(path, task_id=ID). If it is not, resubmit_uncertain=True (--resubmit-uncertain) sends it again"
    )
    return look, then


def shell_quoted(text: str) -> str:
    """Return a text as one word of a shell's command line, in ASCII where it is a name that is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        named = re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", text)  # those are of no name
        escaped = "".join(
            f"\\x{byte:02x}" if byte in b"\\'" or not 0x20 <= byte < 0x7F else chr(byte)
            for byte in named.encode("utf-8", "surrogateescape")
        )
        return f"$'{escaped}'"
    return shlex.quote(text)


def append_message(error: BaseException, more: str) -> None:
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
