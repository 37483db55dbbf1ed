"""Keep a receipt in a file beside its output: claimed exclusively, replaced as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from chainhub_video.downloads.partfile import sync_folder
from chainhub_video.errors import ReceiptConflict
from chainhub_video.receipts.receipt import Receipt, parse

SUFFIX = ".task.json"


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
            mode = self._path.lstat().st_mode
            if not stat.S_ISREG(mode):
                kind = "a folder" if stat.S_ISDIR(mode) else "a link or another special file"
                raise ReceiptConflict(
                    f"receipt {self.name} is {kind}, and must be an ordinary file: move it away, or "
                    "choose another output"
                )
            return parse(self._path.read_bytes(), self.name)
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
            if old is not None and self.load() != old:
                return False
            if new is None:
                self._path.unlink(missing_ok=True)
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
        try:
            _write(draft, receipt)
            if replacing:
                draft.replace(self._path)
            else:
                _claim(draft, self._path)
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        return True


def _write(draft: Path, receipt: Receipt) -> None:
    """Write a draft whole, with the permissions of any new file."""
    draft.unlink(missing_ok=True)
    # A gateway's text may hold half characters, which JSON can say, but only escaped.
    text = receipt.to_json().encode("utf-8", "backslashreplace")
    with draft.open("xb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


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
