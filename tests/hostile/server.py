"""A server on raw sockets that stalls: it sends what a play tells it, for as long as the play likes.

It has its own way to read requests, and its own good answers, so that one step of a job can go wrong and all others go
right. Nothing that it sends goes on beyond its patience: then it resets every connection, so that a client which waits
for ever is found out, and does not hang the test.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from chainhub_video import TaskStatus, VideoTask

from tests.support.serving import ThreadedServer
from tests.support.wires import OPENAI, UNIFIED, png

_STEPS = (
    ("create", re.compile(rb"POST /v1/(videos|video/create) ")),
    ("content", re.compile(rb"GET /v1/videos/[^/ ]+/content[ ?]")),
    ("query", re.compile(rb"GET /v1/(videos/[^/ ]+|video/query)[ ?]")),
    ("link", re.compile(rb"GET /clip\.mp4[ ?]")),
    ("picture", re.compile(rb"GET /kitten\.png[ ?]")),
)
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, with no time to linger


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


VIDEO = _box(b"ftyp", b"isom\0\0\2\0isom") + _box(b"moov", bytes(64)) + _box(b"mdat", bytes(4096))
"""The smallest file that passes for a whole MP4."""


class Gone(Exception):
    """The client has left, or the server has run out of patience."""


class Wire:
    """One connection, as plays use it.

    Args:
        connection: the socket.
        server: whose connection it is.
    """

    def __init__(self, connection: socket.socket, server: HostileServer) -> None:
        self._connection = connection
        self._server = server
        self._unread = b""

    def send(self, data: bytes) -> None:
        """Send some bytes.

        Raises:
            Gone: they cannot be sent.
        """
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise Gone from error

    def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            Gone: the server stops.
        """
        if self._server.stopping.wait(seconds):
            raise Gone

    def drip(self, data: bytes, at_once: int = 1, every: float = 0.04) -> None:
        """Send bytes a few at a time."""
        for start in range(0, len(data), at_once):
            self.send(data[start : start + at_once])
            self.pause(every)

    def drip_for_ever(self, data: bytes, every: float = 0.04) -> None:
        """Send the same bytes again and again."""
        while True:
            self.send(data)
            self.pause(every)

    def stall(self) -> None:
        """Send nothing more, and keep the connection."""
        while True:
            self.pause(60)

    def end(self, *, reset: bool = False) -> None:
        """End the connection.

        Args:
            reset: whether by RST; else in good order.

        Raises:
            Gone: always.
        """
        if reset:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise Gone

    def read(self, size: int = 1 << 16) -> bytes:
        """Return the next bytes.

        Raises:
            Gone: there are none.
        """
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            data = self._connection.recv(size)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        return data

    def read_head(self) -> bytes:
        """Return a request's line and headers."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.read()
        head, _, self._unread = head.partition(b"\r\n\r\n")
        return head

    def read_body(self, head: bytes) -> None:
        """Read the body that belongs to a head."""
        found = re.search(rb"(?im)^content-length: *(\d+)", head)
        left = int(found[1]) if found else 0
        while left > 0:
            left -= len(self.read())


Play = Callable[[Wire], None]
"""What is sent in place of an answer."""


@dataclass(frozen=True)
class Script:
    """What a server does.

    Attributes:
        plays: for a step, what is sent in place of a good answer.
        greeting: what is done with each connection before anything is read; None for nothing.
        reads_bodies: whether the body of a request for a step in `plays` is read.
        link: where the video lies; None for at the gateway.
    """

    plays: Mapping[str, Play]
    greeting: Play | None = None
    reads_bodies: bool = True
    link: str | None = None


class HostileServer(ThreadedServer):
    """The server, from its `with` statement to its end.

    Attributes:
        url: its origin.
        arrived: the steps that were asked for, oldest first.
        stopping: set when it has run out of patience, or is stopped.

    Args:
        script: what it does.
        patience: seconds after which it resets every connection, and refuses new ones.
    """

    def __init__(self, script: Script, patience: float) -> None:
        super().__init__()
        self.script = script
        self.arrived: list[str] = []
        self.stopping = threading.Event()
        # Small buffers, so that a body that is not read does not disappear into them.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        self.url = f"http://127.0.0.1:{self.port}"
        self._patience = threading.Timer(patience, self._end)

    def __enter__(self) -> Self:
        self._patience.start()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self._patience.cancel()
        self._end()
        super().__exit__(*error)
        self._patience.join()

    def creates(self) -> int:
        """How many creates have begun to arrive."""
        return self.arrived.count("create")

    def sockets(self) -> set[str]:
        """Its own open sockets, by inode."""
        numbers = [each.fileno() for each in (self._listening, *self.open)]
        return {str(os.fstat(number).st_ino) for number in numbers if number >= 0}

    def threads(self) -> set[threading.Thread]:
        """Its own threads."""
        return {*self._threads, self._patience}

    def _end(self) -> None:
        self.stopping.set()
        for connection in list(self.open):
            with contextlib.suppress(OSError):  # the client may have ended it
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # Not closed here: another thread may be about to use its number.
                connection.shutdown(socket.SHUT_RDWR)

    def admit(self, connection: socket.socket) -> bool:
        """Turn everybody away once it has run out of patience."""
        if self.stopping.is_set():
            connection.close()
        return not self.stopping.is_set()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Answer one request after the other."""
        del number
        wire = Wire(connection, self)
        with contextlib.suppress(Gone):
            if self.script.greeting is not None:
                self.script.greeting(wire)
            while True:
                self._answer(wire)

    def _answer(self, wire: Wire) -> None:
        head = wire.read_head()
        step = next((name for name, pattern in _STEPS if pattern.match(head)), "other")
        play = self.script.plays.get(step)
        if play is None or self.script.reads_bodies:
            wire.read_body(head)
        self.arrived.append(step)
        if play is None:
            wire.send(self.good(step, head))
        else:
            play(wire)

    def good(self, step: str, head: bytes) -> bytes:
        """Return the answer to a step that goes right, or 404 for one that there is not."""
        if step in ("create", "query"):
            unified = b"/v1/video/" in head
            done = step == "query"
            task = {
                "id": (UNIFIED if unified else OPENAI).task_id,
                "status": "completed" if done else "queued",
                "video_url": f"{self.script.link or self.url}/clip.mp4" if unified and done else "",
            }
            return answer(json.dumps(task).encode())
        if step in ("content", "link"):
            return answer(VIDEO, kind="video/mp4")
        if step == "picture":
            return answer(png(), kind="image/png")
        return NOT_FOUND


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return an answer as it goes over the wire."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


NOT_FOUND = answer(b'{"error": {"message": "no such thing"}}', "404 Not Found")


def completed(link: str | None = None) -> VideoTask:
    """Return a completed task, whose video is at a link or at the gateway."""
    wire = OPENAI if link is None else UNIFIED
    return wire.task(status=TaskStatus.COMPLETED, raw_status="completed", video_url=link)


def open_sockets() -> set[str]:
    """Return this process's sockets by inode, which, unlike a descriptor, is not used again at once."""
    found: set[str] = set()
    for descriptor in os.listdir("/dev/fd"):  # noqa: PTH208 - names, which may be gone when they are looked at
        with contextlib.suppress(OSError):
            state = os.fstat(int(descriptor))
            if stat.S_ISSOCK(state.st_mode):
                found.add(str(state.st_ino))
    return found
