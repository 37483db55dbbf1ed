"""The sandbox as an object: start it, stop it, set faults, read what arrived."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import uvicorn

from chainhub_sandbox.clips import Studio
from chainhub_sandbox.clock import Clock, RealClock, VirtualClock
from chainhub_sandbox.control_api import Control
from chainhub_sandbox.errors import SandboxError
from chainhub_sandbox.fault_injection import Striker
from chainhub_sandbox.faults import Fault, Plan
from chainhub_sandbox.gateway import Gateway, Settings
from chainhub_sandbox.ledger import CreateRecord, Ledger, PaidTask, ReceivedRequest
from chainhub_sandbox.link_host import LinkHost
from chainhub_sandbox.server import Doors, Host, Origins, Wires, listen, origin
from chainhub_sandbox.tasks import Task, TaskBook

_RENDER_SECONDS = 60.0


class HasId(Protocol):
    """A task of any making."""

    @property
    def id(self) -> str:
        """The gateway's name for it."""
        ...


class Steering:
    """What can be done to tasks that are under way.

    Args:
        clock: the time that they go by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._book = TaskBook()

    @property
    def clock(self) -> Clock:
        """The time that tasks go by."""
        return self._clock

    def finish(self, task: str | HasId) -> None:
        """Takes a task to the end of its walk, and waits until its clip is rendered: the next query tells.

        Args:
            task: its id, or anything that has one as `id`.

        Raises:
            SandboxError: there is no such task, or its clip was not rendered within a minute.
        """
        found = self._found(task)
        found.finish()
        concurrent.futures.wait([found.clip], _RENDER_SECONDS)
        if not found.clip.done():
            raise SandboxError(
                f"the clip of {found.id} is not rendered after {_RENDER_SECONDS:g} s"
            )

    def fail(self, task: str | HasId, reason: str = "the sandbox was told to fail it") -> None:
        """Has a task end as failed, with a reason; raises what `finish` raises for an unknown one."""
        self._found(task).fail(reason)

    def hold(self, task: str | HasId | None = None) -> None:
        """Has a task stand still in its state, whatever time passes; without one, all, those to come too."""
        if task is None:
            self._book.hold(holding=True)
        else:
            self._found(task).hold()

    def release(self, task: str | HasId | None = None) -> None:
        """Has a task go on from where it stands still; without one, all."""
        if task is None:
            self._book.hold(holding=False)
        else:
            self._found(task).release()

    def advance(self, seconds: float) -> None:
        """Lets time pass for the tasks, and for whoever sleeps by the same clock, see `VirtualClock.advance`.

        Args:
            seconds: 0 or more.

        Raises:
            SandboxError: time is real here.
        """
        self._virtual_clock.advance(seconds)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Has time stand still but for `advance`: whoever waits by the same clock waits, so that it can be looked at.

        Raises:
            SandboxError: time is real here.
        """
        clock = self._virtual_clock
        clock.pause()
        try:
            yield
        finally:
            clock.resume()

    @property
    def _virtual_clock(self) -> VirtualClock:
        if not isinstance(self._clock, VirtualClock):
            raise SandboxError("time is real here: make it Sandbox(clock=VirtualClock())")
        return self._clock

    def _found(self, task: str | HasId) -> Task:
        task_id = task if isinstance(task, str) else getattr(task, "id", None)
        known = {each.id: each for each in self._book}
        if task_id not in known:
            there = ", ".join(known) or "there is none yet"
            raise SandboxError(f"no task {task_id!r} here: {there}")
        return known[task_id]


_GLANCE_SECONDS = 0.002


class Evidence:
    """Everything that arrived, what it would have cost, and what became of it.

    Args:
        ledger: remembers it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return self._ledger.charges.paid

    @property
    def tasks(self) -> list[PaidTask]:
        """The tasks that production would have charged, oldest first, as they are now."""
        return self._ledger.charges.tasks()

    @property
    def creates(self) -> list[CreateRecord]:
        """All creates by fingerprint: how many arrived, and the tasks that would be charged."""
        return self._ledger.charges.records()

    @property
    def key_leaks(self) -> int:
        """How many requests carried an Authorization header to the origin of the links."""
        return self._ledger.key_leaks

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived at both origins so far, oldest first."""
        return list(self._ledger.entries)

    @property
    def unread(self) -> int:
        """How many creates broke off before they were read whole; it is not known what they asked."""
        return self._ledger.unread

    def wait_for(self, step: str, times: int = 1, seconds: float = 10.0) -> ReceivedRequest:
        """Waits in real time until an app that runs beside has sent something.

        Args:
            step: `create`, `query`, `content` or `link`.
            times: how many requests of the step must have come in all.
            seconds: how long to wait at most.

        Returns:
            The last of those requests.

        Raises:
            SandboxError: so many did not come.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = [request for request in self.requests if request.step == step]
            if len(found) >= times:
                return found[times - 1]
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"{len(found)} of {times} {step} requests arrived within {seconds:g} s"
                )
            time.sleep(_GLANCE_SECONDS)


DEFAULT_PACE = 0.75
"""Seconds a task stays in each state: a whole task takes three to five seconds."""

FAST_PACE = 0.02
"""The same with `fast=True`."""

_START_SECONDS = 15.0


class Sandbox(Steering, Evidence):
    """A local gateway that plays ChainHub's: full rules, real clips, no key, no money.

        with Sandbox() as gateway:
            hub = ChainHub(base_url=gateway.url, api_key="sandbox")

    It serves two origins: the gateway itself at `url`, and at `links_url` the host that
    finished videos are linked from.

    Args:
        host: the address to listen on; loopback unless you know better.
        port: of the gateway; 0 takes a free one.
        links_port: of the origin of the links; 0 takes a free one.
        api_key: the only key that is let in.
        pace: seconds a task stays in each state; 0.75, or 0.02 with `fast`.
        poll_after_ms: told on query answers, in milliseconds; one pace if not given.
        fast: for tests: clips have a quarter of the width and height and 4 frames a second
            instead of 24. Everything else, their length included, stays as it is.
        faults: what goes wrong on purpose, see `fault`; as text for instance
            `create:status,status=503`.
        clock: the time that tasks go by: the system's, or a `VirtualClock`.

    Raises:
        InvalidFault: one of the faults cannot be.
        SandboxError: another argument cannot be.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        links_port: int = 0,
        api_key: str = "sandbox",
        pace: float | None = None,
        poll_after_ms: int | None = None,
        fast: bool = False,
        faults: Sequence[Fault | str] = (),
        clock: Clock | None = None,
    ) -> None:
        if pace is None:
            pace = FAST_PACE if fast else DEFAULT_PACE
        if pace < 0:
            raise SandboxError(f"pace={pace}: give the seconds per state, 0 or more")
        if not api_key:
            raise SandboxError("api_key is empty: give the key that clients will send")
        if poll_after_ms is None:
            poll_after_ms = max(1, round(pace * 1000))
        Steering.__init__(self, clock or RealClock())
        Evidence.__init__(self, Ledger())
        self._settings = Settings(api_key, pace, poll_after_ms, fast, self._clock)
        self._host = host
        self._ports = (port, links_port)
        self._plan = Plan()
        self._control = Control(self._plan, self._ledger)
        self._faults = [one if isinstance(one, Fault) else Fault.parse(one) for one in faults]
        self._studio: Studio | None = None
        self._server: Host | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._urls = ("", "")

    @property
    def url(self) -> str:
        """The gateway's origin, as in `http://127.0.0.1:8787`."""
        return self._urls[0]

    @property
    def links_url(self) -> str:
        """The origin that serves the finished files."""
        return self._urls[1]

    @property
    def faults(self) -> list[Fault]:
        """The faults that are set and wait for requests, oldest first."""
        return self._plan.faults

    @property
    def fault_counts(self) -> list[dict[str, Any]]:
        """The same as JSON documents, with the requests each has `seen` and `struck`."""
        return self._plan.as_json()

    def fault(self, step: str, kind: str, **parameters: Any) -> Fault:
        """Lets something go wrong from now on; it holds when this returns.

        Args:
            step: `create`, `query`, `content` or `link`.
            kind: what happens; one of `faults.KINDS`.
            **parameters: `moment`, `times`, `probability`, `after`, `seed`, and the kind's own.

        Raises:
            InvalidFault: there is no such fault.
            SandboxError: connections shall be refused, and the sandbox does not run.
        """
        fault = Fault.of(step, kind, **parameters)
        self.set(fault)
        return fault

    def set(self, fault: Fault) -> None:
        """The same for a fault that is there already, as from `Fault.parse`; raises what `fault` raises."""
        if self._loop is not None:
            self._run(self._control.set(fault))
        elif fault.kind == "refuse":
            raise SandboxError("this sandbox does not run, so all connections are refused already")
        else:
            self._plan.add(fault)

    def clear_faults(self) -> None:
        """Lets everything go right from now on."""
        if self._loop is None:
            self._plan.clear()
        else:
            self._run(self._control.clear())

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url or 'not started'}: {self.paid} paid, {len(self.requests)} requests>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts serving; returns when requests are answered.

        Raises:
            PortInUse: another program listens on the port.
            SandboxError: it runs already, or cannot listen there.
        """
        if self._thread is not None:
            raise SandboxError("this sandbox runs already: stop it first, or make another")
        sockets = listen(self._host, self._ports)
        try:
            self._urls = (origin(self._host, sockets[0]), origin(self._host, sockets[1]))
            self._studio = Studio()
            wires = Wires()
            self._server = Host(self._config(self._studio, wires, sockets[1]))
            self._thread = threading.Thread(
                target=asyncio.run,
                args=(self._serve(self._server, wires, sockets),),
                name="chainhub-sandbox",
                daemon=True,
            )
            self._thread.start()
            self._await_start(self._server, self._thread)
            while self._faults:
                self._run(self._control.set(self._faults.pop(0)))
        except BaseException:
            self.stop()
            for listening in sockets:
                listening.close()
            raise

    def stop(self) -> None:
        """Stops serving, ends all rendering, and leaves neither thread, socket nor file."""
        if self._studio is not None:
            self._studio.stop_rendering()
        if self._server is not None and self._thread is not None:
            if self._loop is not None and self._thread.is_alive():
                self._run(self._control.hang_up())
                self._loop.call_soon_threadsafe(self._server.leave)
            self._server.should_exit = True  # one that has not come to serve yet, too
            self._thread.join()
        if self._studio is not None:
            self._studio.close()
        self._studio = self._server = self._thread = self._loop = None

    async def _serve(self, server: Host, wires: Wires, sockets: list[socket.socket]) -> None:
        doors = Doors(server, wires, self._host)
        self._control.connect(wires, doors, [each.getsockname()[1] for each in sockets])
        self._loop = asyncio.get_running_loop()
        try:
            await server.serve(sockets)
        finally:
            doors.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Has the server's loop do something, and waits for it."""
        if self._loop is None:
            raise SandboxError("this sandbox does not run")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def _config(self, studio: Studio, wires: Wires, links_socket: socket.socket) -> uvicorn.Config:
        book = self._book = TaskBook()
        striker = Striker(self._plan, wires)
        gateway = Gateway(self._settings, studio, book, self._ledger, self.links_url, striker)
        links = LinkHost(book, self._ledger, striker)
        origins = Origins(
            gateway.app(self._control.routes()),
            links.app(),
            links_socket.getsockname()[1],
            wires,
            self._control.is_shut,
        )
        return uvicorn.Config(
            origins,
            loop="asyncio",
            http=wires.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )

    @staticmethod
    def _await_start(server: Host, thread: threading.Thread) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise SandboxError("the sandbox's server did not start")
            time.sleep(0.002)


def serve(
    host: str = "127.0.0.1",
    port: int = 8787,
    api_key: str = "sandbox",
    pace: float | None = None,
    on_ready: Callable[[Sandbox], object] | None = None,
    *,
    links_port: int = 0,
    poll_after_ms: int | None = None,
    fast: bool = False,
    faults: Sequence[Fault | str] = (),
) -> None:
    """Serves until Ctrl-C or SIGTERM, then stops cleanly and returns.

    Args:
        host: see `Sandbox`.
        port: see `Sandbox`.
        api_key: see `Sandbox`.
        pace: see `Sandbox`.
        on_ready: called once with the running sandbox, for a line that says its address.
        links_port: see `Sandbox`.
        poll_after_ms: see `Sandbox`.
        fast: see `Sandbox`.
        faults: see `Sandbox`.

    Raises:
        InvalidFault: one of the faults cannot be.
        PortInUse: another program listens on the port.
        SandboxError: it cannot listen there.
    """
    sandbox = Sandbox(
        host=host,
        port=port,
        links_port=links_port,
        api_key=api_key,
        pace=pace,
        poll_after_ms=poll_after_ms,
        fast=fast,
        faults=faults,
    )
    asked_to_stop = threading.Event()
    with sandbox, _on_signals(asked_to_stop.set):
        if on_ready is not None:
            on_ready(sandbox)
        # Waits in turns: a wait without a limit cannot be interrupted everywhere.
        while not asked_to_stop.wait(0.5) and sandbox.running:
            pass


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Has SIGINT and SIGTERM stop the server, where signals can be handled at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
