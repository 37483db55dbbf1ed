"""The long soak, as a command: see `scripts/soak --help`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from chainhub_sandbox import InvalidDialect, Sandbox
from chainhub_sandbox.dialects import NAMES, parse

from tests.faults.schedule import FAULTS, History, Plan, Soak
from tests.faults.verdict import CALLS, KILLS, LOST, PAID_TWICE, Verdict, judge

LIFE = 60.0
"""Seconds for which one gateway gives out calls; then another one begins, in other dialects."""

_LIVES = 1000  # of one seed, at most


def drawn_dialects(seed: int) -> tuple[str, ...]:
    """Return the dialects of a gateway's life: none of them, all, or anything between."""
    chance = random.Random(f"dialects {seed}")
    others = NAMES[1:]
    return tuple(sorted(chance.sample(others, chance.randint(0, len(others)))))


def soak(plan: Plan, folder: Path, dialects: Sequence[str] = ()) -> tuple[History, Verdict]:
    """Runs a soak in an empty folder, and judges it.

    Args:
        plan: how large it is.
        folder: an empty one.
        dialects: of the gateway; none for the documented answers.
    """
    faults = [f"{fault},seed={plan.seed}" for fault in FAULTS]
    with Sandbox(fast=True, faults=faults, dialect=dialects, seed=plan.seed) as gateway:
        history = Soak(plan, folder, gateway).run()
        return history, judge(history, folder, gateway)


def live(
    seed: int, calls: int | None, seconds: float, processes: int, dialects: Sequence[str] | None
) -> Verdict:
    """Runs one gateway after the other, and prints a line for each.

    Args:
        seed: of everything.
        calls: how many there are in all; None for as many as there is time for.
        seconds: for how long calls are given out in all.
        processes: clients at the same time.
        dialects: of all gateways; None to draw them for each.
    """
    total = Verdict()
    left = seconds
    for number in range(_LIVES):
        plan = Plan(seed * _LIVES + number, calls, min(LIFE, left), processes)
        spoken = drawn_dialects(plan.seed) if dialects is None else dialects
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="chainhub-soak-") as folder:
            history, verdict = soak(plan, Path(folder), spoken)
        name = ", ".join(spoken) or NAMES[0]
        numbers = [f"{verdict.rows[row]} {row}" for row in (CALLS, KILLS, PAID_TWICE, LOST)]
        print(f"life {number + 1}, {name}: {'; '.join(numbers)}", flush=True)
        verdict.broken = [f"life {number + 1}, {name}: {each}" for each in verdict.broken]
        total.add(verdict)
        left -= min(LIFE, time.monotonic() - began)
        calls = None if calls is None else calls - history.calls
        if left <= 0 or calls == 0 or history.stuck:
            break
    return total


def main(arguments: list[str] | None = None) -> int:
    """Runs a soak, and prints its table; the exit status tells whether all holds."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Run many generate calls in several processes against the sandbox, where much "
        "goes wrong; kill the processes and start them again; then compare what was paid, told and "
        "saved. Every minute another gateway begins, which answers in other dialects.",
    )
    parser.add_argument("--minutes", type=float, help="how long to give out calls (default: 10)")
    parser.add_argument("--calls", type=int, help="how many calls (default: what time allows)")
    parser.add_argument("--processes", type=int, default=3, help="clients at the same time")
    parser.add_argument("--seed", type=int, default=1, help="of every fault, kill and draw")
    parser.add_argument(
        "--dialects",
        nargs="+",
        metavar="NAME",
        help=f"how all gateways answer, of {', '.join(NAMES)} (default: drawn for each)",
    )
    given = parser.parse_args(arguments)
    if min(given.processes, given.calls or 1) < 1 or given.seed < 0:
        parser.error("give 1 or more calls and processes, and a seed of 0 or more")
    try:
        parse(given.dialects or ())
    except InvalidDialect as error:
        parser.error(str(error))
    minutes = given.minutes if given.minutes or given.calls else 10.0
    seconds = float("inf") if minutes is None else minutes * 60
    total = live(given.seed, given.calls, seconds, given.processes, given.dialects)
    print(total)
    return 1 if total.broken else 0


if __name__ == "__main__":
    sys.exit(main())
