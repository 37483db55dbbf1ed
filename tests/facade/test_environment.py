"""The environment's proxies, certificates, key and address."""

from __future__ import annotations

import http.client
import http.server
import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from chainhub_video import (
    ChainHub,
    ConnectionFailed,
)

from .answering import tell
from .colours import Colour
from .scripted import Gateway
from .wires import OPENAI, UNIFIED, png


class _Proxy(http.server.BaseHTTPRequestHandler):
    """Forwards plain HTTP, as a proxy does, and remembers for whom."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def do_GET(self) -> None:
        """Pass a request on, and its answer back."""
        self.seen.append(self.path)
        to = urlsplit(self.path)
        onward = http.client.HTTPConnection(to.netloc, timeout=10)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        target = to.path + (f"?{to.query}" if to.query else "")
        onward.request(self.command, target, body, dict(self.headers))
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - likewise

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy on loopback: its address, and the addresses it was asked for."""
    seen: list[str] = []
    handler = type("Handler", (_Proxy,), {"seen": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()
        thread.join()


ENVIRONMENTS: dict[str, tuple[dict[str, str], bool]] = {
    "HTTP_PROXY": ({"HTTP_PROXY": "{}"}, True),
    "http_proxy": ({"http_proxy": "{}"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "{}"}, True),
    "without a scheme": ({"HTTP_PROXY": "{bare}"}, True),
    "HTTPS_PROXY only": ({"HTTPS_PROXY": "{}"}, False),
    "NO_PROXY the host": ({"HTTP_PROXY": "{}", "NO_PROXY": "127.0.0.1"}, False),
    "NO_PROXY everything": ({"ALL_PROXY": "{}", "NO_PROXY": "*"}, False),
    "NO_PROXY another host": ({"HTTP_PROXY": "{}", "NO_PROXY": "example.com"}, True),
    "none": ({}, False),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_proxies_are_those_of_the_http_library(
    colour: Colour,
    gateway: Gateway,
    proxy: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    """With each environment, queries and creates take exactly the way that bare httpx takes to the same address."""
    address, seen = proxy
    variables, expected = ENVIRONMENTS[case]
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(address, bare=address.removeprefix("http://")))
    gateway.on("query", tell(OPENAI.seen()))
    gateway.on("create", tell(OPENAI.created()))
    httpx.get(f"{gateway.url}/v1/videos/bare")
    bare = bool(seen)
    seen.clear()
    hub = colour.hub(gateway.url)
    hub.videos.retrieve("video_1")
    OPENAI.create(hub)
    assert bool(seen) == bare == expected
    assert len(seen) == (2 if expected else 0)
    assert gateway.of("create")[0].parts["input_reference"] == png()


def test_certificates_are_those_of_the_http_library(
    colour: Colour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway with a certificate of one's own is refused, and accepted once SSL_CERT_FILE names its authority."""
    monkeypatch.setattr(httpx, "create_ssl_context", httpx.create_ssl_context.__wrapped__)  # type: ignore[attr-defined] - the fixture's cache
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with Gateway(trust=context) as gateway:
        gateway.on("query", tell(OPENAI.seen()))
        with pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED"):
            colour.hub(gateway.url).videos.retrieve("video_1")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        hub = colour.hub(gateway.url)
        assert hub.videos.retrieve("video_1").raw_status == "processing"
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
