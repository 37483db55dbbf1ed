"""Requests on a bare socket, to see what really arrives on the wire, and how a connection ends."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

CREATE = {
    "model": "grok-video-3",
    "prompt": "The kitten is eating fish",
    "aspect_ratio": "1:1",
    "size": "720P",
    "images": [],
}


@dataclass(frozen=True)
class Seen:
    """What came back.

    Attributes:
        data: all bytes.
        ending: `fin`, `rst`, or `open` if the time was over first.
        seconds: how long it took until then.
    """

    data: bytes
    ending: str
    seconds: float

    @property
    def head(self) -> bytes:
        """What came before the empty line; empty if there was none."""
        return self.data.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in self.data else b""

    @property
    def body(self) -> bytes:
        """What came after the empty line."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        """The status, 0 if there was none."""
        return int(self.head.split(b" ")[1]) if self.head else 0

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(": ") for line in lines)
        return {name.lower(): value for name, _, value in pairs}


def exchange(url: str, method: str = "GET", patience: float = 10.0, **headers: str) -> Seen:
    """Send a request, and read until the connection ends.

    Args:
        url: where to; a POST carries a create of the unified format.
        method: of the request.
        patience: seconds after which reading stops, with the connection open.
        **headers: further ones, with `_` for `-`.
    """
    parts = urlsplit(url)
    body = json.dumps(CREATE).encode() if method == "POST" else b""
    lines = [
        f"{method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    began = time.perf_counter()
    data, ending = bytearray(), "fin"
    with socket.create_connection((parts.hostname or "", parts.port or 80), 5) as end:
        end.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        while True:
            end.settimeout(max(0.01, began + patience - time.perf_counter()))
            try:
                chunk = end.recv(65536)
            except ConnectionResetError:
                ending = "rst"
                break
            except TimeoutError:
                ending = "open"
                break
            if not chunk:
                break
            data += chunk
    return Seen(bytes(data), ending, time.perf_counter() - began)
