"""Servers of made-up names, which are reached through a proxy only."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.answering import say, tell
from tests.support.proxies import PROXIES, Proxy
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, png

HOST = "gateway.invalid"  # names that only a proxy can make something of
PICTURES = "pictures.invalid"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass
class Surroundings:
    """A TLS gateway and a TLS host of pictures, which are reached by their names through a proxy, and only there.

    Attributes:
        gateway: the gateway.
        pictures: the host of pictures.
        authority: a file with the certificate that vouches for both.
        trust: what a server of these names speaks TLS with.
        closing: ends the proxies.
        monkeypatch: of the test.
    """

    gateway: Gateway
    pictures: Gateway
    authority: Path
    trust: ssl.SSLContext
    closing: ExitStack
    monkeypatch: pytest.MonkeyPatch

    def set(self, **variables: str) -> None:
        """Set the environment's variables of proxies, and unset all others of them."""
        for name in [*os.environ]:
            if name.upper() in PROXY_VARIABLES:
                self.monkeypatch.delenv(name)
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def open(self, kind: str, also: Mapping[str, int] | None = None, **options: Any) -> Proxy:
        """Run a proxy until the end of the test, which reaches both hosts, and further ones by their ports."""
        onward = {HOST: self.gateway.port, PICTURES: self.pictures.port, **(also or {})}
        return self.closing.enter_context(PROXIES[kind](onward, **options))


@contextmanager
def surrounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """Servers of made-up names, and a certificate of one's own that the environment names."""
    look_up = socket.getaddrinfo

    def local(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).strip("'").endswith(".invalid"):  # text or bytes; some resolvers take seconds
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    for name in (*PROXY_VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, PICTURES, "127.0.0.1").configure_cert(trust)
    with ExitStack() as closing:
        gateway, pictures = (closing.enter_context(Gateway(trust=trust)) for _ in range(2))
        gateway.on("query", tell(OPENAI.seen()))
        gateway.on("create", tell(OPENAI.created()))
        pictures.on("/kitten.png", say(200, png()))
        yield Surroundings(gateway, pictures, folder / "authority.pem", trust, closing, monkeypatch)
    assert not any(arrived.holds_key for arrived in pictures.arrived)
