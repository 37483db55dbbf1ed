"""A real HTTP server on loopback that does exactly what a test tells it, however rude, and records what arrived."""

from __future__ import annotations

import re
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping

from tests.support.answering import Answer, Arrived, abort, say
from tests.support.serving import ThreadedServer

_TLS_HELLO = 0x16


_STEPS = (
    ("create", re.compile(r"POST /v1/(videos|video/create)")),
    ("query", re.compile(r"GET /v1/(videos/[^/]+|video/query)")),
    ("content", re.compile(r"GET /v1/videos/[^/]+/content")),
)


class Gateway(ThreadedServer):
    """The server. Keeps connections open, as servers do, unless an answer says otherwise.

    Attributes:
        url: its origin.
        arrived: the requests, oldest first.
        unscripted: those of them for which no answer had been given.
        rude: how many of the next connections are reset as soon as they are made.
    """

    def __init__(self, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None) -> None:
        super().__init__(host, trust)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http{'s' if trust else ''}://{shown}:{self.port}"
        self.arrived: list[Arrived] = []
        self.unscripted: list[Arrived] = []
        self.rude = 0
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)

    def on(self, step: str, *answers: Answer) -> None:
        """Script a step, or a path, from its next request on; the last answer is given for ever."""
        self._scripts[step] = deque(answers)

    def count(self, step: str) -> int:
        """How many requests of a step arrived."""
        return len(self.of(step))

    def of(self, step: str) -> list[Arrived]:
        """The requests of a step, oldest first."""
        return [arrived for arrived in self.arrived if arrived.step == step]

    def admit(self, connection: socket.socket) -> bool:
        """Reset the connection if it is one of the next `rude` ones."""
        if self.rude <= 0:
            return True
        self.rude -= 1
        abort(connection)
        return False

    def serve(self, connection: socket.socket, number: int) -> None:
        """Answer one request after the other."""
        while self._exchange(connection, number):
            pass

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
