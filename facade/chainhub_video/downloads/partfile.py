"""Write a download to a part file, check it, and rename it into the place of the output.

All methods block. A good file is never replaced by a worse one: nothing is renamed before it is whole and checked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from chainhub_video.downloads import mp4
from chainhub_video.errors import InvalidRequest

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # a link planted there would have us write somewhere else
_BINARY = getattr(os, "O_BINARY", 0)
DEFAULT_MODE = 0o666  # less the process's umask, as for any new file


def checked_target(to: str | os.PathLike[str]) -> Path:
    """Return the absolute path of an output that can be written.

    Raises:
        InvalidRequest: its folder is missing or not writable, or it is a folder itself.
    """
    try:
        target = Path.cwd() / to
        folder = target.parent
        if target.is_dir():
            raise InvalidRequest(f"output {str(target)!r} is a folder: give a file name in it")
        if not folder.is_dir():
            state = "is not a folder" if folder.exists() else "does not exist: create it first"
            raise InvalidRequest(f"output folder {str(folder)!r} {state}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidRequest(f"output folder {str(folder)!r} is not writable: choose another")
        with contextlib.suppress(
            FileNotFoundError
        ):  # a name that cannot be one is told here, not after the create
            target.with_name(f"{target.name}.{'0' * 8}.part").lstat()
    except (OSError, ValueError, TypeError) as error:
        raise InvalidRequest(f"output {to!r} is not a usable path: {error}") from error
    return target


class PartFile:
    """`<name>.part` beside the target, locked against other processes that save to the same target.

    Attributes:
        target: where the finished file goes.
        size: bytes written so far.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.size = 0
        self._path, self._file = _open_own(target)
        self._digest = hashlib.sha256()
        self._hasher = ThreadPoolExecutor(1)
        self._hashing: Future[None] | None = None

    def write(self, data: bytes | bytearray) -> None:
        """Append; the data must not be changed afterwards. Hashing goes on beside the next receiving."""
        self._file.write(data)
        self.size += len(data)
        self._hashed()
        self._hashing = self._hasher.submit(self._digest.update, data)

    def restart(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()
        self._hashed()
        self._digest = hashlib.sha256()
        self.size = 0

    def check(self) -> None:
        """Check that the content is a whole video.

        Raises:
            ValueError: it is not; the text says why.
        """
        self._file.flush()
        with self._path.open("rb") as stream:
            mp4.check(stream, self.size)

    def finish(self) -> str:
        """Put the file in the target's place, synced, and return its sha256 in hex."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if os.name == "nt":
            self._file.close()
        self._path.replace(self.target)
        self._file.close()
        sync_folder(self.target.parent)
        clear_abandoned(self.target)
        self._hashed()
        return self._digest.hexdigest()

    def _hashed(self) -> None:
        if self._hashing is not None:
            self._hashing.result()
            self._hashing = None

    def discard(self) -> None:
        """Remove the file, if it was not finished, and end what works in the background."""
        self._hasher.shutdown()
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._file.close()


def clear_abandoned(target: Path) -> None:
    """Remove part files of a target whose processes were killed; those in use stay."""
    name = re.compile(re.escape(target.name) + r"(\.[0-9a-f]{8})?\.part")
    with contextlib.suppress(OSError):  # tidying up is no reason to fail
        for path in [each for each in target.parent.iterdir() if name.fullmatch(each.name)]:
            with path.open("r+b") as file:
                if _locked(path, file):
                    path.unlink()


def file_matches(path: Path, size: int, sha256: str) -> bool:
    """Return whether a file has a size in bytes and a sha256 in hex."""
    try:
        with path.open("rb") as file:
            same = os.fstat(file.fileno()).st_size == size
            return same and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some mounted systems sync no folders
            raise
    finally:
        os.close(descriptor)


def _open_own(target: Path) -> tuple[Path, BinaryIO]:
    """Open the part file; if another process is at it, one with a name of our own."""
    path = target.with_name(target.name + ".part")
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY, DEFAULT_MODE)
        file = os.fdopen(descriptor, "r+b")
        try:
            if _locked(path, file):
                file.truncate()
                return path, file
        except OSError:
            file.close()
            raise
        file.close()
        path = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")


def _locked(path: Path, file: BinaryIO) -> bool:
    """Take the lock, and make sure that the path still leads to the file that was locked."""
    if sys.platform == "win32":  # an open file cannot be replaced there, which guards as well
        return True
    import fcntl  # is not there on Windows

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
