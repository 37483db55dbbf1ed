"""Each call in one process of little memory: `python -m tests.hostile.bombed URLS FOLDER`.

Prints a line of JSON for each call and driver: what it ended in, and the most memory that the process has had, in MiB.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from chainhub_video import Timeouts

from tests.support.colours import DRIVERS, Colour
from tests.support.wires import png

from .bombs import GIBIBYTE
from .calls import CALLS, Place

SECONDS = 2.0
ERRORS = {
    "create": {"SubmissionUncertain"},
    "retrieve": {"UnexpectedResponse"},
    "wait": {"UnexpectedResponse", "WaitTimeout"},
    "download": {"UnexpectedResponse", "DownloadFailed"},
}
"""The calls that are made, and the names of the errors that each may end in."""


def main(urls: str, folder: str) -> None:
    """Make the calls with 1 GiB of address space, and tell how each ended."""
    png()  # drawn while there is memory
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
    calls = [call for call in CALLS if call.name in ERRORS]
    for call, driver in product(calls, DRIVERS):
        error: BaseException | None = None
        with ExitStack() as closing:
            url = json.loads(urls)[call.step]
            hub = Colour(driver, closing).hub(url, timeout=Timeouts(create=SECONDS))
            try:
                call.make(Place(hub, url, Path(folder), SECONDS, large=False))
            except BaseException as raised:  # noqa: BLE001 - MemoryError above all is told, and not suffered
                error = raised
        # `ru_maxrss` would be that of the process which this one was forked from.
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        told = {"call": call.name, "driver": driver, "error": type(error).__name__}
        told["cause"] = type(error.__cause__).__name__ if error else ""
        print(json.dumps({**told, "peak": int(found[1]) // 1024 if found else None}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
