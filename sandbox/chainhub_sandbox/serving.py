"""Serve a sandbox until a signal ends it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence

from chainhub_sandbox.faults import Fault
from chainhub_sandbox.sandbox import Sandbox


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
    dialect: str | Sequence[str] = "documented",
    seed: int = 0,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then stop cleanly.

    `on_ready` is called once with the running sandbox, for a line that says its address. The other
    arguments, and what it raises, are those of `Sandbox`.
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
        dialect=dialect,
        seed=seed,
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
    """Call `stop` on SIGINT and SIGTERM, where signals can be handled at all."""
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
