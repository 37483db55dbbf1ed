"""The tests of the contract make no connection, and whoever tries is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from chainhub_video import ChainHub

from tests.support import network_guard


@pytest.fixture
def port() -> Iterator[int]:
    """A port on the loopback that would accept."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _udp(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"hello", ("127.0.0.1", port))


def _nonblocking(port: int) -> None:
    with socket.socket() as wire:
        wire.setblocking(False)
        wire.connect_ex(("127.0.0.1", port))


def _client(port: int) -> None:
    with ChainHub(base_url=f"http://127.0.0.1:{port}", api_key="k") as hub:
        hub.videos.retrieve("video_1")


WAYS: dict[str, tuple[Callable[[int], object], str]] = {
    "connect": (lambda port: socket.create_connection(("127.0.0.1", port)), "127.0.0.1"),
    "connect_ex": (_nonblocking, "127.0.0.1"),
    "asyncio": (lambda port: asyncio.run(asyncio.open_connection("127.0.0.1", port)), "127.0.0.1"),
    "datagram": (_udp, "127.0.0.1"),
    "the client": (_client, "127.0.0.1"),
    "look-up": (lambda _: socket.getaddrinfo("localhost", 443), "localhost"),
    "old look-up": (lambda _: socket.gethostbyname("localhost"), "localhost"),
    "Unix": (lambda _: socket.socket(socket.AF_UNIX).connect("/nowhere"), "/nowhere"),
}


def test_every_way_out_is_refused(port: int) -> None:
    """Connections, datagrams and look-ups are refused before they happen, and are in the record whoever swallows it."""
    for way, (go, named) in WAYS.items():
        with contextlib.suppress(BaseException):
            go(port)
        attempts = network_guard.refusals()
        assert attempts, way
        assert all(each.startswith(named) and "mark.network" in each for each in attempts), way
    one, other = socket.socketpair()  # which is nobody's network
    with one, other:
        one.sendall(b"hello")
        assert other.recv(5) == b"hello"


@pytest.mark.network
def test_a_marked_test_connects(port: int) -> None:
    """With the mark, the loopback is reached."""
    socket.create_connection(("127.0.0.1", port)).close()
    assert network_guard.refusals() == []
