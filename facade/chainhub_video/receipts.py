"""Receipts: what was asked and paid for, kept beside the output so that it is never lost and never paid twice.

A receipt is claimed by creating it exclusively *before* the create is sent. From then on it is only ever swapped as a
whole, synced, for its next state, and only if it is still what it was. It holds no key and no picture.

    submitting   a create is being sent, or was when the process died
    uncertain    a create was sent, and its outcome is unknown
    submitted    the gateway has the task
    saved        the video lies beside the receipt
    failed       the task ended badly
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import attrs

from .errors import ReceiptConflict
from .partfile import sync_folder
from .task import VideoTask

VERSION = 1
SUFFIX = ".task.json"


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
        result: size in bytes and sha256 of the saved video; None before.
        reason: why it is uncertain or failed.
    """

    state: ReceiptState
    fingerprint: str
    request: Mapping[str, Any] = attrs.field(repr=False)
    times: Mapping[str, str] = attrs.field(factory=dict[str, str])
    expires: str | None = None
    task: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    reason: str | None = None

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
        return self.to(ReceiptState.SUBMITTED, task=known, expires=None)

    def seconds_left(self) -> float:
        """Return how long a create that is being sent may still last; not above 0 if it has ended."""
        if self.expires is None:
            return 0.0
        end = datetime.fromisoformat(self.expires)
        return (end.replace(tzinfo=end.tzinfo or UTC) - datetime.now(UTC)).total_seconds()

    def video_task(self) -> VideoTask:
        """Return the task to ask for. Only where the receipt has one."""
        return VideoTask(**(self.task or {}))

    def to_json(self) -> str:
        """Return the receipt as readable JSON text."""
        fields = {"version": VERSION, **attrs.asdict(self, recurse=False)}
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


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
            OSError: it could not be written.
        """
        ...


class LocalReceipt:
    """A receipt beside an output, on a local or shared file system.

    Args:
        target: the output's path.
    """

    def __init__(self, target: Path) -> None:
        self._path = target.with_name(target.name + SUFFIX)

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> LocalReceipt:
        """Return the receipt of an output, given the output's path or the receipt's own."""
        return cls(Path(os.fspath(path).removesuffix(SUFFIX)))

    @property
    def name(self) -> str:
        """The receipt's path."""
        return str(self._path)

    def load(self) -> Receipt | None:
        """Return the receipt, or None if there is none."""
        try:
            return parse(self._path.read_text(encoding="utf-8"), self.name)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ReceiptConflict(f"receipt {self.name} cannot be read: {error}") from error

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Compare and replace, under a lock that ends with the process."""
        with _locked(self._path.parent) as alone:
            if old is not None and self.load() != old:
                return False
            if (
                alone
            ):  # drafts are made under the lock only, so these are of processes that were killed
                self._sweep()
            if new is None:
                self._path.unlink(missing_ok=True)
            elif not self._put(new, replacing=old is not None):
                return False
        sync_folder(self._path.parent)
        return True

    def _put(self, receipt: Receipt, *, replacing: bool) -> bool:
        """Put a receipt in its place, and return whether that was free or might be taken."""
        draft = self._draft(receipt)
        try:
            if replacing:
                draft.replace(self._path)
            else:
                os.link(draft, self._path)  # unlike a rename, this fails if the name is taken
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _sweep(self) -> None:
        """Remove the drafts of this receipt."""
        for path in self._path.parent.iterdir():
            if path.stem == self._draft_stem:
                path.unlink(missing_ok=True)

    @property
    def _draft_stem(self) -> str:
        return f".{self._path.name}"

    def _draft(self, receipt: Receipt) -> Path:
        """Write a receipt whole, under a name of its own."""
        draft = self._path.with_name(f"{self._draft_stem}.{secrets.token_hex(6)}")
        try:
            with draft.open("x", encoding="utf-8") as file:
                file.write(receipt.to_json())
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        return draft


def parse(text: str, name: str) -> Receipt:
    """Return the receipt in a JSON text.

    Args:
        text: the JSON text.
        name: what to call the receipt in a message.

    Raises:
        ReceiptConflict: it is torn, of a later version, or was edited into something else.
    """
    try:
        fields = json.loads(text)
        version = fields.pop("version")
        if isinstance(version, int) and version > VERSION:
            raise ReceiptConflict(
                f"receipt {name} was written by a later version of chainhub-video (receipt format "
                f"{version}, this one reads {VERSION}): upgrade chainhub-video, then run it again"
            )
        receipt = Receipt(**{**fields, "state": ReceiptState(fields["state"])})
        _check(receipt)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReceiptConflict(
            f"receipt {name} is torn or was edited ({type(error).__name__}: {error}): restore it, or, if "
            "you are sure that nothing paid depends on it, move it away"
        ) from error
    return receipt


def _check(receipt: Receipt) -> None:
    """Raise TypeError or ValueError for a receipt that the rest of the code could not work with."""
    kinds = {"fingerprint": str, "request": dict, "times": dict}
    if receipt.state is ReceiptState.SUBMITTING:
        kinds |= {"expires": str}
        receipt.seconds_left()
    if receipt.state in (ReceiptState.SUBMITTED, ReceiptState.SAVED, ReceiptState.FAILED):
        kinds |= {"task": dict}
        if not (isinstance(receipt.video_task().id, str) and receipt.video_task().id):
            raise ValueError("the task has no id")
    if receipt.state is ReceiptState.SAVED:
        result = receipt.result or {}
        if not (isinstance(result.get("size"), int) and isinstance(result.get("sha256"), str)):
            raise ValueError("the result lacks its size or sha256")
    for field, kind in kinds.items():
        if not isinstance(getattr(receipt, field), kind):
            raise TypeError(f"{field} is not a {kind.__name__}")


def fingerprint_of(request: Mapping[str, Any]) -> str:
    """Return the sha256 in hex over a request's description, which names its pictures by digest."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Keep other processes from swapping receipts in a folder; gives whether the system has such locks there."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl  # is not there on Windows

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            alone = True
        except OSError:  # some network file systems have none; link and rename stay atomic
            alone = False
        yield alone
    finally:
        os.close(descriptor)
