"""The guard: nothing gets by, and nobody can look away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chainhub_video import ChainHub

from .guarding import NetworkUsed, no_network

HERE = Path(__file__).parent


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port on the loopback that would accept."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _udp(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"hello", ("127.0.0.1", port))


def _nonblocking(port: int) -> None:
    with socket.socket() as wire:
        wire.setblocking(False)
        wire.connect_ex(("127.0.0.1", port))


def _asyncio(port: int) -> None:
    asyncio.run(asyncio.open_connection("127.0.0.1", port))


WAYS: dict[str, tuple[Callable[[int], object], str]] = {
    "connect": (lambda port: socket.create_connection(("127.0.0.1", port)), "127.0.0.1"),
    "connect_ex": (_nonblocking, "127.0.0.1"),
    "asyncio": (_asyncio, "127.0.0.1"),
    "datagram": (_udp, "127.0.0.1"),
    "lookup": (lambda _: socket.getaddrinfo("localhost", 443), "localhost:443"),
    "old lookup": (lambda _: socket.gethostbyname("localhost"), "localhost"),
    "unix": (lambda _: socket.socket(socket.AF_UNIX).connect("/nowhere"), "/nowhere"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_is_refused_by_name(listening: socket.socket, way: str) -> None:
    """Connections, datagrams and look-ups are refused before they happen, and the message names the address."""
    go, named = WAYS[way]
    with pytest.raises(NetworkUsed, match=r"@pytest\.mark\.network") as refused, no_network():
        go(listening.getsockname()[1])
    assert named in str(refused.value)


def test_who_looks_away_is_told_all_the_same(listening: socket.socket) -> None:
    """Code that catches everything does not hide what it tried."""
    port = listening.getsockname()[1]
    with (
        pytest.raises(NetworkUsed, match=f"127.0.0.1:{port}"),
        no_network(),
        contextlib.suppress(BaseException),
    ):
        socket.create_connection(("127.0.0.1", port))


def test_the_client_is_caught(listening: socket.socket) -> None:
    """A call of the client is refused, and the guard names the address."""
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with (
        pytest.raises(NetworkUsed, match=url.removeprefix("http://")),
        no_network(),
        ChainHub(base_url=url, api_key="k") as hub,
        contextlib.suppress(Exception),
    ):
        hub.videos.retrieve("video_1")


def test_without_a_connection_nothing_is_changed() -> None:
    """What is raised inside comes out as it is, and a pair of sockets is nobody's network."""
    with pytest.raises(KeyError), no_network():
        raise KeyError("as it is")
    with no_network():
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"hello")
            assert other.recv(5) == b"hello"


def test_a_marked_test_connects_and_another_fails(tmp_path: Path) -> None:
    """Under pytest the same test passes with the marker, and fails without it although it swallows the error."""
    folder = tmp_path / "contract"
    folder.mkdir()
    for name in ("conftest.py", "guarding.py"):
        shutil.copy(HERE / name, folder)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = network: may connect\n")
    body = (
        "    with socket.create_server(('127.0.0.1', 0)) as server, contextlib.suppress(BaseException):\n"
        "        socket.create_connection(server.getsockname()).close()\n"
    )
    (folder / "test_two.py").write_text(
        "import contextlib, socket, pytest\n"
        f"def test_unmarked():\n{body}"
        f"@pytest.mark.network\ndef test_marked():\n{body}"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "FAILED contract/test_two.py::test_unmarked" in ran.stdout
    assert "NetworkUsed: contacted 127.0.0.1:" in ran.stdout
