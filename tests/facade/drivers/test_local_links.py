"""Links and their redirects lead to this machine or its network only if the gateway is there itself.

What must be refused is proved by transports and resolvers that record: no such address is ever connected to.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from chainhub_video import ChainHubError, DownloadFailed, InvalidRequest, RetryPolicy
from chainhub_video.addresses import is_local, origin_of
from httpcore._backends.auto import AutoBackend
from httpcore._backends.sync import SyncBackend

from tests.support.colours import Colour
from tests.support.videos import completed
from tests.support.wires import OPENAI, UNIFIED, png

GATEWAY = "https://gateway.example"
LOCAL = [
    "127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "app.localhost", "0.0.0.0", "10.0.0.5", "172.16.3.4",
    "172.31.255.255", "192.168.1.1", "169.254.169.254", "[::1]", "[::]", "[fd00::1]", "[fe80::1]",
    "[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.1", "2130706433",
    "0x7f000001", "0177.0.0.1",
]  # fmt: skip
PUBLIC = ["cdn.example.com", "8.8.8.8", "172.32.0.1", "198.18.0.5", "100.64.0.1", "[2606:4700::1]",
          "1cdn.example.com"]  # fmt: skip
ADDRESSES = {
    "gateway.example": "203.0.113.7",
    "gateway.corp": "10.9.8.7",
    "cdn.example.com": "203.0.113.8",
    "rebound.example": "10.0.0.9",
}


@pytest.fixture(autouse=True)
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were looked up; nobody is asked for them."""
    asked: list[str] = []

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if host not in ADDRESSES:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ADDRESSES[host], 443))]

    monkeypatch.setattr("chainhub_video.addresses.socket.getaddrinfo", getaddrinfo)
    return asked


class _Records:
    """What a lent transport was asked for, and what it answers."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.asked: list[str] = []
        self.keys: list[str] = []
        self._answers = answers

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if "authorization" in request.headers:
            self.keys.append(request.url.host)
        return self._answers.get(request.url.host, httpx.Response(404, json={"message": "no"}))


def _hub(colour: Colour, base_url: str = GATEWAY, records: _Records | None = None) -> Any:
    """A client that tries everything once, with our own transport or one that records."""
    transport = None if records is None else httpx.MockTransport(records.answer)
    lent = None if records is None else colour.http_client(transport=transport)
    retry = RetryPolicy(attempts=1, first=0, jitter=0)
    return colour.hub(base_url, http_client=lent, retry=retry)


def test_a_link_into_the_network_is_never_opened(colour: Colour, tmp_path: Path) -> None:
    """However the address is written, a video is asked for at the gateway instead, and a picture is refused."""
    for host in LOCAL:
        records = _Records()
        hub = _hub(colour, GATEWAY, records)
        with pytest.raises(InvalidRequest, match="this machine or its network"):
            OPENAI.create(hub, image=f"http://{host}/secret.png")
        assert records.asked == [], host
        with pytest.raises(ChainHubError, match="this machine or its network"):
            hub.videos.download(completed(UNIFIED, f"http://{host}:8080/x.mp4"), tmp_path / "x.mp4")
        assert {httpx.URL(url).host for url in records.asked} == {"gateway.example"}, host


def test_a_redirect_into_the_network_is_never_followed(colour: Colour, tmp_path: Path) -> None:
    """What the first host redirects to is looked at as the link itself is, for videos and for pictures."""
    link = "https://cdn.example.com/x"
    for host in LOCAL:
        if host == "0177.0.0.1":  # httpx refuses that
            continue
        redirect = httpx.Response(302, headers={"Location": f"http://{host}/latest/meta-data"})
        records = _Records(**{"cdn.example.com": redirect})
        hub = _hub(colour, GATEWAY, records)
        with pytest.raises(InvalidRequest, match="this machine or its network"):
            OPENAI.create(hub, image=link)
        assert records.asked == [link], host
        with pytest.raises(ChainHubError, match="this machine or its network"):
            hub.videos.download(completed(UNIFIED, link), tmp_path / "x.mp4", timeout=1)
        hosts = {httpx.URL(url).host for url in records.asked}
        assert hosts == {"gateway.example", "cdn.example.com"}, host


def test_a_public_link_is_opened(colour: Colour) -> None:
    """Addresses that only look odd are public, and where the gateway is of the network, its links may be as well."""
    local = ("http://127.0.0.1:9", "https://10.1.1.1", "https://gateway.corp")
    for base_url, link in (
        *((GATEWAY, f"https://{host}/x.png") for host in PUBLIC),
        *((base_url, "http://10.0.0.5/x.png") for base_url in local),
    ):
        records = _Records(**{httpx.URL(link).host: httpx.Response(200, content=png())})
        with pytest.raises(ChainHubError):
            OPENAI.create(_hub(colour, base_url, records), image=link)
        assert records.asked[0] == link
        assert records.keys == [httpx.URL(base_url).host], link


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> _Connections:
    """Where our own transport would connect to; it never does."""
    recorded = _Connections()
    monkeypatch.setattr(SyncBackend, "connect_tcp", recorded.connect)
    monkeypatch.setattr(AutoBackend, "connect_tcp", recorded.connect_async)
    return recorded


class _Connections:
    """A network that records, and reaches what it is told to."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.reached: _Reached | None = None

    def connect(self, host: str = "", *_: Any, **__: Any) -> Any:
        self.hosts.append(host)
        if self.reached is None:
            raise httpcore.ConnectError("recorded")
        return self.reached

    async def connect_async(self, host: str = "", *_: Any, **__: Any) -> Any:
        return self.connect(host)


class _Reached:
    """A connection to an address; nothing may be sent on it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.closed = 0

    def get_extra_info(self, name: str) -> Any:
        return (self.address, 443) if name == "server_addr" else None

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1

    async def start_tls(self, *_: Any) -> Any:
        raise AssertionError("a connection that was to be left was spoken to")


def test_a_name_that_resolves_into_the_network_is_not_connected_to(
    colour: Colour, connections: _Connections, looked_up: list[str], tmp_path: Path
) -> None:
    """Our own transport looks at what a name stands for before it connects; a video is asked for at the gateway."""
    with pytest.raises(InvalidRequest, match="this machine or its network"):
        OPENAI.create(_hub(colour), image="https://rebound.example/x.png")
    assert connections.hosts == []
    assert looked_up[0] == "rebound.example"
    task = completed(UNIFIED, "https://rebound.example/x.mp4")
    with pytest.raises(DownloadFailed):
        _hub(colour).videos.download(task, tmp_path / "x.mp4", timeout=0.2)
    assert set(connections.hosts) == {"gateway.example"}


def test_the_address_that_was_reached_is_looked_at_too(
    colour: Colour, connections: _Connections
) -> None:
    """A name that resolves to something else a moment later is left without a word, and its connection closed."""
    connections.reached = _Reached("10.0.0.9")
    with pytest.raises(InvalidRequest, match="this machine or its network"):
        OPENAI.create(_hub(colour), image="https://cdn.example.com/x.png")
    assert connections.hosts == ["cdn.example.com"]
    assert connections.reached.closed >= 1


def test_a_gateway_whose_name_is_of_the_network_may_link_to_names_of_it(
    colour: Colour, connections: _Connections
) -> None:
    """A company's own gateway and picture host, both known by name only, are connected to."""
    with pytest.raises(ChainHubError, match="could not be fetched"):
        OPENAI.create(_hub(colour, "https://gateway.corp"), image="https://rebound.example/x.png")
    assert connections.hosts == ["rebound.example"]


def test_what_is_local_and_what_is_an_origin() -> None:
    """The two questions of this module, on their own."""
    assert all(is_local(host) for host in LOCAL)
    assert not any(is_local(host) for host in PUBLIC)
    assert origin_of("HTTPS://Example.com./x") == origin_of("https://example.com:443/y")
    assert origin_of("https://example.com") != origin_of("http://example.com")
    assert origin_of("https://example.com:444") != origin_of("https://example.com")
    assert origin_of("ftp://example.com") is origin_of("https://[::1") is None
