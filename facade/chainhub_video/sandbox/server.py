"""Runs the two origins of a sandbox on a thread of their own."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainhub_video.sandbox.gateway import Gateway, Settings
from chainhub_video.sandbox.ledger import Ledger, ReceivedRequest
from chainhub_video.sandbox.links import LinkHost
from chainhub_video.sandbox.listening import SandboxError, listen, origin
from chainhub_video.sandbox.studio import Studio
from chainhub_video.sandbox.tasks import TaskBook

DEFAULT_PACE = 0.75
"""Seconds a task stays in each state: a whole task takes three to five seconds."""

FAST_PACE = 0.02
"""The same with `fast=True`."""

_START_SECONDS = 15.0
_MARKS = ((b"server", b"chainhub-sandbox"), (b"x-chainhub-sandbox", b"1"))


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
        poll_after_ms: told on query answers, in milliseconds; one pace if not given.
        fast: for tests: clips have a quarter of the width and height and 4 frames a second
            instead of 24. Everything else, their length included, stays as it is.
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
    ) -> None:
        if pace is None:
            pace = FAST_PACE if fast else DEFAULT_PACE
        if pace < 0:
            raise SandboxError(f"pace={pace}: give the seconds per state, 0 or more")
        if not api_key:
            raise SandboxError("api_key is empty: give the key that clients will send")
        if poll_after_ms is None:
            poll_after_ms = max(1, round(pace * 1000))
        self._settings = Settings(api_key, pace, poll_after_ms, fast)
        self._host = host
        self._ports = (port, links_port)
        self._ledger = Ledger()
        self._studio: Studio | None = None
        self._server: uvicorn.Server | None = None
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
    def paid(self) -> int:
        """How many creates production would have charged."""
        return self._ledger.paid

    @property
    def key_leaks(self) -> int:
        """How many requests carried an Authorization header to the origin of the links."""
        return self._ledger.key_leaks

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived at both origins so far, oldest first."""
        return list(self._ledger.entries)

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

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
            self._server = uvicorn.Server(self._config(sockets[1]))
            self._thread = threading.Thread(
                target=self._server.run, args=(sockets,), name="chainhub-sandbox", daemon=True
            )
            self._thread.start()
            self._await_start(self._server, self._thread)
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
            self._server.should_exit = True
            self._thread.join()
        if self._studio is not None:
            self._studio.close()
        self._studio = self._server = self._thread = None

    def _config(self, links_socket: socket.socket) -> uvicorn.Config:
        if self._studio is None:
            raise SandboxError("the sandbox is not started")
        book = TaskBook()
        gateway = Gateway(self._settings, self._studio, book, self._ledger, self.links_url)
        links = LinkHost(book, self._ledger)
        return uvicorn.Config(
            _Origins(gateway.app(), links.app(), links_socket.getsockname()[1]),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )

    @staticmethod
    def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise SandboxError("the sandbox's server did not start")
            time.sleep(0.002)


class _Origins:
    """Both origins behind one server: the port decides, and every answer is marked."""

    def __init__(self, gateway: ASGIApp, links: ASGIApp, links_port: int) -> None:
        self._gateway = gateway
        self._links = links
        self._links_port = links_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_MARKS]
            await send(message)

        linked = scope["server"][1] == self._links_port
        await (self._links if linked else self._gateway)(scope, receive, marked)


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

    Raises:
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
