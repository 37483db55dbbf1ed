"""What can be counted is guarded: modules loaded, bytes held. Times are measured by scripts/bench, never asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import PNG

from .conftest import BENCHMARKS

BODY = 40_000_000  # bytes
MODULES = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
{code}
print(*set(sys.modules) - before)
"""


class TestImports:
    """What an application pays for before its first call, with the core alone on the path."""

    def test_import_loads_no_http_library(self, core: Path) -> None:
        """Importing the package loads attrs and the standard library, and of its own only what names need."""
        loaded = modules_after(core, "import chainhub_video")

        assert packages(loaded) == {"attr", "attrs", "chainhub_video"}
        assert "asyncio" not in loaded
        assert len(loaded) <= 160  # 117 in Python 3.11
        assert len([name for name in loaded if name.startswith("chainhub")]) <= 21

    def test_blocking_client_loads_nothing_of_asyncio(self, core: Path) -> None:
        """An application that blocks pays for no event loop, neither ours nor the standard library's."""
        loaded = modules_after(core, "import chainhub_video; chainhub_video.ChainHub(api_key='x')")

        assert "asyncio" not in loaded
        assert "chainhub_video.drivers.asynchronous" not in loaded
        assert len(loaded) <= 280  # 231 in Python 3.11


@pytest.mark.parametrize("colour", ["Blocking", "Asyncio"])
def test_no_body_is_held_whole(colour: str, url: str, tmp_path: Path) -> None:
    """Of pictures and videos of 40 MB, less than 1 MB or 4 MB is in memory at once; the video arrives whole."""
    picture = tmp_path / "large.png"
    with picture.open("wb") as file:
        file.write(PNG)
        file.truncate(BODY)
    target = tmp_path / "saved.mp4"
    calls: dict[str, tuple[dict[str, Any], int]] = {
        "a picture at a path": ({"call": "create", "path": str(picture)}, 1_000_000),
        "a picture in a file": ({"call": "create", "file": str(picture)}, 1_000_000),
        # It goes over the disk: its spool's first 1 MB is all that is held.
        "a picture behind a link": ({"call": "create", "link": f"{url}/picture/{BODY}"}, 4_000_000),
        "a video": ({"call": "download", "size": BODY, "to": str(target)}, 4_000_000),
    }
    held = peaks(url, colour, [call for call, _ in calls.values()])
    for (what, (_, most)), seen in zip(calls.items(), held, strict=True):
        assert 10_000 < seen < most, what
    assert target.stat().st_size == BODY


def modules_after(core: Path, code: str) -> set[str]:
    """Return the names of the modules that some code loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MODULES.format(code=code), core],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def packages(modules: set[str]) -> set[str]:
    """Return the packages among modules that are not of the standard library."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


def peaks(url: str, colour: str, calls: list[dict[str, Any]]) -> list[int]:
    """Return how many bytes each call holds at its peak, as Python's allocator counts them, after a small one."""
    small = {"call": "create", "bytes": 64 * 1024, "measure": "seconds", "count": 1}
    commands = [small, *({**call, "measure": "traced", "count": 1} for call in calls)]
    done = subprocess.run(
        [sys.executable, "-I", BENCHMARKS / "worker.py", "ours", colour, url],
        input="".join(json.dumps(command) + "\n" for command in commands),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [*map(json.loads, done.stdout.splitlines()[1:])]
