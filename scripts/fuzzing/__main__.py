"""Fuzzes for so long, and tells what was found. Ends with 1 if anything was."""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter

from .targets import TARGETS
from .throwing import Tally, throw


def main() -> int:
    """Throw batches at one target after another until the time is up."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long (default: 300)")
    parser.add_argument(
        "--seed", type=int, default=None, help="repeat a run (default: another each time)"
    )
    parser.add_argument(
        "--batch", type=int, default=400, help="cases of one target between two looks at the clock"
    )
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}, {options.seconds:g} s", flush=True)
    tallies = {name: Tally() for name in TARGETS}
    found: Counter[str] = Counter()
    end = time.monotonic() + options.seconds
    batch = 0
    while time.monotonic() < end:
        for name, target in TARGETS.items():
            try:
                throw(target, tallies[name], seed=seed + batch, cases=options.batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
                place = traceback.extract_tb(error.__traceback__)[-1]
                found[f"{name}: {type(error).__name__} at {place.name}, line {place.lineno}"] += 1
                traceback.print_exception(error)
        batch += 1
    for name, tally in tallies.items():
        print(f"{name:12} {tally}")
    print(f"{sum(tally.cases for tally in tallies.values()):,} cases, {len(found)} findings")
    for what, times in found.most_common():
        print(f"  {times} x {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
