"""The tests of this folder make no connection, not even on the loopback, unless they are marked for that."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.support import network_guard

WAYS: dict[str, Callable[[], object]] = {
    "127.0.0.1": lambda: socket.create_connection(("127.0.0.1", 9)),
    "localhost": lambda: socket.getaddrinfo("localhost", 443),
    "/nowhere": lambda: socket.socket(socket.AF_UNIX).connect("/nowhere"),
}


def test_the_own_machine_is_refused() -> None:
    """Its address, its names and Unix sockets are refused, with the mark that would allow them; a pair is not."""
    for named, go in WAYS.items():
        with pytest.raises(AssertionError, match=rf"contacted {named}.*mark\.network"):
            go()
    assert len(network_guard.refusals()) == len(WAYS)
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"hello")
        assert other.recv(5) == b"hello"


@pytest.mark.network
def test_a_marked_test_connects() -> None:
    """With the mark, the loopback is reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert network_guard.refusals() == []
