"""One call in a process of little memory: `python -m tests.hostile.bombed URL CALL DRIVER FOLDER`.

Prints what the call ended in, and the most memory that the process has had, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chainhub_video import Timeouts

from tests.facade.colours import Colour
from tests.facade.wires import OPENAI, png

from .bombs import GIBIBYTE
from .server import completed

SECONDS = 5.0


def _peak() -> int:
    """The most memory that this process has had, in MiB; `ru_maxrss` would count that of the process it came from."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


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
    peak = _peak()
    cause = type(error.__cause__).__name__ if error else ""
    print(json.dumps({"error": type(error).__name__, "cause": cause, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
