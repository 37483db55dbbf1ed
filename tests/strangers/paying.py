"""Prints what a create costs when its answer is lost, by the openai SDK and by us: `python -m tests.strangers.paying`.

Both clients are as they come, but for the timeout, which is short so that nobody has to wait. The sandbox breaks every
create in the same way, and counts what arrived and what production would have charged.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import openai
from chainhub_video import ChainHub, Timeouts
from chainhub_video.sandbox import Sandbox

from tests.strangers.conftest import FORM, KITTEN

SECONDS = 0.5
CAUSES = {
    "accepted, then no answer within the timeout": "create:hang",
    "accepted, then the connection is reset": "create:reset",
    "accepted, then the proxy answers 502": "create:status,status=502,shape=html,moment=done",
    "accepted, then a 200 that is no JSON": "create:status,status=200,shape=html,moment=done",
    "refused: rate limit, 429": "create:status,status=429,moment=read",
}


def theirs(gateway: Sandbox) -> object:
    """Make one create with the SDK."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sandbox", timeout=SECONDS) as client:
        return client.videos.create(**FORM, input_reference=KITTEN)


def ours(gateway: Sandbox) -> object:
    """Make one create with this client."""
    with ChainHub(base_url=gateway.url, api_key="sandbox", timeout=Timeouts(create=SECONDS)) as hub:
        return hub.videos.create(**FORM, image=KITTEN)


def outcome(create: Callable[[Sandbox], object], fault: str) -> str:
    """Make one create against a broken gateway, and say what came of it."""
    with Sandbox(fast=True, faults=[fault]) as gateway:
        began = time.perf_counter()
        try:
            got = f"a {type(create(gateway)).__name__}"
        except Exception as error:  # noqa: BLE001 - whatever a stranger raises is the answer
            got = type(error).__name__
        took = time.perf_counter() - began
        sent = sum(one.step == "create" for one in gateway.requests)
        return f"{sent:>4} {gateway.paid:>4} {took:6.1f} s  {got}"


@contextmanager
def _without_their_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The Sora API", DeprecationWarning)
        yield


def main() -> int:
    """Print the table."""
    print(f"{'':12}{'sent':>4} {'paid':>4} {'took':>8}  the caller gets")
    for cause, fault in CAUSES.items():
        print(cause)
        with _without_their_warning():
            print(f"    {'openai':8}{outcome(theirs, fault)}")
        print(f"    {'ours':8}{outcome(ours, fault)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
