"""Run a sandbox for tests of apps, on a clock that makes ten minutes of waiting take milliseconds.

The fixtures of the pytest plugin are made of this; other test frameworks use `sandboxed` itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import httpx
from chainhub_sandbox import ReceivedRequest, Sandbox, VirtualClock

from chainhub_video.client import AsyncChainHub
from chainhub_video.runtime import using

PACE = 120.0
"""Virtual seconds that a task stays in each state: eight minutes in the OpenAI format, ten to twelve in the unified."""

_OURS = ("CHAINHUB_API_KEY", "CHAINHUB_BASE_URL", "CHAINHUB_MAX_CREATES")
_SHOWN = 60


@contextmanager
def sandboxed(clock: VirtualClock | None = None, **options: Any) -> Iterator[Sandbox]:
    """Run a sandbox to which every client of this process talks, and in whose time every client waits.

    CHAINHUB_API_KEY and CHAINHUB_BASE_URL point at it, so that an app which makes its own client is tested unchanged.
    A client for another gateway is refused before anything is sent.

    Args:
        clock: the time; a new `VirtualClock` if None.
        **options: further arguments of `Sandbox`; clips are small and `pace` is 120 seconds if not given.

    Yields:
        The running sandbox.

    Raises:
        InvalidFault, SandboxError: see `Sandbox`.
    """
    clock = clock or VirtualClock()
    with Sandbox(clock=clock, **{"fast": True, "pace": PACE, **options}) as gateway:
        key = options.get("api_key", "sandbox")
        settled = {"CHAINHUB_API_KEY": key, "CHAINHUB_BASE_URL": gateway.url}
        kept = {name: text for name, text in os.environ.items() if name not in _OURS}
        with (
            mock.patch.dict(os.environ, kept | settled, clear=True),
            using(clock=clock, base_url=gateway.url),
        ):
            try:
                yield gateway
            finally:
                clock.resume()  # a thread that the test left behind must not sleep for ever


def loop_free_client(gateway: Sandbox) -> AsyncChainHub:
    """Return an asyncio client that needs no closing, and serves one event loop after the other.

    It keeps no connection open between two requests.

    Args:
        gateway: the one to talk to, with the key from CHAINHUB_API_KEY.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    # Loopback is plain http: reading the certificates would take longer than the rest of a test.
    lent = httpx.AsyncClient(limits=limits, trust_env=False, verify=False)
    return AsyncChainHub(base_url=gateway.url, http_client=lent)


def seen_by(gateway: Sandbox) -> str:
    """Return what arrived at a sandbox, for people: the paid tasks, and every request with its answer.

    Args:
        gateway: the sandbox, running or not.
    """
    requests = gateway.requests
    lines = [f"{gateway.url} - {gateway.paid} paid, {len(requests)} requests"]
    for create in gateway.creates:
        prompt = str((create.body or {}).get("prompt", ""))[:_SHOWN]
        lines.append(f"asked {create.arrived}x, paid {len(create.tasks)}x: {prompt!r}")
        lines += [f"    {task.id} {task.status}" for task in create.tasks]
    lines += [_line(request) for request in requests]
    lines += [f"fault set: {fault}" for fault in gateway.faults]
    return "\n".join(lines)


def _line(request: ReceivedRequest) -> str:
    query = "".join(f"?{name}={value}" for name, value in request.query.items())
    answer = str(request.status) if request.status else "no answer"
    about = f" -> {request.task_id}" if request.task_id else ""
    fault = f" [{request.fault}]" if request.fault else ""
    return f"{request.method:5}{request.path}{query} {answer}{about}{fault}"
