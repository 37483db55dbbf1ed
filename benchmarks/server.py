"""The other end of every measurement: as cheap as asyncio allows, so that what is measured is the client.

A program of its own, in a process of its own: prints its port, and ends when its standard input does. It needs nothing
but the standard library. The number at the end of an address is the length of what is served there. Below
`/lasting/SECONDS`, a task ends so long after its create, or after the first time that it was asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from itertools import count
from time import monotonic
from typing import IO, cast

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82"  # whole, whatever follows
_TASK = {"id": "video_1", "object": "video", "model": "veo_3_1", "seconds": "8", "size": "1280x720"}
_CREATED = {**_TASK, "status": "queued", "progress": 0, "created_at": 1762336916}
_RUNNING = {**_CREATED, "status": "in_progress", "progress": 30}
_LASTING = re.compile(r"/lasting/(\d+)/v1/videos(?:/(\w+)(/content)?)?")
_CLIP = 200_000  # bytes
_SERVED = re.compile(r"/v1/videos/video_(\d+)/content|/picture/(\d+)")


def _box(kind: bytes, length: int) -> bytes:
    return length.to_bytes(4, "big") + kind


def mp4_head(length: int) -> bytes:
    """Return the beginning of a file that is a whole MP4 once zeros bring it to a length in bytes."""
    head = _box(b"ftyp", 16) + b"isom\0\0\2\0" + _box(b"moov", 16) + _box(b"free", 8)
    return head + _box(b"mdat", length - len(head))


def _answer(body: dict[str, object], *, keep: bool) -> bytes:
    content = json.dumps(body).encode()
    return _head("200 OK", "application/json", len(content), keep=keep) + content


def _head(status: str, media_type: str, length: int, *, keep: bool = True) -> bytes:
    connection = "keep-alive" if keep else "close"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n"
        f"Connection: {connection}\r\n\r\n"
    ).encode()


CREATED = _answer(_CREATED, keep=False)  # every subject opens a connection for each create
RUNNING = _answer(_RUNNING, keep=True)
MISSING = _head("404 Not Found", "text/plain", 0)
UNMEASURED = _head("411 Length Required", "text/plain", 0, keep=False)


class Files:
    """Sparse files to serve from, kept open, since the first reading of one is the slow one."""

    def __init__(self) -> None:
        self._open: dict[tuple[bytes, int], IO[bytes]] = {}

    def get(self, head: bytes, length: int) -> IO[bytes]:
        """Return a file that begins with some bytes and has zeros up to a length in bytes."""
        if (head, length) not in self._open:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server runs
            file.write(head)
            file.truncate(length)
            file.flush()
            self._open[head, length] = file
        return self._open[head, length]


class Lasting:
    """Tasks that end after some seconds."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._numbers = count(1)

    def created(self) -> bytes:
        """Answer a create."""
        task = f"video_{next(self._numbers)}"
        self._began[task] = monotonic()
        return _answer({**_CREATED, "id": task}, keep=False)

    def seen(self, task: str, seconds: float) -> bytes:
        """Answer a query for a task that lasts so long."""
        done = monotonic() - self._began.setdefault(task, monotonic()) >= seconds
        state = "completed" if done else "in_progress"
        return _answer({**_TASK, "id": task, "status": state}, keep=True)


class Exchange(asyncio.BufferedProtocol):
    """One connection. Bodies are counted and forgotten."""

    def __init__(self, files: Files, lasting: Lasting) -> None:
        self._files = files
        self._lasting = lasting
        self._buffer = bytearray(1 << 18)
        self._filled = 0  # bytes of a head that is not whole yet
        self._awaited = 0  # bytes of the body that are still to come
        self._target = b""
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the protocol's signature
        """Take a body over itself, again and again; a head behind what came of it."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Count a body's bytes, or look for the end of a head."""
        if self._awaited:
            self._awaited -= nbytes
        else:
            self._filled += nbytes
            end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
            if end < 0:
                return
            length = self._length(bytes(self._buffer[:end]))
            if length is None:
                self._transport.write(UNMEASURED)
                self._transport.close()
                return
            self._awaited = length - (self._filled - end - 4)
            self._filled = 0
        if self._awaited <= 0:
            self._awaited = 0
            self._respond()

    def _length(self, head: bytes) -> int | None:
        first, *fields = head.split(b"\r\n")
        method, self._target, _version = first.split(b" ")
        if method == b"GET":
            return 0
        for field in fields:
            name, _, value = field.partition(b":")
            if name.lower() == b"content-length":
                return int(value)
        return None

    def _respond(self) -> None:
        target = self._target.decode("ascii").partition("?")[0]
        if target == "/v1/videos":
            self._transport.write(CREATED)
            self._transport.close()
        elif target == "/v1/videos/video_1":
            self._transport.write(RUNNING)
        elif lasting := _LASTING.fullmatch(target):
            seconds, task, content = lasting.groups()
            if task is None:
                self._transport.write(self._lasting.created())
                self._transport.close()
            elif content is None:
                self._transport.write(self._lasting.seen(task, float(seconds)))
            else:
                head = mp4_head(_CLIP)
                self._sending = asyncio.ensure_future(self._send(head, _CLIP, video=True))
        elif served := _SERVED.fullmatch(target):
            video, picture = served.groups()
            length = int(video or picture)
            head = mp4_head(length) if video else PNG
            self._sending = asyncio.ensure_future(self._send(head, length, video=bool(video)))
        else:
            self._transport.write(MISSING)

    async def _send(self, head: bytes, length: int, *, video: bool) -> None:
        self._transport.write(_head("200 OK", "video/mp4" if video else "image/png", length))
        try:
            await asyncio.get_running_loop().sendfile(
                self._transport, self._files.get(head, length), 0, length
            )
        except ConnectionError:  # the client has enough: its business
            self._transport.abort()


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    files = Files()
    lasting = Lasting()
    server = await loop.create_server(
        lambda: Exchange(files, lasting), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
