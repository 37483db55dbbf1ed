"""Upload a video while it arrives, in parts; it is visible only when it is whole and was checked.

A thread uploads what the download gives it. The last request, which makes the object, is sent by `finish` only. Until
then, an object that was there before stays as it is, and `restart` and `discard` abort the upload, parts included.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Iterator
from threading import Condition, Thread

from chainhub_video.downloads.outline import Outline
from chainhub_video.objects.bucket import PART, Bucket, StoreFailed, UploadEnded

_WAITING = 4 << 20  # bytes that wait for the uploader, before the download waits for it


class ObjectPart:
    """The upload that a download fills: for an object what `PartFile` is for a file.

    Args:
        bucket: where the object goes.
        key: its name.

    Attributes:
        size: bytes written so far.
        etag: the store's name for the finished object, if it gives one.
    """

    def __init__(self, bucket: Bucket, key: str) -> None:
        self.etag: str | None = None
        self._bucket, self._key = bucket, key
        self._upload: _Upload | None = None
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._outline, self._digest = Outline(), hashlib.sha256()
        self._held: bytearray | None = bytearray()  # a video of one part needs no parts

    @property
    def is_free(self) -> bool:
        """False: the digest and the outline are made where it is written."""
        return False

    def write(self, data: bytes | bytearray) -> None:
        """Append; the data must not be changed afterwards.

        Raises:
            OSError: the store refused a part.
        """
        if self._held is None and self._upload is not None:
            self._upload.give(data)
        elif self._held is not None:
            self._held += data
            if len(self._held) > PART:
                self._upload = _Upload(self._bucket, self._key)
                self._upload.start()  # it is known by now: whoever is interrupted can abort it
                self._upload.give(self._held)
                self._held = None
        self._digest.update(data)
        self._outline.feed(data)
        self.size += len(data)

    def restart(self) -> None:
        """Forget what was written, and abort its upload."""
        self.discard()
        self._begin()

    def check(self) -> bool:
        """Check that what was written is a whole video; return whether it shows itself that nothing is missing.

        Raises:
            ValueError: it is not whole; the text says why.
        """
        return self._outline.check()

    def finish(self) -> str:
        """Make the object, and return the sha256 of its content in hex.

        Raises:
            OSError: the store refused.
        """
        if self._upload is not None:
            self.etag = self._upload.finish()
            self._upload = None
        else:
            held, mark = bytes(self._held or b""), secrets.token_hex(16)
            self.etag = self._bucket.upload(self._key, held, mark)
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Abort the upload if it was not finished. Its thread does that, and only the process's end waits for it."""
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.abort()


class _Upload:
    """One multipart upload in a thread, which takes what it is given."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket, self._key = bucket, key
        self._changed = Condition()
        self._blocks: deque[bytes | bytearray] = deque()
        self._complete = self._aborted = self._over = False
        self._etag: str | None = None
        self._trouble: BaseException | None = None
        self._thread = Thread(target=self._run, name=f"upload of {key}")

    def start(self) -> None:
        """Begin.

        Raises:
            OSError: the process is ending, or may have no more threads.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            raise StoreFailed(
                f"{self._bucket.url}/{self._key} could not be written: {error}"
            ) from error

    def _run(self) -> None:
        try:
            self._etag = self._bucket.upload(self._key, self._given(), secrets.token_hex(16))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever gives or finishes
            self._trouble = error
        with self._changed:
            self._over = True
            self._blocks.clear()
            self._changed.notify_all()

    def _given(self) -> Iterator[bytes | bytearray]:
        """Give the blocks as they come, until the upload is complete.

        Raises:
            UploadEnded: it is to be aborted.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._blocks or self._complete or self._aborted)
                if self._aborted:
                    raise UploadEnded
                if not self._blocks:
                    return
                block = self._blocks.popleft()
                self._changed.notify_all()
            yield block

    def give(self, block: bytes | bytearray) -> None:
        """Take a block, and wait for the uploader if it lags behind.

        Raises:
            OSError: the upload has failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or sum(map(len, self._blocks)) < _WAITING)
            self._check()
            self._blocks.append(block)
            self._changed.notify_all()

    def finish(self) -> str | None:
        """Have the object made of the parts, and return its etag.

        Raises:
            OSError: the upload has failed.
        """
        with self._changed:
            self._complete = True
            self._changed.notify_all()
        self._thread.join()
        self._check()
        return self._etag

    def abort(self) -> None:
        """Have the upload aborted, without waiting for it."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def _check(self) -> None:
        if self._trouble is not None:
            raise self._trouble
