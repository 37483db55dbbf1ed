"""A picture of any length passes through memory in small pieces, wherever it lies."""

from __future__ import annotations

import os
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.answering import Answer, Arrived
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, png

MEGABYTE = 1 << 20
LARGE = 16 * MEGABYTE
ADDED = 6 * MEGABYTE  # bytes that an upload of any length may add to memory


def _swallow(taken: list[int]) -> Answer:
    """Takes a request's body without keeping it, and accepts the create."""

    def play(wire: socket.socket, arrived: Arrived) -> bool:
        left = int(arrived.headers["content-length"]) - len(arrived.body)
        count = len(arrived.body)
        buffer = bytearray(1 << 16)
        while left > 0:
            more = wire.recv_into(buffer)
            if not more:
                return False
            left -= more
            count += more
        taken.append(count)
        body = b'{"id": "video_1", "status": "queued"}'
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        return True

    return Answer(play, early=True)


def _pour(head: bytes, size: int) -> Answer:
    """A picture of some length, made while it is sent."""

    def play(wire: socket.socket, _: Arrived) -> bool:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + head)
        left = size - len(head)
        chunk = bytes(1 << 16)
        while left > 0:
            wire.sendall(chunk[: min(left, len(chunk))])
            left -= len(chunk)
        return True

    return Answer(play)


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """A file that begins as a picture and is long."""
    path = tmp_path / "large.png"
    path.write_bytes(png())
    os.truncate(path, LARGE)
    yield path
    path.unlink()


def test_an_upload_is_streamed(
    colour: Colour, gateway: Gateway, elsewhere: Gateway, large: Path
) -> None:
    """16 MB from a file or a link add a few MB to memory, in either driver."""
    taken: list[int] = []
    gateway.on("create", _swallow(taken))
    elsewhere.on("/large.png", _pour(png(), LARGE))
    hub = colour.hub(gateway.url)
    OPENAI.create(hub, image=png())  # what is loaded once is not the upload's
    for source in (large, f"{elsewhere.url}/large.png"):
        tracemalloc.start()
        try:
            OPENAI.create(hub, image=source)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert taken[-1] > LARGE
        assert peak < ADDED, f"{peak:,} bytes"
