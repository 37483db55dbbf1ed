"""Prints the money rule as it is lived: `python -m tests.faults.money_table`.

Every cause is produced on a real connection by the sandbox, for both formats and both drivers. What reached the
sandbox, what production would have charged and what the caller got are compared with the rule; the exit status says
whether they agree. With `--all-dialects` every dialect of the sandbox is held against the same table.
"""

from __future__ import annotations

import argparse
import functools
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
from chainhub_sandbox import Fault, Sandbox
from chainhub_sandbox.dialects import NAMES
from chainhub_video import ChainHubError, RetryPolicy, Timeouts

from tests.faults.money_cases import ATTEMPTS, CASES, Case, Errors
from tests.support.colours import Colour
from tests.support.untraced import untraced
from tests.support.wires import WIRES, Wire, png

DRIVERS = ("blocking", "asyncio")
DIALECTS = (*((name,) for name in NAMES), NAMES[1:])
"""Each dialect, and all others than the documented one together."""

_ARRIVAL_SECONDS = 5.0
_RETRY = RetryPolicy(attempts=ATTEMPTS, first=0.05, maximum=0.1, jitter=0)
_PATIENT = Timeouts(connect=10, read=10, write=10, create=10)
_HASTY = Timeouts(connect=0.08, read=0.3, write=0.3, create=0.3)


@dataclass(frozen=True)
class Lived:
    """What one create of one format and driver came to.

    Attributes:
        sent: creates that reached the sandbox.
        paid: those that production would have charged.
        error: what the caller got; None for a task.
    """

    sent: int
    paid: int
    error: Errors

    def __str__(self) -> str:
        return f"{self.sent:>4} {self.paid:>4}  {self.error.__name__ if self.error else 'a task'}"


class Bench:
    """A sandbox, and clients of both drivers for it.

    Args:
        closing: ends them.
        dialects: of the sandbox.
    """

    def __init__(self, closing: ExitStack, dialects: Sequence[str] = NAMES[:1]) -> None:
        # Reading the system's certificates takes longer than a create.
        trust = functools.cache(httpx.create_ssl_context)
        httpx_trust, httpx.create_ssl_context = httpx.create_ssl_context, trust
        closing.callback(setattr, httpx, "create_ssl_context", httpx_trust)
        self._gateway = closing.enter_context(Sandbox(fast=True, dialect=dialects, seed=5))
        self._closing = closing

    def live(self, case: Case, wire: Wire, driver: str) -> Lived:
        """Sends one create into a case, and says what came of it."""
        gateway = self._gateway
        gateway.clear_faults()
        paid, sent = gateway.paid, self._creates()
        for spec in case.faults:
            gateway.set(Fault.parse(spec))
        error: Errors = None
        with ExitStack() as closing, case.place(gateway.url) as place:
            colour = Colour(driver, closing)
            options: dict[str, Any] = {
                "api_key": "sandbox",
                "retry": _RETRY,
                "timeout": _HASTY if case.hasty else _PATIENT,
                "inline_images": True,
            }
            if place.untraced is not None:
                transport = untraced(colour, place.untraced)
                options["http_client"] = colour.http_client(transport=transport)
            hub = colour.hub(place.url or gateway.url, **options)
            changes = dict(case.changes.get(wire.name, {}))
            if case.picture_bytes:
                changes["image"] = _picture(case.picture_bytes)
            try:
                wire.create(hub, **changes)
            except ChainHubError as raised:
                error = type(raised)
        self._wait_for(sent + case.sent)
        gateway.clear_faults()
        return Lived(self._creates() - sent, gateway.paid - paid, error)

    def _wait_for(self, creates: int) -> None:
        """Wait until the sandbox has seen so many: on a busy machine a hasty client may be done before that."""
        ends = time.monotonic() + _ARRIVAL_SECONDS
        while self._creates() < creates and time.monotonic() < ends:
            time.sleep(0.005)

    def _creates(self) -> int:
        return sum(request.step == "create" for request in self._gateway.requests)


def lived(bench: Bench, case: Case) -> Iterator[tuple[str, Lived]]:
    """What a case came to, for each format and driver."""
    for wire in WIRES.values():
        for driver in DRIVERS:
            yield f"{wire.name}/{driver}", bench.live(case, wire, driver)


def expected(case: Case) -> Lived:
    """What the rule says."""
    return Lived(case.sent, case.paid, case.error)


@functools.cache
def _picture(size: int) -> bytes:
    """A picture of so many bytes: whatever follows a PNG's end is carried along."""
    return png().ljust(size, b"\0")


def table(bench: Bench, *, whole: bool) -> int:
    """Print what each cause came to, and return how many break the rule.

    Args:
        bench: where they are lived.
        whole: whether to print the causes that keep the rule as well.
    """
    wrong = 0
    rule = None
    for case in CASES:
        if whole and case.rule is not rule:
            rule = case.rule
            print(f"\n{rule.value}\n    {'cause':<38} sent paid  the caller gets")
        outcomes = list(lived(bench, case))
        broken = {each for _, each in outcomes} != {expected(case)}
        if broken or whole:
            told = "  <- the rule; but" if broken else ""
            print(f"    {case.cause:<38} {expected(case)}{told}")
        if broken:
            wrong += 1
            for who, each in outcomes:
                print(f"        {who:<34} {each}")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; the exit status tells whether it agrees with the rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.money_table")
    parser.add_argument(
        "--all-dialects", action="store_true", help="hold every dialect against the table, too"
    )
    given = parser.parse_args(arguments)
    # What the server thinks of half requests and handshakes is no news here.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    wrong = 0
    for dialects in DIALECTS if given.all_dialects else DIALECTS[:1]:
        with ExitStack() as closing:
            broken = table(Bench(closing, dialects), whole=dialects == DIALECTS[0])
        verdict = f"{broken} break the rule" if broken else "all as the rule says"
        print(
            f"\n{', '.join(dialects)}: {len(CASES)} causes, both formats, both drivers: {verdict}"
        )
        wrong += broken
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
