"""Real proxies on loopback, one of SOCKS 5 and one of HTTP, which bring made-up host names to local servers."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import struct
from abc import ABC
from collections.abc import Mapping

from tests.support.serving import ThreadedServer

_REFUSED = 5  # SOCKS: connection refused
_PASSWORD = 2  # SOCKS: the method with user name and password


class Proxy(ThreadedServer, ABC):
    """A proxy; `serve` hears what is wanted, and gives it.

    Args:
        onward: the port on loopback for each host that it reaches; it refuses all others.
        fault: how it fails at the last step before it is a tunnel: "silence", "nonsense", "close", or none.
        login: the user name and password that it wants, if it wants some.
        trust: what it speaks TLS with, if it does.

    Attributes:
        address: host and port.
        asked: the hosts and ports that it was asked for.
        heard: all bytes that came before a tunnel was made.
    """

    def __init__(
        self,
        onward: Mapping[str, int],
        *,
        fault: str = "",
        login: tuple[str, str] | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(trust=trust)
        self._onward = onward
        self._fault = fault
        self._login = login
        self.address = f"127.0.0.1:{self.port}"
        self.asked: list[str] = []
        self.heard = bytearray()

    def _read(self, end: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = end.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        self.heard += data
        return data

    def _tunnel(self, end: socket.socket, host: str, port: int, good: bytes, bad: bytes) -> None:
        """Answer a request for a tunnel, and carry bytes through it until one end closes."""
        self.asked.append(f"{host}:{port}")
        if self._fault == "silence":
            end.recv(1)  # until the client has had enough
            return
        if self._fault == "nonsense":
            end.sendall(b"220 mail.invalid ESMTP\r\n")
            return
        if self._fault == "close":
            return
        if host not in self._onward:
            end.sendall(bad)
            return
        with socket.create_connection(("127.0.0.1", self._onward[host])) as onward:
            self.open.add(onward)
            end.sendall(good)
            others = {end: onward, onward: end}
            while True:
                ready = select.select(list(others), [], [])[0]
                pending = isinstance(end, ssl.SSLSocket) and end.pending()
                for one in {*ready, *([end] if pending else [])}:
                    data = one.recv(1 << 16)
                    if not data:
                        self.open.discard(onward)
                        return
                    others[one].sendall(data)


class SocksProxy(Proxy):
    """A proxy of SOCKS 5, as RFC 1928 and RFC 1929 have it."""

    def serve(self, connection: socket.socket, number: int) -> None:
        """Make a tunnel."""
        del number
        end = connection
        version, count = self._read(end, 2)
        if version != 5:
            return
        offered = self._read(end, count)
        wanted = _PASSWORD if self._login else 0
        if wanted not in offered:
            end.sendall(b"\x05\xff")
            return
        end.sendall(bytes((5, wanted)))
        if self._login:
            name = self._read(end, self._read(end, 2)[1]).decode()
            word = self._read(end, self._read(end, 1)[0]).decode()
            end.sendall(b"\x01\x00" if (name, word) == self._login else b"\x01\x01")
        _version, _command, _, kind = self._read(end, 4)
        if kind == 3:
            host = self._read(end, self._read(end, 1)[0]).decode()
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self._read(end, size))
        (port,) = struct.unpack(">H", self._read(end, 2))
        bound = b"\x00\x01\x00\x00\x00\x00\x00\x00"
        self._tunnel(end, host, port, b"\x05\x00" + bound, bytes((5, _REFUSED)) + bound)


class ConnectProxy(Proxy):
    """A proxy of HTTP that makes tunnels, and forwards nothing."""

    def serve(self, connection: socket.socket, number: int) -> None:
        """Make a tunnel."""
        del number
        end = connection
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._read(end, 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        login = base64.b64encode(":".join(self._login).encode()).decode() if self._login else ""
        headers = {line.partition(":")[0].lower(): line.partition(": ")[2] for line in lines}
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            self.asked.append(target)
            end.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        elif login and headers.get("proxy-authorization") != f"Basic {login}":
            end.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        else:
            bad = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
            self._tunnel(end, host, int(port), b"HTTP/1.1 200 OK\r\n\r\n", bad)


PROXIES: dict[str, type[Proxy]] = {"socks5": SocksProxy, "http": ConnectProxy}
