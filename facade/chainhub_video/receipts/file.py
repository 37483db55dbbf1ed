"""Keep a receipt in a file beside its output: claimed exclusively, replaced as a whole.

While a create is on its way, its process holds a lock on the receipt. A claim without its lock, made on the running
system, is one whose process has ended.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from functools import cache
from pathlib import Path
from threading import Event, get_ident
from typing import BinaryIO

import attrs

from chainhub_video.downloads.partfile import DEFAULT_MODE, sync_folder, try_lock
from chainhub_video.errors import ReceiptConflict
from chainhub_video.receipts.receipt import Receipt, ReceiptLocked, ReceiptState, parse

SUFFIX = ".task.json"
_TRIES, _PAUSE = 100, 0.005  # others of ours have the draft's lock for a moment only
_FLAGS = os.O_RDWR | os.O_CREAT
_FLAGS |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LocalReceipt:
    """A receipt beside an output, on a local or shared file system.

    Args:
        target: the output's path.
    """

    _lock: BinaryIO | None = None  # held while a create of ours is on its way

    def __init__(self, target: Path) -> None:
        self._path = target.with_name(target.name + SUFFIX)
        self._drafts: dict[int, _Draft] = {}  # of each thread

    def __del__(self) -> None:
        if self._lock is not None:
            self._lock.close()

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> LocalReceipt:
        """Return the receipt of an output, given the output's path or the receipt's own."""
        return cls(Path(os.fspath(path).removesuffix(SUFFIX)))

    @property
    def name(self) -> str:
        """The receipt's path."""
        return str(self._path)

    def load(self) -> Receipt | None:
        """Return the receipt, or None if there is none; a claim whose process has ended as one that has expired."""
        try:
            mode = self._path.lstat().st_mode
            if not stat.S_ISREG(mode):
                kind = "a folder" if stat.S_ISDIR(mode) else "a link or another special file"
                raise ReceiptConflict(
                    f"receipt {self.name} is {kind}, and must be an ordinary file: move it away, or "
                    "choose another output"
                )
            with self._path.open("rb", buffering=0) as file:
                receipt = parse(file.read(), self.name)
                if receipt.state is not ReceiptState.SUBMITTING or _is_held(receipt, file):
                    return receipt
                current = os.path.samestat(os.fstat(file.fileno()), self._path.stat())
            # A claim that was free, but not there any more, has been replaced by its own process.
            return receipt.abandoned() if current else self.load()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise ReceiptConflict(
                f"receipt {self.name} cannot be read ({error.strerror}): make it readable, or choose "
                "another output"
            ) from error

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Compare and replace, under the lock of the draft, which ends with the process."""
        thread = get_ident()
        if (left := self._drafts.pop(thread, None)) is not None:  # an interruption came too early
            left.close()
        draft = self._drafts[thread] = _Draft(self._path)
        try:
            draft.open()
            # The lock of a claim of ours is lost if its writing was interrupted.
            if old is not None and self.load() not in (old, old.abandoned()):
                return False
            if new is None:
                self._path.unlink(missing_ok=True)
                self._hold(None)
            elif not self._put(draft, new, replacing=old is not None):
                return False
        finally:
            draft.close()
            self._drafts.pop(thread, None)
        try:
            sync_folder(self._path.parent)
        except OSError:
            if old is None:  # what may not last is no claim
                self._path.unlink(missing_ok=True)
            raise
        return True

    def _put(self, draft: _Draft, receipt: Receipt, *, replacing: bool) -> bool:
        """Put a receipt in its place, and return whether that was free or might be taken."""
        lock = None
        try:
            lock = draft.write(receipt)
            draft.move(replacing=replacing)
            self._hold(lock)
        except FileExistsError:
            return False
        finally:
            if lock is not None and lock is not self._lock:
                lock.close()
        return True

    def _hold(self, lock: BinaryIO | None) -> None:
        """Keep the lock of a claim, and release the one before."""
        before, self._lock = self._lock, lock
        if before is not None:
            before.close()


def _is_held(receipt: Receipt, file: BinaryIO) -> bool:
    """Return whether a claim's process lives, as far as that can be known; where it cannot, it does."""
    if receipt.owner is None or receipt.owner != _machine():
        return True
    return try_lock(file.fileno()) is not True  # which ends when the file is closed


@cache
def _machine() -> str:
    """Return what tells the running system from every other one: locks are known only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        import platform
        import uuid

        return f"{platform.node()} {uuid.getnode():012x}"


class _Draft:
    """A receipt that is being written, under a name of its own beside the place where it goes.

    It is opened in a step of its own, so that an interruption at any moment leaves something that can be closed.

    Attributes:
        locked: whether it is locked, so that whoever swaps the same receipt waits.

    Args:
        place: where it goes.
    """

    def __init__(self, place: Path) -> None:
        self.locked = False
        self._place = place
        self._path = place.with_name(f".{place.name}.draft")
        self._file: BinaryIO | None = None
        self._ours = False  # the file of that name

    def open(self) -> None:
        """Open it; wait a moment if another process has it.

        Raises:
            ReceiptLocked: another program does not release it.
        """
        held: bool | None = None
        for _ in range(0 if os.name == "nt" else _TRIES):  # an open file cannot be moved there
            self._file = _opened(self._path)
            if self._file is None:
                continue
            held = try_lock(self._file.fileno())
            if held and _is_drafts(self._file, self._path):
                self.locked = self._ours = True
                return
            self._file.close()
            if held is None:  # there are no locks, so each has its own name
                self._path.unlink(missing_ok=True)
                break
            if not held:
                Event().wait(_PAUSE)
        else:
            if held is not None:
                raise ReceiptLocked(
                    f"another program holds a lock (flock) on the file {self._path}"
                )
        self._path = self._place.with_name(f".{self._place.name}.{secrets.token_hex(6)}")
        self._file = self._path.open("xb")
        self._ours = True

    def write(self, receipt: Receipt) -> BinaryIO | None:
        """Write it whole, synced; return its lock if it is a claim, which ends when that is closed."""
        assert self._file is not None
        claims = self.locked and receipt.state is ReceiptState.SUBMITTING
        owned = attrs.evolve(receipt, owner=_machine() if claims else None)
        self._file.truncate()
        # A gateway's text may hold half characters, which JSON can say, but only escaped.
        self._file.write(owned.to_json().encode("utf-8", "backslashreplace"))
        self._file.flush()
        os.fsync(self._file.fileno())
        return os.fdopen(os.dup(self._file.fileno()), "rb") if claims else None

    def move(self, *, replacing: bool) -> None:
        """Put it in its place.

        Raises:
            FileExistsError: the place is taken, and must not be.
        """
        if not replacing:
            try:
                os.link(self._path, self._place)  # unlike a rename, this fails if the name is taken
            except FileExistsError:
                raise
            # Some file systems have no links; there a kill in between leaves a torn receipt.
            except OSError:
                self._place.open("xb").close()
            else:
                return
        self._ours = False  # first: what has the name afterwards may be another's
        try:
            self._path.replace(self._place)
        except OSError:
            self._ours = True
            raise

    def close(self) -> None:
        """Close it, and take it away unless it was moved."""
        if self._file is None:
            return
        if self._ours:
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._file.close()


def _opened(path: Path) -> BinaryIO | None:
    """Open the file of a draft, new or left by a killed process; take away what cannot be one, and return None."""
    try:
        descriptor = os.open(path, _FLAGS, DEFAULT_MODE)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EACCES) or not os.path.lexists(path):
            raise
        path.unlink()
        return None
    return os.fdopen(descriptor, "r+b")


def _is_drafts(file: BinaryIO, path: Path) -> bool:
    """Return whether a locked file is a draft of this name, and nothing else; take away what is none."""
    known = os.fstat(file.fileno())
    try:
        if not os.path.samestat(known, path.lstat()):  # it was moved while its lock was waited for
            return False
    except FileNotFoundError:
        return False
    # One with two names is the receipt of a process that was killed while it claimed it.
    if not stat.S_ISREG(known.st_mode) or known.st_nlink > 1:
        path.unlink(missing_ok=True)
        return False
    return True
