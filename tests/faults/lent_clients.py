"""Prints the money rule with HTTP clients that the caller lends: `python -m tests.faults.lent_clients`.

With an argument: for those whose names have it.

Each cause of the money table meets each kind of client. Where a transport tells of no event, nothing proves that a
create did not leave: then even a refused connection is an uncertain one, and nothing is sent again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import httpx
import httpx2
from chainhub_video import SubmissionUncertain
from httpx_aiohttp import AiohttpTransport
from httpx_retries import Retry, RetryTransport

from tests.support.colours import DRIVERS, Colour
from tests.support.untraced import untraced
from tests.support.wires import WIRES

from .money_cases import CASES, Case, Rule
from .money_table import HEADING, Bench, Outcome, be_quiet_and_quick, print_row


@dataclass(frozen=True)
class Lender:
    """One kind of client that a caller may lend.

    Attributes:
        lend: makes one for a driver.
        told: whether its transport tells of its events.
        drivers: that can use it.
        raises: whether a hook of it raises for what is no success, and so hides the answer.
    """

    lend: Callable[[Colour], Any]
    told: bool = True
    drivers: tuple[str, ...] = DRIVERS
    raises: bool = False


def _lender(library: ModuleType = httpx, **options: Any) -> Lender:
    """Return the lender of a library's own client; an option may be a function of the driver."""

    def lend(colour: Colour) -> Any:
        given = {name: each(colour) if callable(each) else each for name, each in options.items()}
        return (library.AsyncClient if colour.asynchronous else library.Client)(**given)

    return Lender(lend)


class _SendsAgain(httpx.Auth):
    """An auth flow that sends every request once more after any answer."""

    def auth_flow(self, request: httpx.Request) -> Any:
        yield request
        yield request


def _hooks(colour: Colour, *, raising: bool = False) -> dict[str, Any]:
    """Return event hooks of a colour, one of which may raise for errors, as the guide of httpx has it."""

    def check(response: Any) -> None:
        if raising:
            response.raise_for_status()

    async def hear(_: Any) -> None: ...

    async def check_async(response: Any) -> None:
        check(response)

    if colour.asynchronous:
        return {"request": [hear], "response": [check_async]}
    return {"request": [lambda _: None], "response": [check]}


def _own(colour: Colour, **options: Any) -> Any:
    """Return a transport of httpx."""
    return (httpx.AsyncHTTPTransport if colour.asynchronous else httpx.HTTPTransport)(**options)


def _retrying(transport: Any) -> RetryTransport:
    return RetryTransport(transport, Retry(total=3, backoff_factor=0.001))


def calling_all(failure: type[Exception]) -> Lender:
    """Return the lender of clients that tell of no event, and call every failure the same."""
    return replace(_lender(transport=lambda colour: untraced(colour, failure)), told=False)


LENDERS: Mapping[str, Lender] = {
    "httpx": _lender(),
    "httpx2": _lender(httpx2),
    "httpx, follows redirects": _lender(follow_redirects=True),
    "httpx, connects again": _lender(transport=lambda colour: _own(colour, retries=2)),
    "httpx, event hooks": _lender(event_hooks=_hooks),
    "httpx, a hook that raises": replace(
        _lender(event_hooks=lambda colour: _hooks(colour, raising=True)), raises=True
    ),
    "httpx, an auth flow": _lender(auth=lambda _: _SendsAgain()),
    "httpx-retries": _lender(transport=lambda colour: _retrying(_own(colour))),
    "httpx, untold": replace(_lender(transport=untraced), told=False),
    "httpx2, untold": replace(
        _lender(httpx2, transport=lambda colour: untraced(colour, library=httpx2)), told=False
    ),
    "httpx-retries, untold": replace(
        _lender(transport=lambda colour: _retrying(untraced(colour))), told=False
    ),
    "httpx, untold, a hook that raises": replace(
        _lender(transport=untraced, event_hooks=lambda colour: _hooks(colour, raising=True)),
        told=False,
        raises=True,
    ),
    "httpx-aiohttp": replace(
        _lender(transport=lambda _: AiohttpTransport()), told=False, drivers=("asyncio",)
    ),
    **{
        f"httpx, untold, {failure.__name__} for all": calling_all(failure)
        for failure in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    },
}

# That the port opens again is a matter of moments, which a whole job may be too late for.
CAUSES = [case for case in CASES if case.place is None and case.cause != "refused, then open"]
"""Those of the money table that a client meets at the sandbox itself."""


def expected(case: Case, lender: Lender) -> Outcome:
    """Return what the rule says of a case, with a kind of client."""
    untold = case.rule is Rule.NEVER_CONNECTED and not lender.told
    # A hook that raises hides the answer: even 429 is not seen.
    hidden = lender.raises and (case.rule in (Rule.TURNED_AWAY, Rule.REFUSED) or case.sent > 1)
    if untold or hidden:
        return Outcome(int(hidden), 0, SubmissionUncertain, "uncertain")
    state = "uncertain" if case.error is SubmissionUncertain else None if case.error else "saved"
    return Outcome(case.sent, case.paid, case.error, state)


def main() -> int:
    """Print the table; the exit status tells whether it agrees with the rule."""
    be_quiet_and_quick()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    wrong = 0
    with ExitStack() as closing:
        bench = Bench(closing)
        for name, lender in ((each, LENDERS[each]) for each in LENDERS if wanted in each):
            print(f"\n{name}\n    {HEADING}")
            for case in CAUSES:
                outcomes = {
                    f"{wire.name}/{driver}": bench.job(case, wire, driver, lender.lend)
                    for wire in WIRES.values()
                    for driver in lender.drivers
                }
                wrong += print_row(case, expected(case, lender), outcomes, whole=True)
    print(f"\n{len(CAUSES)} causes each: {wrong} break the rule")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
