"""The environment's proxies, certificates, key and address."""

from __future__ import annotations

import http.server
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from chainhub_video import ChainHub, ConnectionFailed

from .answering import tell
from .colours import Colour
from .scripted import Gateway
from .wires import OPENAI, UNIFIED, png

HOST = "gateway.invalid"  # a name that only a proxy can make something of


class _Proxy(http.server.BaseHTTPRequestHandler):
    """Makes tunnels, all of them to one place, and remembers what it was asked for."""

    seen: list[str]
    onward: tuple[str, int]

    def do_CONNECT(self) -> None:
        """Make a tunnel, and carry bytes through it until one end closes."""
        self.seen.append(f"{self.path} {self.headers}")
        with socket.create_connection(self.onward) as onward:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: onward, onward: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    ends[end].sendall(data)

    def do_GET(self) -> None:
        """Note a request that was to be forwarded."""
        self.seen.append(self.path)
        self.send_error(502)

    do_POST = do_GET  # noqa: N815 - likewise

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Surroundings:
    """A TLS gateway that is reached by its name through a proxy, and only there.

    Attributes:
        gateway: the gateway.
        proxy: the proxy's address.
        seen: what the proxy was asked for.
        authority: a file with the certificate that vouches for the gateway.
    """

    def __init__(self, gateway: Gateway, proxy: str, seen: list[str], authority: Path) -> None:
        self.gateway = gateway
        self.proxy = proxy
        self.seen = seen
        self.authority = authority


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """A gateway of a made-up name, a certificate of one's own, and a proxy; none of them in the environment yet."""
    for name in ("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "127.0.0.1").configure_cert(context)
    seen: list[str] = []
    with Gateway(trust=context) as gateway:
        gateway.on("query", tell(OPENAI.seen()))
        gateway.on("create", tell(OPENAI.created()))
        onward = ("127.0.0.1", gateway.port)
        handler = type("Handler", (_Proxy,), {"seen": seen, "onward": onward})
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            address = f"http://127.0.0.1:{server.server_address[1]}"
            yield Surroundings(gateway, address, seen, tmp_path / "authority.pem")
            server.shutdown()
            thread.join()


ENVIRONMENTS: dict[str, tuple[dict[str, str], bool]] = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": "{}"}, True),
    "https_proxy": ({"https_proxy": "{}"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "{}"}, True),
    "HTTP_PROXY only": ({"HTTP_PROXY": "{}"}, False),
    "NO_PROXY the host": ({"HTTPS_PROXY": "{}", "NO_PROXY": HOST}, False),
    "NO_PROXY its domain": ({"HTTPS_PROXY": "{}", "NO_PROXY": ".invalid"}, False),
    "NO_PROXY everything": ({"ALL_PROXY": "{}", "NO_PROXY": "*"}, False),
    "NO_PROXY another host": ({"HTTPS_PROXY": "{}", "NO_PROXY": "example.com"}, True),
    "none": ({}, False),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_proxies_are_those_of_the_http_library(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """With each environment, queries and creates take the way that bare httpx takes; no proxy is told the key."""
    variables, expected = ENVIRONMENTS[case]
    monkeypatch.setenv("SSL_CERT_FILE", str(surroundings.authority))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(surroundings.proxy))
    try:
        reached = httpx.get(f"https://{HOST}/v1/videos/bare").status_code == 200
    except httpx.ConnectError:
        reached = False
    assert bool(surroundings.seen) == reached == expected
    surroundings.seen.clear()
    hub = colour.hub(f"https://{HOST}")
    if expected:
        assert hub.videos.retrieve("video_1").raw_status == "processing"
        OPENAI.create(hub)
        assert surroundings.gateway.of("create")[0].parts["input_reference"] == png()
        assert [line.split(" ")[0] for line in surroundings.seen] == [f"{HOST}:443"] * 2
    else:
        with pytest.raises(ConnectionFailed, match="nothing was sent"):
            OPENAI.create(hub)
        assert surroundings.seen == []
    hub.close()
    assert "the-key" not in "".join(surroundings.seen)


def test_a_gateway_on_this_machine_needs_no_proxy(
    colour: Colour, gateway: Gateway, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said to a sandbox on loopback, the key included, is not carried to the environment's proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, surroundings.proxy)
    gateway.on("query", tell(OPENAI.seen()))
    gateway.on("create", tell(OPENAI.created()))
    hub = colour.hub(gateway.url)
    hub.videos.retrieve("video_1")
    OPENAI.create(hub)
    assert surroundings.seen == []
    assert len(gateway.arrived) == 2


def test_certificates_are_those_of_the_http_library(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of one's own is refused, and accepted once SSL_CERT_FILE names its authority."""
    monkeypatch.setenv("HTTPS_PROXY", surroundings.proxy)
    with pytest.raises(ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED.*nothing was sent"):
        OPENAI.create(colour.hub(f"https://{HOST}"))
    assert surroundings.gateway.arrived == []
    monkeypatch.setenv("SSL_CERT_FILE", str(surroundings.authority))
    hub = colour.hub(f"https://{HOST}")
    assert OPENAI.create(hub).id
    hub.close()


def test_nothing_is_read_from_the_environment_later(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key and the address are those of the moment the client was made, whatever the environment says later."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "the-key")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    gateway.on("query", tell(UNIFIED.seen()))
    with ChainHub() as hub:
        monkeypatch.setenv("CHAINHUB_API_KEY", "another")
        os.environ.pop("CHAINHUB_BASE_URL")
        hub.videos.retrieve(UNIFIED.task())
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"
