"""Measure how calls end that are stalled: after how long, in what, and what they leave behind."""

from __future__ import annotations

import functools
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from chainhub_video import ChainHub, ConnectionFailed, Timeouts

from tests.support.colours import Colour
from tests.support.wires import OPENAI

from .calls import Call, Place
from .server import HostileServer, Wire, open_sockets
from .stalls import Stall

SLACK = 1.0
"""Seconds that a call may take beyond its deadline."""

Cell = tuple[Stall, Call, str]
"""A stall, the call that meets it, and the driver of its client."""

_CLOSING = 0.7  # seconds that closing a client may take
_PATIENCE = 1.5  # seconds that the server waits beyond those, until it ends what has not ended
_RECEIPT = ".task.json"


@dataclass(frozen=True)
class Measured:
    """How one call ended.

    Attributes:
        stall: that it met.
        call: that was made.
        driver: `blocking` or `asyncio`.
        limit: its deadline, in seconds.
        seconds: that it took.
        closing: seconds that closing the client took.
        error: what it ended in; None for no error at all.
        creates: that reached the gateway.
        files: that it left, receipts aside.
        receipts: that it left.
        met: whether it came as far as the stall.
        slack: seconds that it may take beyond its deadline.
    """

    stall: Stall
    call: Call
    driver: str
    limit: float
    seconds: float
    closing: float
    error: BaseException | None
    creates: int
    files: tuple[str, ...]
    receipts: int
    met: bool
    slack: float = SLACK

    def faults(self) -> list[str]:
        """Return what is wrong with it, in words."""
        wrong: list[str] = []
        if not self.met:
            wrong.append("never met the stall")
        if self.seconds > self.limit + self.slack:
            wrong.append(f"{self.seconds:.1f} s")
        if self.closing > _CLOSING * self.slack:
            wrong.append(f"closing took {self.closing:.1f} s")
        expected = self.call.unsent if self.stall.tls else self.call.errors
        if not isinstance(self.error, expected):
            names = " or ".join(kind.__name__ for kind in expected)
            wrong.append(f"{type(self.error).__name__} instead of {names}")
        most = 0 if self.stall.tls else self.call.creates
        if self.creates > most:
            wrong.append(f"{self.creates} creates")
        if self.files:
            wrong.append(f"left {', '.join(self.files)}")
        uncertain = type(self.error).__name__ == "SubmissionUncertain"
        if uncertain and self.call.name.startswith("generate") and self.receipts != 1:
            wrong.append("no receipt")
        return wrong

    def __str__(self) -> str:
        kind = type(self.error).__name__ if self.error else "no error"
        verdict = "; ".join(self.faults()) or "ok"
        return (
            f"{self.stall.name:<34} {self.call.name:<24} {self.driver:<9} {self.seconds:5.2f} s  "
            f"{kind:<20} {verdict}"
        )


def applies(stall: Stall, call: Call) -> bool:
    """Return whether a call can meet a stall: only a large upload meets a server that does not read it.

    While TLS is set up, nothing tells one step from another, so a job of several meets it at its first.
    """
    if not stall.reads_bodies:
        return call.name in ("create", "generate: its create")
    return not (stall.tls and call.name in ("generate: its queries", "generate: its download"))


def measure(cell: Cell, limit: float, slack: float, serving: Serving) -> Measured:
    """Make a call of a client of its own, against servers of its own that go on afterwards."""
    stall, call, driver = cell
    patience = limit + slack + _PATIENCE
    stalled = gateway = serving.start(stall.server(call.step, patience))
    if call.elsewhere:
        gateway = serving.start(HostileServer(patience, {"content": _missing, "query": _missing}))
    stalled_url = stalled.url.replace("http:", "https:") if stall.tls else stalled.url
    error: BaseException | None = None
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        colour = Colour(driver, using := closing.enter_context(ExitStack()))
        hub = colour.hub(
            gateway.url if call.elsewhere else stalled_url, timeout=Timeouts(create=limit)
        )
        start = time.monotonic()
        try:
            call.make(Place(hub, stalled_url, folder, limit, not stall.reads_bodies))
        except Exception as raised:  # noqa: BLE001 - of a wrong kind it is a finding, and is reported as one
            error = raised
        seconds = time.monotonic() - start
        start = time.monotonic()
        using.close()
        ended = time.monotonic() - start
        left = sorted(path.name for path in folder.iterdir())
    receipts = sum(name.endswith(_RECEIPT) for name in left)
    files = tuple(name for name in left if not name.endswith(_RECEIPT))
    creates = gateway.count("create")
    met = stall.tls or stalled.count(call.step) > 0
    return Measured(
        stall, call, driver, limit, seconds, ended, error, creates, files, receipts, met, slack
    )


def _missing(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@functools.cache
def _read_certificates() -> None:
    """Have the system's certificates read, where they are kept: twenty threads that read them take all the time."""
    for scheme in ("http", "https"):
        url = f"{scheme}://127.0.0.1:9"
        with ChainHub(base_url=url, api_key="k") as hub, suppress(ConnectionFailed):
            hub.videos.retrieve(OPENAI.task())


def measure_all(
    cells: Sequence[Cell], limit: float, slack: float = SLACK
) -> tuple[list[Measured], list[str]]:
    """Measure calls that are stalled: side by side those that only wait, the others one by one.

    A call whose deadline passed before it met its stall, on a machine that is busy, is made again, alone and with more
    time.

    Args:
        cells: a stall each, the call that meets it, and its driver; those that cannot meet are passed over.
        limit: seconds of each deadline.
        slack: seconds that a call may take beyond it.

    Returns:
        How each ended; and the threads and sockets that were left while the servers still stalled.
    """
    _read_certificates()
    leaks = Leaks()
    meeting = [cell for cell in cells if applies(*cell[:2])]
    waiting = [cell for cell in meeting if not cell[0].busy]
    found: list[Measured] = []
    left: set[str] = set()
    for side_by_side in (waiting, *([cell] for cell in meeting if cell[0].busy)):
        with Serving() as serving:
            with ThreadPoolExecutor(len(side_by_side) or 1) as pool:
                first = pool.map(lambda cell: measure(cell, limit, slack, serving), side_by_side)
            for cell, each in zip(side_by_side, first, strict=True):
                found.append(each if each.met else measure(cell, 4 * limit, slack, serving))
            left.update(leaks.found(serving))
    return found, sorted(left)


class Serving(ExitStack):
    """The servers of some calls, which go on until all of those have been looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._servers: list[HostileServer] = []

    def start(self, server: HostileServer) -> HostileServer:
        """Start a server."""
        self._servers.append(self.enter_context(server))
        return server

    def sockets(self) -> set[str]:
        """The sockets of all servers, by inode."""
        return {socket for server in self._servers for socket in server.sockets()}

    def threads(self) -> set[threading.Thread]:
        """The threads of all servers."""
        return {thread for server in self._servers for thread in server.threads()}


class Leaks:
    """What this process has that it did not have before, servers aside: threads, and open sockets."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._sockets = open_sockets()

    def found(self, serving: Serving, grace: float = 0.5) -> list[str]:
        """Return what is left, after a moment in which it may go by itself."""
        until = time.monotonic() + grace
        while True:
            threads = [
                f"thread {each.name}"
                for each in threading.enumerate()
                if each not in self._threads | serving.threads()
            ]
            left = open_sockets() - self._sockets - serving.sockets()
            if not (threads or left) or time.monotonic() > until:
                return threads + [f"socket {inode}" for inode in left]
            time.sleep(0.01)
