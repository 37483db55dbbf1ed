"""`--help` is quick: it imports nothing that only a command needs."""

from __future__ import annotations

import subprocess
import sys

SLOW = (
    "asyncio",
    "tomllib",
    "httpx",
    "keyring",
    "av",
    "mcp",
    "PIL",
    "concurrent.futures.thread",
    "rich.live",
)
PROGRAM = """
import sys
from chainhub_video.cli.app import run
assert run(["--help"]) == 0
print(*sys.modules, file=sys.stderr)
"""  # fmt: skip


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    """An event loop, an HTTP library, a reader of files and each extra's packages stay out."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    imported = {*done.stderr.split()}
    assert "typer" in imported
    assert sorted(imported.intersection(SLOW)) == []
