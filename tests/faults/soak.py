"""The long soak, as a command: see `scripts/soak --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from chainhub_sandbox import Sandbox

from tests.faults.schedule import FAULTS, History, Plan, Soak
from tests.faults.verdict import Verdict, judge


def soak(plan: Plan, folder: Path) -> tuple[History, Verdict]:
    """Runs a soak in an empty folder, and judges it."""
    faults = [f"{fault},seed={plan.seed}" for fault in FAULTS]
    with Sandbox(fast=True, faults=faults) as gateway:
        history = Soak(plan, folder, gateway).run()
        return history, judge(history, folder, gateway)


def main(arguments: list[str] | None = None) -> int:
    """Runs a soak, and prints its table; the exit status tells whether all holds."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Run many generate calls in several processes against the sandbox, where much "
        "goes wrong; kill the processes and start them again; then compare what was paid, told and "
        "saved.",
    )
    parser.add_argument("--minutes", type=float, help="how long to give out calls (default: 10)")
    parser.add_argument("--calls", type=int, help="how many calls (default: what time allows)")
    parser.add_argument("--processes", type=int, default=3, help="clients at the same time")
    parser.add_argument("--seed", type=int, default=1, help="of every fault and every kill")
    given = parser.parse_args(arguments)
    if min(given.processes, given.calls or 1) < 1 or given.seed < 0:
        parser.error("give 1 or more calls and processes, and a seed of 0 or more")
    minutes = given.minutes if given.minutes or given.calls else 10.0
    seconds = float("inf") if minutes is None else minutes * 60
    plan = Plan(given.seed, given.calls, seconds, given.processes)
    with tempfile.TemporaryDirectory(prefix="chainhub-soak-") as folder:
        _, verdict = soak(plan, Path(folder))
    print(verdict)
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
