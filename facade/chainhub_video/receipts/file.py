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
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Event
from typing import BinaryIO

import attrs

from chainhub_video.downloads.partfile import sync_folder, try_lock
from chainhub_video.errors import ReceiptConflict
from chainhub_video.receipts.receipt import Receipt, ReceiptLocked, ReceiptState, parse

SUFFIX = ".task.json"
_TRIES, _PAUSE = 100, 0.005  # others of ours have the folder's lock for a moment only


class LocalReceipt:
    """A receipt beside an output, on a local or shared file system.

    Args:
        target: the output's path.
    """

    _lock: int | None = None  # held while a create of ours is on its way

    def __init__(self, target: Path) -> None:
        self._path = target.with_name(target.name + SUFFIX)

    def __del__(self) -> None:
        self._hold(None)

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
            with self._path.open("rb") as file:
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
        """Compare and replace, under a lock that ends with the process."""
        with _locked(self._path.parent) as alone:
            # The lock of a claim of ours is lost if its writing was interrupted.
            if old is not None and self.load() not in (old, old.abandoned()):
                return False
            if new is None:
                self._path.unlink(missing_ok=True)
                self._hold(None)
            elif not self._put(new, alone=alone, replacing=old is not None):
                return False
        try:
            sync_folder(self._path.parent)
        except OSError:
            if old is None:  # what may not last is no claim
                self._path.unlink(missing_ok=True)
            raise
        return True

    def _put(self, receipt: Receipt, *, alone: bool, replacing: bool) -> bool:
        """Put a receipt in its place, and return whether that was free or might be taken."""
        # Under the lock the draft has one name, so that what a killed process left is used again.
        draft = self._path.with_name(
            f".{self._path.name}.{'draft' if alone else secrets.token_hex(6)}"
        )
        lock = None
        try:
            lock = _write(draft, receipt)
            if replacing:
                draft.replace(self._path)
            else:
                _claim(draft, self._path)
            self._hold(lock)
            lock = None
        except FileExistsError:
            return False
        finally:
            if lock is not None:
                os.close(lock)
            with contextlib.suppress(OSError):
                draft.unlink()
        return True

    def _hold(self, lock: int | None) -> None:
        """Keep the lock of a claim, and let go of the one before."""
        before, self._lock = self._lock, lock
        if before is not None:
            os.close(before)


def _write(draft: Path, receipt: Receipt) -> int | None:
    """Write a draft whole, with the permissions of any new file; return the lock of a claim, if it could be had."""
    draft.unlink(missing_ok=True)
    with draft.open("xb") as file:
        lock = _lock_of(file) if receipt.state is ReceiptState.SUBMITTING else None
        try:
            owned = attrs.evolve(receipt, owner=None if lock is None else _machine())
            # A gateway's text may hold half characters, which JSON can say, but only escaped.
            file.write(owned.to_json().encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
    return lock


def _lock_of(file: BinaryIO) -> int | None:
    """Lock a file until the descriptor that is returned is closed, or the process ends; None if that cannot be done."""
    return os.dup(file.fileno()) if try_lock(file.fileno()) else None


def _is_held(receipt: Receipt, file: BinaryIO) -> bool:
    """Return whether a claim's process lives, as far as that can be known; where it cannot, it does."""
    if receipt.owner is None or receipt.owner != _machine():
        return True
    lock = _lock_of(file)
    if lock is not None:
        os.close(lock)
    return lock is None


@cache
def _machine() -> str:
    """Return what tells the running system from every other one: locks are known only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        import platform
        import uuid

        return f"{platform.node()} {uuid.getnode():012x}"


def _claim(draft: Path, path: Path) -> None:
    """Give a draft its name.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        os.link(draft, path)  # unlike a rename, this fails if the name is taken
    except FileExistsError:
        raise
    except (
        OSError
    ):  # some file systems have no links; there a kill in between leaves a torn receipt
        path.open("xb").close()
        draft.replace(path)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Keep other processes from swapping receipts in a folder; gives whether the system has such locks there.

    Raises:
        ReceiptLocked: somebody else does not let go of the folder.
    """
    if os.name == "nt":  # a folder cannot be opened there
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield _lock_folder(descriptor, folder)
    finally:
        os.close(descriptor)


def _lock_folder(descriptor: int, folder: Path) -> bool:
    """Wait a moment for a folder's lock; return whether there are such locks. Without, link and rename stay atomic."""
    for _ in range(_TRIES):
        if (held := try_lock(descriptor)) is not False:
            return held is True
        Event().wait(_PAUSE)
    raise ReceiptLocked(f"another program holds a lock (flock) on the folder {folder}")
