"""The money rule with HTTP clients that the caller lends: `python -m tests.faults.lent_clients` prints the table.

With an argument: for those whose names have it.

Each cause of the money table meets each kind of client. Where a transport tells of no event, nothing proves that a
create did not leave: then even a refused connection is an uncertain one, and nothing is sent again.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import httpx2
from chainhub_sandbox import Fault, Sandbox
from chainhub_video import RetryPolicy, SubmissionUncertain, Timeouts
from httpx_aiohttp import AiohttpTransport
from httpx_retries import Retry, RetryTransport

from tests.support.colours import Colour
from tests.support.wires import WIRES, Wire, png

from .money_cases import ATTEMPTS, CASES, Case, Rule

DRIVERS = ("blocking", "asyncio")
_RETRY = RetryPolicy(attempts=ATTEMPTS, first=0.02, maximum=0.05, jitter=0)
_ENOUGH = 12.0  # seconds
_PATIENT = Timeouts(connect=10, read=10, write=10, create=10)
_HASTY = Timeouts(connect=2, read=0.3, write=0.3, create=0.3)


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


def _client(colour: Colour, library: ModuleType = httpx, **options: Any) -> Any:
    return (library.AsyncClient if colour.asynchronous else library.Client)(**options)


def _transport(colour: Colour, library: ModuleType = httpx, **options: Any) -> Any:
    kind = library.AsyncHTTPTransport if colour.asynchronous else library.HTTPTransport
    return kind(**options)


def _untold(colour: Colour, library: ModuleType = httpx) -> Any:
    """Return a transport that keeps the library from hearing that anybody listens."""
    base = library.AsyncHTTPTransport if colour.asynchronous else library.HTTPTransport

    class Untold(base):  # type: ignore[misc, valid-type]  # of either library and colour
        def handle_request(self, request: Any) -> Any:
            request.extensions.pop("trace", None)
            return super().handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            request.extensions.pop("trace", None)
            return await super().handle_async_request(request)

    return Untold()


class _SendsAgain(httpx.Auth):
    """An auth flow that sends every request once more, whatever is answered."""

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


def _retries(colour: Colour, **options: Any) -> Any:
    return RetryTransport(_transport(colour, **options), Retry(total=3, backoff_factor=0.001))


LENDERS: Mapping[str, Lender] = {
    "httpx": Lender(_client),
    "httpx2": Lender(lambda colour: _client(colour, httpx2)),
    "httpx, follows redirects": Lender(lambda colour: _client(colour, follow_redirects=True)),
    "httpx, connects again": Lender(
        lambda colour: _client(colour, transport=_transport(colour, retries=2))
    ),
    "httpx, event hooks": Lender(lambda colour: _client(colour, event_hooks=_hooks(colour))),
    "httpx, a hook that raises": Lender(
        lambda colour: _client(colour, event_hooks=_hooks(colour, raising=True)), raises=True
    ),
    "httpx, an auth flow": Lender(lambda colour: _client(colour, auth=_SendsAgain())),
    "httpx-retries": Lender(lambda colour: _client(colour, transport=_retries(colour))),
    "httpx, untold": Lender(lambda colour: _client(colour, transport=_untold(colour)), told=False),
    "httpx2, untold": Lender(
        lambda colour: _client(colour, httpx2, transport=_untold(colour, httpx2)), told=False
    ),
    "httpx-retries, untold": Lender(
        lambda colour: _client(
            colour,
            transport=RetryTransport(_untold(colour), Retry(total=3, backoff_factor=0.001)),
        ),
        told=False,
    ),
    "httpx, untold, a hook that raises": Lender(
        lambda colour: _client(
            colour, transport=_untold(colour), event_hooks=_hooks(colour, raising=True)
        ),
        told=False,
        raises=True,
    ),
    "httpx-aiohttp": Lender(
        lambda colour: _client(colour, transport=AiohttpTransport()),
        told=False,
        drivers=("asyncio",),
    ),
}


@dataclass(frozen=True)
class Lived:
    """What one job with a lent client came to.

    Attributes:
        sent: creates that reached the sandbox.
        paid: those that production would have charged.
        error: what the caller got; None for a video.
        receipt: the state that the receipt was left in; None for no receipt.
        again: creates that reached the sandbox when the same call was made once more.
    """

    sent: int
    paid: int
    error: type[Exception] | None
    receipt: str | None
    again: int

    def __str__(self) -> str:
        name = self.error.__name__ if self.error else "a video"
        return f"{self.sent:>4} {self.paid:>4} {self.again:>5}  {self.receipt or 'none':<12} {name}"


def _usual(case: Case) -> bool:
    """Return whether a case needs no place of its own."""
    with case.place("http://127.0.0.1") as place:
        return place.url is None and place.untraced is None


# That the port opens again is a matter of moments, which a whole job may be too late for.
CAUSES = [case for case in CASES if _usual(case) and case.cause != "refused, then open"]
"""Those of the money table that a client meets at the sandbox itself."""


class Bench:
    """A sandbox, and lent clients for it.

    Args:
        closing: ends it.
    """

    def __init__(self, closing: ExitStack) -> None:
        self._gateway = closing.enter_context(Sandbox(fast=True, pace=0.01))

    def live(self, case: Case, lender: Lender, wire: Wire, driver: str) -> Lived:
        """Run a job into a case, and once more where all is right again."""
        gateway = self._gateway
        gateway.clear_faults()
        paid, sent = gateway.paid, self._creates()
        for spec in case.faults:
            gateway.set(Fault.parse(spec))
        with ExitStack() as closing, tempfile.TemporaryDirectory() as folder:
            colour = Colour(driver, closing)
            lent = lender.lend(colour)
            close = lent.aclose if colour.asynchronous else lent.close
            closing.callback(lambda: colour.finish(close()))
            hub = colour.hub(
                gateway.url,
                api_key="sandbox",
                retry=_RETRY,
                timeout=_HASTY if case.hasty else _PATIENT,
                inline_images=True,
                http_client=lent,
            )
            output = Path(folder) / "kitten.mp4"
            error = _generate(hub, wire, output, case)
            gateway.clear_faults()
            sent, paid = self._creates() - sent, gateway.paid - paid
            receipt = _state(output)
            before = self._creates()
            if error is SubmissionUncertain:
                assert _generate(hub, wire, output, case) is SubmissionUncertain
            return Lived(sent, paid, error, receipt, self._creates() - before)

    def _creates(self) -> int:
        return sum(request.step == "create" for request in self._gateway.requests)


def _generate(hub: Any, wire: Wire, output: Path, case: Case) -> type[Exception] | None:
    """Run a job; a client that does not end by itself is given up where it can be, and found out so."""
    changes = case.changes.get(wire.name, {})
    arguments = {**wire.arguments, **changes, "save_to": output, "timeout": 30}
    if case.picture_bytes:
        arguments["image"] = _picture(case.picture_bytes)
    job = hub.client.videos.generate
    try:
        if hub.colour.asynchronous:
            hub.colour.finish(asyncio.wait_for(job(**arguments), _ENOUGH))
        else:
            job(**arguments)
    except Exception as raised:  # noqa: BLE001 - of a wrong kind it is a finding, and is told as one
        return type(raised)
    return None


@functools.cache
def _picture(size: int) -> bytes:
    return png().ljust(size, b"\0")


def _state(output: Path) -> str | None:
    receipt = output.with_name(f"{output.name}.task.json")
    return json.loads(receipt.read_text())["state"] if receipt.exists() else None


def expected(case: Case, lender: Lender) -> Lived:
    """Return what the rule says of a case, with a kind of client."""
    if case.rule is Rule.NEVER_CONNECTED and not lender.told:
        return Lived(0, 0, SubmissionUncertain, "uncertain", 0)
    if lender.raises and case.rule in (Rule.TURNED_AWAY, Rule.REFUSED):
        return Lived(1, 0, SubmissionUncertain, "uncertain", 0)  # even 429 is not seen
    if lender.raises and case.sent > 1:
        return Lived(1, 0, SubmissionUncertain, "uncertain", 0)
    state = "uncertain" if case.error is SubmissionUncertain else None if case.error else "saved"
    return Lived(case.sent, case.paid, case.error, state, 0)


def main() -> int:
    """Print the table; the exit status tells whether it agrees with the rule."""
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    httpx.create_ssl_context = functools.cache(httpx.create_ssl_context)
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    wrong = 0
    with ExitStack() as closing:
        bench = Bench(closing)
        for name, lender in ((each, LENDERS[each]) for each in LENDERS if wanted in each):
            print(f"\n{name}\n    {'cause':<38} sent paid again  receipt      the caller gets")
            for case in CAUSES:
                lived = {
                    f"{wire.name}/{driver}": bench.live(case, lender, wire, driver)
                    for wire in WIRES.values()
                    for driver in lender.drivers
                }
                rule = expected(case, lender)
                odd = {who: each for who, each in lived.items() if each != rule}
                wrong += len(odd)
                print(f"    {case.cause:<38} {rule}{'  <- the rule; but' if odd else ''}")
                for who, each in odd.items():
                    print(f"        {who:<34} {each}")
    print(f"\n{len(CAUSES)} causes each: {wrong} calls break the rule")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
