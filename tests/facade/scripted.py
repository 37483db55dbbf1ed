"""A real HTTP server on loopback that does exactly what a test tells it, however rude, and records what arrived."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from .answering import Answer, Arrived, abort, say

_TLS_HELLO = 0x16


_STEPS = (
    ("create", re.compile(r"POST /v1/(videos|video/create)")),
    ("query", re.compile(r"GET /v1/(videos/[^/]+|video/query)")),
    ("content", re.compile(r"GET /v1/videos/[^/]+/content")),
)


class Gateway:
    """The server. Keeps connections open, as servers do, unless an answer says otherwise.

    Attributes:
        url: its origin.
        arrived: the requests, oldest first.
        unscripted: those of them for which no answer had been given.
        connections: how many were accepted.
        rude: how many of the next connections are reset as soon as they are made.
    """

    def __init__(self, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family, backlog=64)
        shown = f"[{host}]" if ":" in host else host
        self.port = self._listening.getsockname()[1]
        self.url = f"http{'s' if trust else ''}://{shown}:{self.port}"
        self.arrived: list[Arrived] = []
        self.unscripted: list[Arrived] = []
        self.connections = 0
        self.rude = 0
        self._trust = trust
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def on(self, step: str, *answers: Answer) -> None:
        """Script a step, or a path, from its next request on; the last answer is given for ever."""
        self._scripts[step] = deque(answers)

    def count(self, step: str) -> int:
        """How many requests of a step arrived."""
        return len(self.of(step))

    def of(self, step: str) -> list[Arrived]:
        """The requests of a step, oldest first."""
        return [arrived for arrived in self.arrived if arrived.step == step]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for wire in list(self._open):
            with _quietly():
                wire.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with _quietly():
            while True:
                wire, _ = self._listening.accept()
                self.connections += 1
                if self.rude > 0:
                    self.rude -= 1
                    abort(wire)
                else:
                    self._open.add(wire)
                    self._start(self._serve, wire, self.connections)

    def _serve(self, wire: socket.socket, connection: int) -> None:
        plain = wire
        with _quietly(), wire:
            if self._trust is not None:
                wire = self._trust.wrap_socket(wire, server_side=True)
                self._open.add(wire)
            while self._exchange(wire, connection):
                pass
        wire.close()
        self._open -= {plain, wire}

    def _exchange(self, wire: socket.socket, connection: int) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            more = wire.recv(65536)
            if not more:
                return False
            data += more
            if data[0] == _TLS_HELLO:
                wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return False
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        arrived = Arrived(connection, method, target, headers, step_of(method, target), body)
        self.arrived.append(arrived)
        answer = self._next(arrived)
        if not answer.early:
            arrived.body = _whole_body(wire, headers, body)
        return answer.play(wire, arrived)

    def _next(self, arrived: Arrived) -> Answer:
        script = self._scripts[arrived.step]
        if not script:
            self.unscripted.append(arrived)
            return say(599, f"nothing is scripted for {arrived.step}")
        return script.popleft() if len(script) > 1 else script[0]


def step_of(method: str, target: str) -> str:
    """Return which step of the interface a request belongs to, or else its path."""
    path = target.partition("?")[0]
    for step, pattern in _STEPS:
        if pattern.fullmatch(f"{method} {path}"):
            return step
    return path


def _whole_body(wire: socket.socket, headers: Mapping[str, str], body: bytes) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        return _chunks(wire, body)
    length = int(headers.get("content-length", "0"))
    pieces, have = [body], len(body)
    while have < length:
        more = wire.recv(1 << 20)
        if not more:
            raise ConnectionResetError
        pieces.append(more)
        have += len(more)
    return b"".join(pieces)


def _chunks(wire: socket.socket, begun: bytes) -> bytes:
    stream = wire.makefile("rb")
    body = b""
    rest = begun

    def line() -> bytes:
        nonlocal rest
        while b"\r\n" not in rest:
            rest += stream.readline()
        found, _, rest = rest.partition(b"\r\n")
        return found

    while size := int(line(), 16):
        while len(rest) < size + 2:
            rest += stream.read(size + 2 - len(rest))
        body += rest[:size]
        rest = rest[size + 2 :]
    line()
    return body


class _quietly:  # noqa: N801 - reads as a statement
    """What a client does to our sockets is not our failure."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return isinstance(error, (OSError, ssl.SSLError))
