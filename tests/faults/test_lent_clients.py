"""The money rule holds with HTTP clients that the caller lends, whatever their transports tell, hooks do or retry."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import SubmissionUncertain
from httpx_retries import Retry, RetryTransport

from tests.support.colours import Colour
from tests.support.wires import WIRES, Wire

from .lent_clients import CAUSES, LENDERS, expected
from .money_cases import Rule
from .money_table import Bench

CHOSEN = (
    "refused",
    "429 once",
    "400, flat",
    "403 with a quota's code",
    "a model that the gateway does not know",
    "no answer, done",
    "the body is not taken",
    "reset before the body is read",
    "reset after the body",
    "closed, done",
    "half the answer's head",
    "half the answer's body",
    "500, error",
    "502 HTML, done",
    "302",
    "200 HTML",
    "429 once, then a reset",
)
"""Of each sort one; `python -m tests.faults.lent_clients` takes all causes, in both formats."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One sandbox for all of them."""
    with ExitStack() as closing:
        yield Bench(closing)


@pytest.mark.filterwarnings(
    "ignore:Sending a large body:ResourceWarning"
)  # aiohttp, of any beyond a MiB
@pytest.mark.parametrize("name", LENDERS)
def test_the_money_rule_with_a_lent_client(bench: Bench, name: str) -> None:
    """As many creates are sent and paid as the rule says; an uncertain one leaves a receipt, and is not sent again.

    Format and driver change from cause to cause, so that each cause meets every combination among the clients.
    """
    lender, shift = LENDERS[name], list(LENDERS).index(name)
    chosen = [case for case in CAUSES if case.cause in CHOSEN]
    assert len(chosen) == len(CHOSEN)
    for number, case in enumerate(chosen, shift):
        # aiohttp closes no connection that still has bytes to send: its socket would be found open in another test.
        if case.picture_bytes and name == "httpx-aiohttp":
            continue
        wire = list(WIRES.values())[number % 2]
        driver = lender.drivers[number // 2 % len(lender.drivers)]
        outcome = bench.job(case, wire, driver, lender.lend)
        assert outcome == expected(case, lender), f"{case.cause}, {wire.name}/{driver}"
    gc.collect()  # what a transport leaves behind is told here, and not in a later test


def test_every_row_of_the_rule_is_met() -> None:
    """The causes that are chosen have all rows of the rule among them."""
    assert {case.rule for case in CAUSES if case.cause in CHOSEN} == set(Rule)


def test_a_transport_that_sends_creates_again_is_beyond_us(
    colour: Colour, wire: Wire, tmp_path: Path
) -> None:
    """A caller's own transport that repeats POST may pay twice before we hear of it; we send once, and no third time.

    A form is read from a file as it is sent, and cannot be sent again; a JSON body can.
    """
    by_itself = 1 if wire.name == "openai" else 2
    inner = httpx.AsyncHTTPTransport() if colour.asynchronous else httpx.HTTPTransport()
    again = Retry(total=1, allowed_methods=["POST"], backoff_factor=0.001)
    lent = colour.http_client(transport=RetryTransport(inner, again))
    with Sandbox(fast=True) as gateway:
        gateway.fault("create", "reset", times=2)
        hub = colour.hub(gateway.url, api_key="sandbox", http_client=lent, inline_images=True)
        with pytest.raises(SubmissionUncertain):
            wire.generate(hub, save_to=tmp_path / "kitten.mp4")
        assert gateway.paid == by_itself
        with pytest.raises(SubmissionUncertain):
            wire.generate(hub, save_to=tmp_path / "kitten.mp4")
        assert gateway.paid == by_itself
        hub.close()


class _Odd(Exception):
    """Of a kind that no HTTP library of ours knows, as aiohttp has them for answers that it cannot read."""


def test_a_transports_own_kind_of_error_is_an_uncertain_create(colour: Colour, wire: Wire) -> None:
    """After any error of a transport that tells of no event, the create counts as perhaps sent."""
    sent: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        raise _Odd

    async def fail_async(request: httpx.Request) -> httpx.Response:
        return fail(request)

    odd = httpx.MockTransport(fail_async if colour.asynchronous else fail)
    hub = colour.hub("http://127.0.0.1:9", http_client=colour.http_client(transport=odd))
    with pytest.raises(SubmissionUncertain) as raised:
        wire.create(hub)
    assert isinstance(raised.value.__cause__, _Odd)
    assert sent == ["POST"]
