"""Run a sandbox on a thread of its own: start and stop it, set faults, move tasks, read the ledger."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Protocol, Self

from starlette.types import ASGIApp

from chainhub_sandbox.clips import ClipRenderer
from chainhub_sandbox.clock import Clock, RealClock, VirtualClock
from chainhub_sandbox.control_api import ControlAPI
from chainhub_sandbox.dialects import DialectSwitch, parse
from chainhub_sandbox.errors import SandboxError
from chainhub_sandbox.faults import Fault, FaultPlan
from chainhub_sandbox.gateway import Gateway, LinkHost, Settings
from chainhub_sandbox.ledger import CreateRecord, Ledger, PaidTask, ReceivedRequest
from chainhub_sandbox.origins import OwnOrigin
from chainhub_sandbox.page.routes import Page
from chainhub_sandbox.server import Server, listen, port_of, url_of
from chainhub_sandbox.tasks import Task, TaskStore

DEFAULT_PACE = 0.75
"""Seconds a task stays in each state: a whole task takes three to five seconds."""

FAST_PACE = 0.02
"""The same with `fast=True`."""

_SERVER_SECONDS = 15.0
_RENDER_SECONDS = 60.0
_POLL_SECONDS = 0.002


class HasId(Protocol):
    """Anything that has a task's id."""

    @property
    def id(self) -> str:
        """The task's id."""
        ...


class Sandbox:
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
        poll_after_ms: sent with query answers, in milliseconds; one pace if not given.
        fast: for tests: clips have a quarter of the width and height and 4 frames a second
            instead of 24. Everything else, their length included, stays as it is.
        faults: what goes wrong on purpose, see `fault`; as text for instance
            `create:status,status=503`.
        clock: the time that tasks go by: the system's, or a `VirtualClock`.
        dialect: how it answers: `documented`, or one or several of the other names in `dialects.NAMES`.
        seed: of what a dialect draws for each task.

    Raises:
        InvalidDialect: there is no such dialect.
        InvalidFault: there is no such fault.
        SandboxError: another argument is wrong.
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
        dialect: str | Sequence[str] = "documented",
        seed: int = 0,
    ) -> None:
        if pace is None:
            pace = FAST_PACE if fast else DEFAULT_PACE
        if pace < 0:
            raise SandboxError(f"pace={pace}: give the seconds per state, 0 or more")
        if not api_key:
            raise SandboxError("api_key is empty: give the key that clients will send")
        if poll_after_ms is None:
            poll_after_ms = max(1, round(pace * 1000))
        self._clock = clock or RealClock()
        dialects = DialectSwitch(parse(dialect))
        self._settings = Settings(api_key, pace, poll_after_ms, self._clock, dialects, seed)
        self._fast = fast
        self._host = host
        self._ports = (port, links_port)
        self._first_faults = [f if isinstance(f, Fault) else Fault.parse(f) for f in faults]
        self._plan = FaultPlan()
        self._ledger = Ledger()
        self._tasks = TaskStore()
        self._urls = ("", "")
        self._renderer: ClipRenderer | None = None
        self._control: ControlAPI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The gateway's origin, as in `http://127.0.0.1:8787`."""
        return self._urls[0]

    @property
    def links_url(self) -> str:
        """The origin that serves the finished files."""
        return self._urls[1]

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url or 'not started'}: {self.paid} paid, {len(self.requests)} requests>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start serving; return when requests are answered.

        Raises:
            PortInUse: another program listens on the port.
            SandboxError: it runs already, or cannot listen there.
        """
        if self._thread is not None:
            raise SandboxError("this sandbox runs already: stop it first, or make another")
        sockets = listen(self._host, self._ports)
        try:
            self._start(sockets)
        except BaseException:
            self.stop()
            for listening in sockets:
                listening.close()
            raise

    def _start(self, sockets: list[socket.socket]) -> None:
        self._urls = (url_of(self._host, sockets[0]), url_of(self._host, sockets[1]))
        self._tasks = TaskStore()
        self._renderer = renderer = ClipRenderer(fast=self._fast)
        server = Server(self._host)
        control = ControlAPI(self._plan, self._ledger, server, [port_of(each) for each in sockets])
        shared = self._tasks, self._ledger, self._plan
        gateway = Gateway(*shared, self._settings, renderer, self.links_url)
        links = LinkHost(*shared)
        routes = [*control.routes(), *Page(gateway, control, self.url).routes()]
        apps = [
            (sockets[0], OwnOrigin(gateway.app(routes), [self._host])),
            (sockets[1], OwnOrigin(links.app(), [self._host])),
        ]
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._serve,
            args=(self._loop, server, apps, started),
            name="chainhub-sandbox",
            daemon=True,
        )
        self._thread.start()
        if not started.wait(_SERVER_SECONDS):
            raise SandboxError("the sandbox's server did not start")
        self._control = control
        while self._first_faults:
            self.set(self._first_faults.pop(0))

    def stop(self) -> None:
        """Stop serving, end all rendering, and leave neither thread, socket nor file."""
        if self._renderer is not None:
            self._renderer.stop()
        if self._loop is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        if self._renderer is not None:
            self._renderer.close()
        self._control = self._renderer = self._thread = self._loop = None

    def _serve(
        self,
        loop: asyncio.AbstractEventLoop,
        server: Server,
        apps: Sequence[tuple[socket.socket, ASGIApp]],
        started: threading.Event,
    ) -> None:
        """Serve on this thread until the sandbox stops."""

        async def serve() -> None:
            await server.start(apps)
            started.set()
            await self._stopping.wait()
            await server.stop()

        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the server's loop, and wait for it."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SERVER_SECONDS)

    # Faults

    @property
    def faults(self) -> list[Fault]:
        """The faults that are set and wait for requests, oldest first."""
        return self._plan.faults

    @property
    def fault_counts(self) -> list[dict[str, Any]]:
        """The same as JSON documents, with the requests each has `seen` and `struck`."""
        return self._plan.as_json()

    def fault(self, step: str, kind: str, **parameters: Any) -> Fault:
        """Set a fault; it holds when this returns.

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
        """Set a fault that is made already, as by `Fault.parse`; raises what `fault` raises."""
        if self._control is not None:
            self._run(self._control.set(fault))
        elif fault.kind == "refuse":
            raise SandboxError("this sandbox does not run, so all connections are refused already")
        else:
            self._plan.add(fault)

    def clear_faults(self) -> None:
        """Forget all faults."""
        if self._control is None:
            self._plan.clear()
        else:
            self._run(self._control.clear())

    # Tasks and time

    @property
    def clock(self) -> Clock:
        """The time that tasks go by."""
        return self._clock

    def finish(self, task: str | HasId) -> None:
        """End a task's states, and wait until its clip is rendered: the next query says `completed`.

        Args:
            task: its id, or anything that has one as `id`.

        Raises:
            SandboxError: there is no such task, or its clip was not rendered within a minute.
        """
        found = self._find(task)
        found.finish()
        concurrent.futures.wait([found.clip], _RENDER_SECONDS)
        if not found.clip.done():
            raise SandboxError(
                f"the clip of {found.id} is not rendered after {_RENDER_SECONDS:g} s"
            )

    def fail(self, task: str | HasId, reason: str = "the sandbox was told to fail it") -> None:
        """Fail a task, with a reason; raises what `finish` raises for an unknown one."""
        self._find(task).fail(reason)

    def hold(self, task: str | HasId | None = None) -> None:
        """Keep a task in its state, whatever time passes; without one, all, and those to come."""
        if task is None:
            self._tasks.hold(holding=True)
        else:
            self._find(task).hold()

    def release(self, task: str | HasId | None = None) -> None:
        """Let a task that was held go on; without one, all."""
        if task is None:
            self._tasks.hold(holding=False)
        else:
            self._find(task).release()

    def advance(self, seconds: float) -> None:
        """Move the time for tasks and for all that sleep by the same clock, see `VirtualClock.advance`.

        Args:
            seconds: 0 or more.

        Raises:
            SandboxError: the clock is not a `VirtualClock`.
        """
        self._virtual_clock.advance(seconds)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the time but for `advance`: all that sleep by the same clock wait meanwhile.

        Raises:
            SandboxError: the clock is not a `VirtualClock`.
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

    def _find(self, task: str | HasId) -> Task:
        task_id = task if isinstance(task, str) else getattr(task, "id", None)
        known = {each.id: each for each in self._tasks}
        if task_id not in known:
            raise SandboxError(
                f"no task {task_id!r} here: {', '.join(known) or 'there is none yet'}"
            )
        return known[task_id]

    # What arrived

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return self._ledger.paid

    @property
    def tasks(self) -> list[PaidTask]:
        """The tasks that production would have charged, oldest first, as they are now."""
        return self._ledger.paid_tasks()

    @property
    def creates(self) -> list[CreateRecord]:
        """All creates by fingerprint: how many arrived, and the tasks that would be charged."""
        return self._ledger.creates()

    @property
    def key_leaks(self) -> int:
        """How many requests carried an Authorization header to the origin of the links."""
        return self._ledger.key_leaks

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived at both origins so far, oldest first."""
        return list(self._ledger.requests)

    @property
    def unread(self) -> int:
        """How many creates broke off before they were read whole; it is not known what they asked."""
        return self._ledger.unread

    def wait_for(self, step: str, times: int = 1, seconds: float = 10.0) -> ReceivedRequest:
        """Wait in real time until an app that runs beside has sent something; return it.

        Args:
            step: `create`, `query`, `content` or `link`.
            times: how many requests of the step must have arrived in all.
            seconds: how long to wait at most.

        Raises:
            SandboxError: fewer arrived.
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
            time.sleep(_POLL_SECONDS)
