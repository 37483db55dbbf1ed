"""What a server can do with a request: answer it, or misbehave in one of many ways."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


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
