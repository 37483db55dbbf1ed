"""A server that stalls: it sends what a play tells it, for as long as the play likes, and answers well all other steps.

Nothing that it sends goes on beyond its patience: then it resets every connection, so that a client which waits for
ever is found out, and does not hang the test.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, with no time to linger


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


VIDEO = _box(b"ftyp", b"isom\0\0\2\0isom") + _box(b"moov", bytes(64)) + _box(b"mdat", bytes(4096))
"""The smallest file that passes for a whole MP4."""


class Wire:
    """One connection, as plays use it. Each call raises OSError once the client has left, or the server stops.

    Args:
        connection: the socket.
        stopping: set when the server stops.
    """

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def send(self, data: bytes) -> None:
        """Send some bytes."""
        self._connection.sendall(data)

    def read(self) -> None:
        """Wait until something arrives."""
        self._connection.recv(1 << 16)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        if self._stopping.wait(seconds):
            raise ConnectionAbortedError

    def drip(self, data: bytes, every: float = 0.04) -> None:
        """Send the bytes one by one."""
        for byte in data:
            self.send(bytes([byte]))
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
        """End the connection, by RST or in good order."""
        if reset:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise ConnectionAbortedError


Play = Callable[[Wire], None]
"""What is sent in place of an answer."""


class HostileServer(Gateway):
    """The server, from its `with` statement to its end. It answers well what no play is for.

    Attributes:
        stopping: set when it has run out of patience, or is stopped.

    Args:
        patience: seconds after which it resets every connection, and refuses new ones.
        plays: for a step, what is sent in place of a good answer.
        greeting: what is done with each connection before anything is read; None for nothing.
        reads_bodies: whether the body of a request for a step in `plays` is read.
    """

    def __init__(
        self,
        patience: float,
        plays: Mapping[str, Play],
        greeting: Play | None = None,
        *,
        reads_bodies: bool = True,
    ) -> None:
        super().__init__()
        self.stopping = threading.Event()
        self._greeting = greeting
        # Small buffers, so that a body that is not read does not disappear into them.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        self._patience = threading.Timer(patience, self._end)
        self.on("create", tell(OPENAI.created()))
        self.on("query", tell(OPENAI.seen("completed")))
        self.on("content", say(200, VIDEO, {"Content-Type": "video/mp4"}))
        for step, play in plays.items():
            self.on(step, self._played(play, early=not reads_bodies))

    def _played(self, play: Play, *, early: bool) -> Answer:
        def played(connection: socket.socket, _: Arrived) -> bool:
            play(Wire(connection, self.stopping))
            return True

        return Answer(played, early)

    def __enter__(self) -> Self:
        self._patience.start()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self._patience.cancel()
        self._end()
        super().__exit__(*error)
        self._patience.join()

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
        if self._greeting is not None:
            self._greeting(Wire(connection, self.stopping))
        super().serve(connection, number)


def open_sockets() -> set[str]:
    """Return this process's sockets by inode, which, unlike a descriptor, is not used again at once."""
    found: set[str] = set()
    for descriptor in os.listdir("/dev/fd"):  # noqa: PTH208 - names, which may be gone when they are looked at
        with contextlib.suppress(OSError):
            state = os.fstat(int(descriptor))
            if stat.S_ISSOCK(state.st_mode):
                found.add(str(state.st_ino))
    return found
