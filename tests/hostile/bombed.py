"""One call in a process of little memory: `python -m tests.hostile.bombed URL CALL DRIVER FOLDER`.

Prints what the call ended in, and the most memory that the process has had in MiB, as JSON.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chainhub_video import Timeouts

from tests.support.colours import Colour
from tests.support.wires import OPENAI, png

from .bombs import GIBIBYTE
from .server import completed

SECONDS = 5.0


def _make(call: str, hub: Any, folder: Path) -> Any:
    match call:
        case "create":
            return OPENAI.create(hub, image=png())
        case "retrieve":
            return hub.videos.retrieve(OPENAI.task(), timeout=SECONDS)
        case "wait":
            return hub.videos.wait(OPENAI.task(), timeout=SECONDS)
        case _:
            return hub.videos.download(completed(), folder / "x.mp4", timeout=SECONDS)


def main(url: str, call: str, driver: str, folder: str) -> None:
    """Make the call with 1 GiB of address space, and tell how it ended."""
    png()  # drawn while there is memory
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
    error: BaseException | None = None
    with ExitStack() as closing:
        hub = Colour(driver, closing).hub(url, timeout=Timeouts(create=SECONDS))
        try:
            _make(call, hub, Path(folder))
        except BaseException as raised:  # noqa: BLE001 - MemoryError above all is told, and not suffered
            error = raised
    # `ru_maxrss` would be that of the process which this one was forked from.
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    peak = int(found[1]) // 1024 if found else None
    cause = type(error.__cause__).__name__ if error else ""
    print(json.dumps({"error": type(error).__name__, "cause": cause, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
