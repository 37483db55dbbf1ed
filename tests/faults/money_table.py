"""Prints what each cause of the money rule came to: `python -m tests.faults.money_table`.

Every cause is produced on a real connection by the sandbox, for both formats and both drivers. What reached the
sandbox, what production would have charged and what the caller got are compared with the rule; the exit status says
whether they agree. With `--all-dialects` every dialect of the sandbox is held against the same table.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from chainhub_sandbox import Fault, Sandbox
from chainhub_sandbox.dialects import NAMES
from chainhub_video import ChainHubError, RetryPolicy, SubmissionUncertain, Timeouts

from tests.faults.money_cases import ATTEMPTS, CASES, Case
from tests.support.colours import DRIVERS, Colour, Hub
from tests.support.wires import WIRES, Wire, png

DIALECTS = (*((name,) for name in NAMES), NAMES[1:])
"""Each dialect, and all others than the documented one together."""

_ARRIVAL_SECONDS = 5.0
_RETRY = RetryPolicy(attempts=ATTEMPTS, first=0.05, maximum=0.1, jitter=0)
_PATIENT = Timeouts(connect=10, read=10, write=10, create=10)
_HASTY = Timeouts(connect=10, read=0.3, write=0.3, create=0.3)
_UNCONNECTED = Timeouts(connect=0.1, read=10, write=10, create=10)


@dataclass(frozen=True)
class Outcome:
    """What a call that met a cause came to.

    Attributes:
        sent: creates that reached the sandbox.
        paid: those that production would have charged.
        error: what the caller got; None for a task, or a video.
        receipt: the state that a job's receipt was left in; None for no receipt.
        again: creates that reached the sandbox when an uncertain job was run once more.
    """

    sent: int
    paid: int
    error: type[Exception] | None
    receipt: str | None = None
    again: int = 0

    def __str__(self) -> str:
        error = self.error.__name__ if self.error else "no error"
        return f"{self.sent:>4} {self.paid:>4} {self.again:>5}  {self.receipt or '-':<10} {error}"


HEADING = f"{'cause':<38} sent paid again  receipt    the caller gets"


class Bench:
    """A sandbox, and clients of both drivers for it.

    Args:
        closing: ends them.
        dialects: of the sandbox.
    """

    def __init__(self, closing: ExitStack, dialects: Sequence[str] = NAMES[:1]) -> None:
        self._gateway = closing.enter_context(
            Sandbox(fast=True, pace=0.01, dialect=dialects, seed=5)
        )

    def create(self, case: Case, wire: Wire, driver: str) -> Outcome:
        """Send one create that meets a case."""
        sent, paid = self._creates(), self._gateway.paid
        with self._client(case, driver) as hub:
            error = _error_of(lambda: wire.create(hub, **_changes(case, wire)))
        # On a busy machine a hasty client may be done before the sandbox has seen it.
        ends = time.monotonic() + _ARRIVAL_SECONDS
        while self._creates() < sent + case.sent and time.monotonic() < ends:
            time.sleep(0.005)
        self._gateway.clear_faults()
        return Outcome(self._creates() - sent, self._gateway.paid - paid, error)

    def job(self, case: Case, wire: Wire, driver: str, lend: Callable[[Colour], Any]) -> Outcome:
        """Run a job of a lent client that meets a case; once more without the fault if it is uncertain."""
        sent, paid = self._creates(), self._gateway.paid
        with tempfile.TemporaryDirectory() as folder, self._client(case, driver, lend) as hub:
            output = Path(folder) / "kitten.mp4"
            receipt = output.with_name(f"{output.name}.task.json")
            changes = {**_changes(case, wire), "save_to": output, "timeout": 10}
            error = _error_of(lambda: wire.generate(hub, **changes))
            self._gateway.clear_faults()
            sent, paid = self._creates() - sent, self._gateway.paid - paid
            state = json.loads(receipt.read_text())["state"] if receipt.exists() else None
            before = self._creates()
            if error is SubmissionUncertain:
                assert _error_of(lambda: wire.generate(hub, **changes)) is SubmissionUncertain
            return Outcome(sent, paid, error, state, self._creates() - before)

    @contextmanager
    def _client(
        self, case: Case, driver: str, lend: Callable[[Colour], Any] | None = None
    ) -> Iterator[Hub]:
        self._gateway.clear_faults()
        for spec in case.faults:
            self._gateway.set(Fault.parse(spec))
        with ExitStack() as closing:
            url = closing.enter_context(case.place(self._gateway.url)) if case.place else None
            timeouts = _PATIENT
            if case.hasty:
                timeouts = _UNCONNECTED if case.place else _HASTY
            colour = Colour(driver, closing)
            lent: dict[str, Any] = {}
            if lend:
                lent["http_client"] = client = lend(colour)
                close = client.aclose if colour.asynchronous else client.close
                closing.callback(lambda: colour.finish(close()))
            yield colour.hub(
                url or self._gateway.url,
                api_key="sandbox",
                retry=_RETRY,
                timeout=timeouts,
                inline_images=True,
                **lent,
            )

    def _creates(self) -> int:
        return sum(request.step == "create" for request in self._gateway.requests)


def _error_of(call: Callable[[], Any]) -> type[Exception] | None:
    try:
        call()
    except ChainHubError as raised:
        return type(raised)
    except Exception as raised:  # noqa: BLE001 - of a wrong kind it is a finding, and is told as one
        return type(raised)
    return None


def _changes(case: Case, wire: Wire) -> dict[str, Any]:
    changes = dict(case.changes.get(wire.name, {}))
    return {**changes, "image": _picture(case.picture_bytes)} if case.picture_bytes else changes


@functools.cache
def _picture(size: int) -> bytes:
    """Return a picture of so many bytes: what follows a PNG's end is carried along."""
    return png().ljust(size, b"\0")


def expected(case: Case) -> Outcome:
    """What the rule says of a create."""
    return Outcome(case.sent, case.paid, case.error)


def print_row(case: Case, rule: Outcome, outcomes: dict[str, Outcome], *, whole: bool) -> bool:
    """Print a cause with what the rule says, and what broke it; return whether anything did.

    Args:
        case: the cause.
        rule: what the rule says of it.
        outcomes: what it came to, by format and driver.
        whole: whether to print it if it keeps the rule.
    """
    odd = {who: each for who, each in outcomes.items() if each != rule}
    if odd or whole:
        print(f"    {case.cause:<38} {rule}{'  <- the rule; but' if odd else ''}", flush=True)
    for who, each in odd.items():
        print(f"        {who:<34} {each}")
    return bool(odd)


def _table(bench: Bench, *, whole: bool) -> int:
    """Print what each cause came to, and return how many break the rule."""
    wrong = 0
    rule = None
    for case in CASES:
        if whole and case.rule is not rule:
            rule = case.rule
            print(f"\n{rule.value}\n    {HEADING}")
        outcomes = {
            f"{wire.name}/{driver}": bench.create(case, wire, driver)
            for wire in WIRES.values()
            for driver in DRIVERS
        }
        wrong += print_row(case, expected(case), outcomes, whole=whole)
    return wrong


def be_quiet_and_quick() -> None:
    """Silence the server, to which half requests are no news, and read the system's certificates once."""
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    httpx.create_ssl_context = functools.cache(httpx.create_ssl_context)


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; the exit status tells whether it agrees with the rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.money_table")
    parser.add_argument(
        "--all-dialects", action="store_true", help="hold every dialect against the table, too"
    )
    given = parser.parse_args(arguments)
    be_quiet_and_quick()
    wrong = 0
    for dialects in DIALECTS if given.all_dialects else DIALECTS[:1]:
        with ExitStack() as closing:
            broken = _table(Bench(closing, dialects), whole=dialects == DIALECTS[0])
        verdict = f"{broken} break the rule" if broken else "all as the rule says"
        print(
            f"\n{', '.join(dialects)}: {len(CASES)} causes, both formats, both drivers: {verdict}"
        )
        wrong += broken
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
