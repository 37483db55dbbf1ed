"""Print how each call ends in each stall, through both drivers: `python -m tests.hostile.table`.

The exit status says whether every call ended within its deadline and a second, in an error of the documented kind,
with nothing sent twice and nothing left behind.
"""

from __future__ import annotations

import argparse
import functools
import sys

import httpx

from tests.support.colours import DRIVERS

from .calls import CALLS
from .measuring import measure_all
from .stalls import STALLS


def main() -> int:
    """Print the table; the exit status tells whether all of it is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.table", description=__doc__)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds of each deadline")
    parser.add_argument("--call", help="only calls with this in their names")
    parser.add_argument("--stall", help="only stalls with this in their names")
    options = parser.parse_args()
    # Reading the system's certificates takes longer than most calls here.
    httpx.create_ssl_context = functools.cache(httpx.create_ssl_context)
    stalls = [each for each in STALLS if (options.stall or "") in each.name]
    calls = [each for each in CALLS if (options.call or "") in each.name]
    cells = wrong = 0
    print(f"each deadline: {options.limit:g} s")
    for call in calls:
        for driver in DRIVERS:
            found, left = measure_all([(each, call, driver) for each in stalls], options.limit)
            for measured in found:
                print(measured, flush=True)
                cells += 1
                wrong += bool(measured.faults())
            if left:
                print(f"{call.name}, {driver}: left behind: {', '.join(left)}")
                wrong += 1
    print(f"\n{cells} calls, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
