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
COLOURS = pytest.mark.parametrize("colour", ["Blocking", "Asyncio"])
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

    @pytest.mark.parametrize("name", ["ChainHub", "AsyncChainHub"])
    def test_client_loads_no_extra(self, core: Path, name: str) -> None:
        """Making a client of either colour adds httpx and the generated client, and no extra of ours."""
        loaded = modules_after(
            core, f"import chainhub_video; chainhub_video.{name}(api_key='test')"
        )

        assert packages(loaded) <= {
            *("anyio", "attr", "attrs", "certifi", "chainhub_api", "chainhub_video", "h11"),
            *("httpcore", "httpx", "idna", "typing_extensions"),
        }
        assert "httpx" in loaded
        for extra in ("cli", "sandbox"):
            assert f"chainhub_video.{extra}" not in loaded

    def test_blocking_client_loads_nothing_of_asyncio(self, core: Path) -> None:
        """An application that blocks pays for no event loop, neither ours nor the standard library's."""
        loaded = modules_after(core, "import chainhub_video; chainhub_video.ChainHub(api_key='x')")

        assert "asyncio" not in loaded
        assert "chainhub_video.drivers.asynchronous" not in loaded
        assert len(loaded) <= 280  # 231 in Python 3.11


@COLOURS
class TestHeldBytes:
    """How much of a body is in memory at once, as Python's allocator counts it."""

    @pytest.mark.parametrize("kind", ["path", "file"])
    def test_upload_of_a_local_picture(
        self, colour: str, kind: str, url: str, tmp_path: Path
    ) -> None:
        """A picture of 40 MB passes through a window of less than 1 MB."""
        picture = tmp_path / "large.png"
        with picture.open("wb") as file:
            file.write(PNG)
            file.truncate(BODY)

        held = peak(url, colour, {"call": "create", kind: str(picture)})

        assert 10_000 < held < 1_000_000

    def test_upload_of_a_linked_picture(self, colour: str, url: str) -> None:
        """A picture behind a link goes over the disk: its spool's first 1 MB is all that is held."""
        held = peak(url, colour, {"call": "create", "link": f"{url}/picture/{BODY}"})

        assert 10_000 < held < 4_000_000

    def test_download(self, colour: str, url: str, tmp_path: Path) -> None:
        """A video of 40 MB passes through a window of less than 4 MB, and arrives whole."""
        target = tmp_path / "saved.mp4"

        held = peak(url, colour, {"call": "download", "size": BODY, "to": str(target)})

        assert 10_000 < held < 4_000_000
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


def peak(url: str, colour: str, call: dict[str, Any]) -> int:
    """Return how many bytes a call holds at its peak, in a process that has made a small one before."""
    small: dict[str, Any] = {"call": "create", "bytes": 64 * 1024}
    commands = [
        {**small, "measure": "seconds", "count": 1},
        {**call, "measure": "traced", "count": 1},
    ]
    done = subprocess.run(
        [sys.executable, "-I", BENCHMARKS / "worker.py", "ours", colour, url],
        input="".join(json.dumps(command) + "\n" for command in commands),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    _seconds, held = map(json.loads, done.stdout.splitlines())
    return int(held)
