"""A real HTTP server on loopback that does exactly what a test tells it, however rude, and records what arrived."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

_TLS_HELLO = 0x16
_STEPS = (
    ("create", re.compile(r"POST /v1/(videos|video/create)")),
    ("query", re.compile(r"GET /v1/(videos/[^/]+|video/query)")),
    ("content", re.compile(r"GET /v1/videos/[^/]+/content")),
)


@dataclass
class Arrived:
    """One request as it came in.

    Attributes:
        connection: which connection of the server it came on, from 1.
        method: in capitals.
        target: path and query as they were on the wire.
        headers: names in lower case.
        body: as much of it as was read.
        step: `create`, `query`, `content`, or else the path.
        at: when its head had come in, on the monotonic clock.
    """

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    step: str
    body: bytes = b""
    at: float = field(default_factory=time.monotonic)

    @property
    def parts(self) -> dict[str, bytes]:
        """The parts of a multipart body by name."""
        boundary = self.headers["content-type"].partition("boundary=")[2].encode()
        parts = {}
        for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary)[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'[; ]name="([^"]*)"', head)
            assert name, head
            assert name[1].decode() not in parts, f"{name[1]!r} came twice"
            parts[name[1].decode()] = content
        return parts

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def holds_key(self) -> bool:
        """Whether anything in it carries the key that the tests use."""
        return "the-key" in f"{self.target} {self.headers}" or b"the-key" in self.body


@dataclass(frozen=True)
class Answer:
    """What the server does with one request.

    Attributes:
        play: is given the socket and the request; returns whether the connection stays open.
        early: whether it acts before the body is read.
    """

    play: Callable[[socket.socket, Arrived], bool]
    early: bool = False


def say(
    status: int = 200,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
    *,
    after: float = 0.0,
    announce: int | None = None,
    sent: int | None = None,
    framed: bool = True,
) -> Answer:
    """An answer, honest unless told otherwise.

    Args:
        status: of HTTP.
        body: in full.
        headers: besides the length.
        after: seconds until it begins.
        announce: a length other than the true one.
        sent: how many bytes of the body really leave; then the connection is closed.
        framed: whether a length is announced at all; if not, the end of the connection is the end of the body.
    """
    content = body.encode() if isinstance(body, str) else body

    def play(wire: socket.socket, _: Arrived) -> bool:
        time.sleep(after)
        told = dict(headers or {})
        if framed:
            told["Content-Length"] = str(len(content) if announce is None else announce)
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{k}: {v}" for k, v in told.items())]
        wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content[:sent])
        return framed and sent is None and announce is None

    return Answer(play)


def tell(document: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; underscores in the headers' names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return say(status, json.dumps(document), {"Content-Type": "application/json"} | named)


def page(status: int) -> Answer:
    """The HTML page of a proxy in front."""
    html = (
        f"<html><head><title>{status}</title></head><body><h1>{_phrase(status)}</h1></body></html>"
    )
    return say(status, html, {"Content-Type": "text/html"})


def half_head() -> Answer:
    """Breaks off in the middle of the answer's headers."""
    return _raw(b"HTTP/1.1 200 OK\r\nContent-Type: appl")


def garbage() -> Answer:
    """Answers in something that is not HTTP."""
    return _raw(b"220 mail.example.com ESMTP\r\n")


def hang_up(*, early: bool = False) -> Answer:
    """Closes the connection without an answer."""
    return Answer(lambda _wire, _arrived: False, early)


def reset(*, early: bool = False) -> Answer:
    """Resets the connection without an answer."""

    def play(wire: socket.socket, _: Arrived) -> bool:
        abort(wire)
        return False

    return Answer(play, early)


def drip(body: bytes, *, pause: float) -> Answer:
    """Sends the body byte by byte, with a pause in seconds before each."""

    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            time.sleep(pause)
            wire.sendall(bytes([byte]))
        return True

    return Answer(play)


def silence() -> Answer:
    """Never answers, until the client gives up."""

    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.recv(1)
        return False

    return Answer(play)


def _raw(data: bytes) -> Answer:
    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.sendall(data)
        return False

    return Answer(play)


def abort(wire: socket.socket) -> None:
    """Close a socket so that the other side sees a reset."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Odd"


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
            while self._exchange(wire, connection):
                pass
        wire.close()
        self._open.discard(plain)

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
