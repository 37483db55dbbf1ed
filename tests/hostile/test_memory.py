"""An answer of a few kilobytes that unpacks to gigabytes takes no memory, and ends in a documented error."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from tests.support.colours import DRIVERS
from tests.support.places import ROOT

from .bombed import ERRORS
from .bombs import GIBIBYTE, gzip_twice
from .server import HostileServer, Wire

BOMB = gzip_twice()
MOST = 130  # MiB; a client that has done nothing yet has some 60


def _bomb(wire: Wire) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n"
    wire.send(head.encode() + BOMB)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads its peak from /proc")
def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """With 1 GiB of address space each call ends in its documented error, not in MemoryError, and uses little of it."""
    with ExitStack() as closing:
        servers = {
            step: closing.enter_context(HostileServer(120, {step: _bomb}))
            for step in ("create", "query", "content")
        }
        urls = json.dumps({step: server.url for step, server in servers.items()})
        ran = subprocess.run(
            [sys.executable, "-m", "tests.hostile.bombed", urls, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert servers["create"].count("create") == len(DRIVERS)
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(each["call"], each["driver"]) for each in told] == list(product(ERRORS, DRIVERS))
    for each in told:
        assert each["error"] in ERRORS[each["call"]], each
        assert each["error"] != "WaitTimeout" or each["cause"] == "UnexpectedResponse", each
        assert each["peak"] < MOST, each
    assert list(tmp_path.iterdir()) == []


def test_the_bomb_is_one() -> None:
    """It has a few kilobytes, and both of its layers are sound gzip; the inner one tells of 2 GiB of blanks."""
    assert len(BOMB) < 20_000
    inner = gzip.decompress(BOMB)
    assert len(inner) < GIBIBYTE / 100
    with gzip.open(io.BytesIO(inner)) as stream:
        assert stream.read(1 << 20) == b" " * (1 << 20)
    small = gzip.decompress(gzip.decompress(gzip_twice(3 << 20)))
    assert small == b" " * (3 << 20)
