"""The guard of all tests: nothing leaves this machine, nobody can hide that it tried, and the loopback works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from chainhub_video import ChainHub

from tests.support import network_guard
from tests.support.places import ROOT

OUTSIDE = "192.0.2.7"  # of documentation; and it is not contacted either


def _udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"hello", (OUTSIDE, 53))


def _nonblocking() -> None:
    with socket.socket() as wire:
        wire.setblocking(False)
        wire.connect_ex((OUTSIDE, 443))


def _six() -> None:
    with socket.socket(socket.AF_INET6) as wire:
        wire.connect(("2001:db8::7", 443))


def _client() -> None:
    with ChainHub(base_url=f"https://{OUTSIDE}", api_key="k", timeout=1) as hub:
        hub.videos.retrieve("video_1")


WAYS: dict[str, tuple[Callable[[], object], str]] = {
    "connect": (lambda: socket.create_connection((OUTSIDE, 443)), f"{OUTSIDE} port 443"),
    "connect_ex": (_nonblocking, f"{OUTSIDE} port 443"),
    "IPv6": (_six, "2001:db8::7 port 443"),
    "datagram": (_udp, f"{OUTSIDE} port 53"),
    "asyncio": (lambda: asyncio.run(asyncio.open_connection(OUTSIDE, 443)), OUTSIDE),
    "look-up": (lambda: socket.getaddrinfo("name.invalid", 443), "name.invalid"),
    "old look-up": (lambda: socket.gethostbyname("name.invalid"), "name.invalid"),
    "the client": (_client, f"{OUTSIDE} port 443"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_is_refused(way: str) -> None:
    """Contacts and look-ups are refused before they happen, and are in the record whoever swallows the exception."""
    go, named = WAYS[way]
    with contextlib.suppress(Exception):
        go()
    attempts = network_guard.refusals()
    assert attempts
    assert all(attempt.startswith(named) for attempt in attempts)


def test_whoever_tries_is_told() -> None:
    """What is raised names the place and what to do instead."""
    with pytest.raises(AssertionError, match=rf"contacted {OUTSIDE} port 443.*loopback only"):
        socket.create_connection((OUTSIDE, 443))
    network_guard.refusals()


def test_this_machine_is_free() -> None:
    """The loopback of both families, its names, numbers, pairs and Unix sockets are reached as ever."""
    for host in ("127.0.0.1", "localhost", "127.8.9.1"):
        with (
            socket.create_server((host, 0)) as server,
            socket.create_connection(server.getsockname()) as wire,
        ):
            assert wire.getpeername() == server.getsockname()
    socket.getaddrinfo("8.8.8.8", 443)  # a number is looked up by nobody
    one, other = socket.socketpair()
    with one, other:
        one.sendmsg([b"hello"])
        assert other.recv(5) == b"hello"
    assert network_guard.refusals() == []


@pytest.mark.parametrize("flags", [[], ["-I"]], ids=["as usual", "isolated"])
def test_child_processes_are_guarded(flags: list[str]) -> None:
    """A child that takes over the environment is refused too, and its parent's test told; one that is isolated is not.

    The isolated one only says whether it is guarded: it tries nothing.
    """
    code = (
        "import socket, sys\n"
        f"if 'network_guard' in sys.modules: socket.create_connection(({OUTSIDE!r}, 443))\n"
        "else: sys.exit(9)\n"
    )
    ran = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if flags:
        assert ran.returncode == 9, ran.stderr
        assert network_guard.refusals() == []
    else:
        assert "NetworkRefused: contacted 192.0.2.7 port 443" in ran.stderr
        assert network_guard.refusals() == [f"{OUTSIDE} port 443 (socket.connect)"]


def test_a_test_that_leaves_fails_by_name(tmp_path: Path) -> None:
    """Under pytest such a test fails although it swallows the error, and so does one whose child process tried."""
    lines = (
        "import contextlib, socket, subprocess, sys",
        f"CODE = 'import socket; socket.create_connection((\"{OUTSIDE}\", 443))'",
        "def test_itself():",
        "    with contextlib.suppress(BaseException):",
        "        exec(CODE)",
        "def test_its_child():",
        "    subprocess.run([sys.executable, '-c', CODE], stderr=subprocess.DEVNULL)",
        "def test_loopback():",
        "    with socket.create_server(('127.0.0.1', 0)) as server:",
        "        socket.create_connection(server.getsockname()).close()",
    )
    (tmp_path / "test_three.py").write_text("\n".join(lines))
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": f"{os.environ['PYTHONPATH']}{os.pathsep}{ROOT}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "2 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    for name in ("test_itself", "test_its_child"):
        assert f"NetworkRefused: test_three.py::{name} contacted {OUTSIDE} port 443" in ran.stdout
    assert network_guard.refusals() == []
