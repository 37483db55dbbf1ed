"""The ways to keep a client waiting, each as a play of the hostile server."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from .server import HostileServer, Play, Wire

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_EMPTY_BLOCK = b"\0\0\0\xff\xff"  # deflate: stored, not the last, of no bytes
_SERVER_HELLO = b"\x16\x03\x03\x40\x00"  # TLS: the head of a handshake record of 16 KiB
_MOMENT = 0.002


@dataclass(frozen=True)
class Stall:
    """One way.

    Attributes:
        name: in words.
        play: what is sent in place of the answer.
        tls: whether it takes place while TLS is set up.
        reads_bodies: whether the request's body is read.
        busy: whether the client has work to do all the while, so that others must not be measured beside it.
    """

    name: str
    play: Play
    tls: bool = False
    reads_bodies: bool = True
    busy: bool = False

    def server(self, step: str, patience: float) -> HostileServer:
        """Return a server on which a step stalls like this."""
        greeting = self.play if self.tls else None
        plays = {step: self.play}
        return HostileServer(patience, plays, greeting, reads_bodies=self.reads_bodies)


def _repeated(before: bytes, piece: bytes, every: float = 0.04) -> Play:
    def play(wire: Wire) -> None:
        wire.send(before)
        wire.drip_for_ever(piece, every)

    return play


def _redirect(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 302 Found\r\nLocation: ?again\r\nContent-Length: 100000\r\n\r\n")
    wire.drip_for_ever(b" ")


def _error_page(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100000\r\n\r\n")
    wire.drip_for_ever(b" ")


def _after_hello(reply: Callable[[Wire], None]) -> Play:
    def play(wire: Wire) -> None:
        wire.read()
        reply(wire)

    return play


def _deflated(wire: Wire) -> None:
    """Send a whole answer in gzip, and blocks of nothing in place of its end."""
    squeezer = zlib.compressobj(wbits=31)
    body = squeezer.compress(b'{"id": ') + squeezer.flush(zlib.Z_SYNC_FLUSH)
    wire.send(JSON_HEAD + b"Content-Encoding: gzip\r\n\r\n" + body)
    wire.drip_for_ever(_EMPTY_BLOCK * 100)


STALLS = (
    Stall("silence", Wire.stall),
    Stall("1xx, dripping", _repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    Stall("103 with headers, dripping", _repeated(b"", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n")),
    Stall("1xx, a flood", _repeated(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 40, _MOMENT), busy=True),
    Stall("a status line drips", _repeated(b"HTTP/1.1 200 O", b"K")),
    Stall("a header drips", _repeated(JSON_HEAD + b"X-Slow: ", b"y")),
    Stall("headers without end", _repeated(JSON_HEAD, b"X-More: yes\r\n")),
    Stall("a body drips", _repeated(JSON_HEAD + b"Content-Length: 100000\r\n\r\n", b" ")),
    Stall("a body drips to the close", _repeated(JSON_HEAD + b"\r\n", b" ")),
    Stall("a body stops", _repeated(JSON_HEAD + b"Content-Length: 100000\r\n\r\n{", b"", 60)),
    Stall("a chunk size drips", _repeated(CHUNKED, b"0")),
    Stall("a chunk extension drips", _repeated(CHUNKED + b"1;e=", b"x")),
    Stall("a chunk drips", _repeated(CHUNKED + b"ffff\r\n", b" ")),
    Stall("chunks without end", _repeated(CHUNKED, b"1\r\n \r\n")),
    Stall("a trailer drips", _repeated(CHUNKED + b"2\r\n{}\r\n0\r\nX-Slow: ", b"y")),
    Stall("trailers without end", _repeated(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: yes\r\n")),
    Stall("gzip without output, dripping",
          _repeated(JSON_HEAD + b"Content-Encoding: gzip\r\n\r\n" + _GZIP, _EMPTY_BLOCK)),
    Stall("gzip without output, a flood",
          _repeated(JSON_HEAD + b"Content-Encoding: gzip\r\n\r\n" + _GZIP, _EMPTY_BLOCK * 2000, _MOMENT),
          busy=True),
    Stall("gzip that goes on without output", _deflated),
    Stall("a redirect whose body drips", _redirect),
    Stall("an error whose body drips", _error_page),
    Stall("a body is never read", Wire.stall, reads_bodies=False),
    Stall("TLS: no answer to the hello", _after_hello(Wire.stall), tls=True),
    Stall("TLS: the hello's answer drips",
          _after_hello(_repeated(_SERVER_HELLO + b"\x02\x00\x3f\xfc", b"\0")), tls=True),
)  # fmt: skip
