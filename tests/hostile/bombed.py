"""Each call in one process of little memory: `python -m tests.hostile.bombed URLS FOLDER`.

Prints a line of JSON for each call and driver: what it ended in, and the most memory that the process has had, in MiB.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from chainhub_video import Timeouts

from tests.support.colours import Colour
from tests.support.wires import OPENAI, png

from .bombs import GIBIBYTE
from .server import completed

DRIVERS = ("blocking", "asyncio")
SECONDS = 5.0


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        step: that answers with a bomb.
        errors: the names of those that it may end in.
        make: makes it, with a client and a folder.
    """

    step: str
    errors: set[str]
    make: Callable[[Any, Path], Any]


CALLS = {
    "create": Call(
        "create", {"SubmissionUncertain"}, lambda hub, _: OPENAI.create(hub, image=png())
    ),
    "retrieve": Call(
        "query",
        {"UnexpectedResponse"},
        lambda hub, _: hub.videos.retrieve(OPENAI.task(), timeout=SECONDS),
    ),
    "wait": Call(
        "query",
        {"UnexpectedResponse", "WaitTimeout"},
        lambda hub, _: hub.videos.wait(OPENAI.task(), timeout=2),
    ),
    "download": Call(
        "content",
        {"UnexpectedResponse", "DownloadFailed"},
        lambda hub, folder: hub.videos.download(completed(), folder / "x.mp4", timeout=SECONDS),
    ),
}


def main(urls: str, folder: str) -> None:
    """Make the calls with 1 GiB of address space, and tell how each ended."""
    png()  # drawn while there is memory
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
    for (name, call), driver in product(CALLS.items(), DRIVERS):
        error: BaseException | None = None
        with ExitStack() as closing:
            url = json.loads(urls)[call.step]
            hub = Colour(driver, closing).hub(url, timeout=Timeouts(create=SECONDS))
            try:
                call.make(hub, Path(folder))
            except BaseException as raised:  # noqa: BLE001 - MemoryError above all is told, and not suffered
                error = raised
        # `ru_maxrss` would be that of the process which this one was forked from.
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        told = {"call": name, "driver": driver, "error": type(error).__name__}
        told["cause"] = type(error.__cause__).__name__ if error else ""
        print(json.dumps({**told, "peak": int(found[1]) // 1024 if found else None}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
