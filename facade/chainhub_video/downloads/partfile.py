"""Write a download to a part file, check it, and rename it into the place of the output.

All methods block. A good file is never replaced by a worse one: nothing is renamed before it is whole and checked.
A part file is ours if it has our suffix, and is an ordinary file of one name. No other one is touched.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chainhub_video.downloads import mp4
from chainhub_video.errors import InvalidRequest

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # a link planted there would have us write somewhere else
_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # for the other end of a FIFO
_FLAGS = os.O_RDWR | _NO_LINK | _BINARY | _NO_WAIT
_SUFFIX = ".chainhub.part"
_MOST = 99  # part files of one target
_EXPECTED = 9  # of them that are looked for in any case; more only if all those are there
DEFAULT_MODE = 0o666  # less the process's umask, as for any new file


def checked_target(to: str | os.PathLike[str]) -> Path:
    """Return the absolute path of an output that can be written.

    A link is written through: the file that it leads to is replaced, and the link stays.

    Raises:
        InvalidRequest: its folder is missing or not writable, or it is a folder or a special file itself.
    """
    try:
        target = absolute_path(to)
        place = _followed(target)
        folder = place.parent
        if place.is_dir():
            raise InvalidRequest(f"output {str(target)!r} is a folder: give a file name in it")
        if not folder.is_dir():
            state = "is not a folder" if folder.exists() else "does not exist: create it first"
            raise InvalidRequest(f"output folder {str(folder)!r} {state}")
        if (kind := _special_kind(place)) is not None:
            raise InvalidRequest(
                f"output {str(target)!r} is a {kind}, and must be an ordinary file: choose another"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidRequest(f"output folder {str(folder)!r} is not writable: choose another")
        with contextlib.suppress(
            FileNotFoundError
        ):  # a name that cannot be one is told here, not after the create
            _numbered(place, _MOST).lstat()
    except (OSError, ValueError, TypeError) as error:
        raise InvalidRequest(f"output {to!r} is not a usable path: {error}") from error
    return target


def absolute_path(to: str | os.PathLike[str]) -> Path:
    """Return an output's absolute path, unchecked; raises TypeError or ValueError if it is no path at all."""
    return Path.cwd() / to


def _followed(target: Path) -> Path:
    """Return the file that a link leads to, or the path itself. What a folder is called is left as it is."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _special_kind(path: Path) -> str | None:
    """Return what a path leads to if it is no ordinary file; None if it is one, or nothing."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    kinds = (
        ("FIFO", stat.S_ISFIFO), ("socket", stat.S_ISSOCK),
        ("device", stat.S_ISCHR), ("device", stat.S_ISBLK),
    )  # fmt: skip
    return next((kind for kind, has in kinds if has(mode)), None)


class PartFile:
    """`<name>.chainhub.part` beside the target, locked against other processes that save to the same target.

    Attributes:
        target: where the finished file goes; if that is a link, the file that it leads to.
        size: bytes written so far.
        etag: None, since it is a file.
    """

    etag: str | None = None

    def __init__(self, target: Path) -> None:
        self.target = _followed(target)
        self.size = 0
        self._path, self._file = _open_own(self.target)
        self._digest = hashlib.sha256()
        self._held: bytes | bytearray = b""  # the last block: most videos have no other
        self._writer: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None  # of the block before
        self._alone = False  # whether it has to do without a thread of its own

    @property
    def is_free(self) -> bool:
        """Whether `write` would only hand the data over to the thread that writes and hashes."""
        return not self._alone and (self._writing is None or self._writing.done())

    def write(self, data: bytes | bytearray) -> None:
        """Append; the data must not be changed afterwards. A block that cannot be written is told by a later call."""
        self._wait()
        held, self._held = self._held, data
        self.size += len(data)
        if not held:
            return
        if not self._alone:
            try:
                from concurrent.futures import ThreadPoolExecutor  # most videos need no thread

                self._writer = self._writer or ThreadPoolExecutor(1)
                self._writing = self._writer.submit(self._put, held)
                return
            except RuntimeError:  # the process is ending, or may have no more threads
                self._alone = True
                self._end_writer()
        self._put(held)

    def restart(self) -> None:
        """Forget what was written."""
        self._wait()
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self._held, self.size = b"", 0

    def check(self) -> bool:
        """Check that the content is a whole video; return whether it shows itself that nothing is missing at its end.

        Raises:
            ValueError: it is not whole; the text says why.
        """
        if len(self._held) == self.size:  # nothing is on the disk yet
            return mp4.check(io.BytesIO(self._held), self.size)
        self._put_all()
        with self._path.open("rb") as stream:
            return mp4.check(stream, self.size)

    def finish(self) -> str:
        """Put the file in the target's place, synced, and return its sha256 in hex."""
        self._put_all()
        os.fsync(self._file.fileno())
        if (kind := _special_kind(self.target)) is not None:
            raise FileExistsError(errno.EEXIST, f"it has become a {kind}")
        if os.name == "nt":
            self._file.close()
        self._path.replace(self.target)
        self._file.close()
        sync_folder(self.target.parent)
        clear_abandoned(self.target)
        return self._digest.hexdigest()

    def _put(self, data: bytes | bytearray) -> None:
        self._file.write(data)
        self._digest.update(data)

    def _put_all(self) -> None:
        self._wait()
        held, self._held = self._held, b""
        if held:
            self._put(held)
        self._file.flush()

    def _wait(self) -> None:
        """Wait until the block before is written.

        Raises:
            OSError: it could not be.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def discard(self) -> None:
        """Remove the file, if it was not finished, and end what works in the background."""
        self._end_writer()
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):  # a full disk refuses again what is still in the buffer
            self._file.close()

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown()


def clear_abandoned(target: Path) -> None:
    """Remove part files of a target whose processes were killed; those in use stay."""
    for path in _there(_followed(target)):
        # Tidying up is no reason to fail.
        with contextlib.suppress(OSError), _open_if_ours(path) as file:
            if _locked(path, file):
                path.unlink()


def _there(target: Path) -> Iterator[Path]:
    """Give what has a name of a target's part files. A folder of thousands of videos is not read for that."""
    first = target.with_name(target.name + _SUFFIX)
    if os.path.lexists(first):
        yield first
    last = _EXPECTED
    for number in range(1, _MOST + 1):
        path = _numbered(target, number)
        if os.path.lexists(path):
            yield path
            last = max(last, number + 1)
        elif number >= last:
            return


def file_matches(path: Path, size: int, sha256: str) -> bool:
    """Return whether a file has a size in bytes and a sha256 in hex."""
    try:
        if not path.is_file():  # to open a FIFO waits for its other end
            return False
        with path.open("rb") as file:
            same = os.fstat(file.fileno()).st_size == size
            return same and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def try_lock(descriptor: int) -> bool | None:
    """Take the lock of an open file or folder, without waiting for it.

    Args:
        descriptor: of the file; the lock is released when its last copy is closed.

    Returns:
        Whether it was had; False if somebody else has it, None if there are no such locks here.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # is not there on Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have none
        return None
    return True


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # one may write to some folders that one may not read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some mounted systems sync no folders
            raise
    finally:
        os.close(descriptor)


def _numbered(target: Path, number: int) -> Path:
    """Return the name of a part file beside the first one."""
    return target.with_name(f"{target.name}.{number}{_SUFFIX}")


def _open_own(target: Path) -> tuple[Path, BinaryIO]:
    """Open the part file; if another process is at it, or it is not ours, the first numbered one that is free."""
    path = target.with_name(target.name + _SUFFIX)
    exclusive = number = 0
    while True:
        try:
            file = _open_if_ours(path, os.O_CREAT | exclusive)
        except OSError:
            if number >= _MOST or not os.path.lexists(path):
                raise
        else:
            try:
                if _locked(path, file, alone=bool(exclusive)):
                    file.truncate()
                    return path, file
            except OSError:
                file.close()
                raise
            file.close()
        number += 1
        path, exclusive = _numbered(target, number), os.O_EXCL


def _open_if_ours(path: Path, flags: int = 0) -> BinaryIO:
    """Open a part file.

    Raises:
        OSError: it cannot be opened, or it is no ordinary file of one name.
    """
    descriptor = os.open(path, _FLAGS | flags, DEFAULT_MODE)
    known = os.fstat(descriptor)
    if not stat.S_ISREG(known.st_mode) or known.st_nlink > 1:
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, "not a part file of ours", str(path))
    return os.fdopen(descriptor, "r+b")


def _locked(path: Path, file: BinaryIO, *, alone: bool = False) -> bool:
    """Take the lock, and make sure that the path still leads to the file that was locked.

    Args:
        path: of the file.
        file: open.
        alone: whether no other process knows the name, so that it may do without a lock where there are none.
    """
    if os.name == "nt":  # an open file cannot be replaced there, which guards as well
        return True
    held = try_lock(file.fileno())
    if held is False or (held is None and not alone):
        return False
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
