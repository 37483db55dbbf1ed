"""Flows await their `IO` and nothing else, and import nothing that sends, sleeps or tells the time."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import chainhub_video
import pytest
from chainhub_video.drivers.blocking import completed


def test_a_flow_that_awaits_something_else_is_told() -> None:
    """The blocking driver refuses a coroutine that suspends, instead of waiting for what nobody will do."""

    async def suspending() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something else than its IO"):
        completed(suspending())


def test_flows_know_neither_client_nor_clock() -> None:
    """No flow, format or policy imports the HTTP library, asyncio, time or a driver."""
    package = Path(chainhub_video.__file__).parent
    rooms = ("flows", "wire", "images", "receipts", "downloads")
    pure = [path for room in rooms for path in (package / room).glob("*.py")]
    pure += [package / "policies.py", package / "io.py"]
    assert len(pure) > 10
    for path in pure:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            roots = {name.partition(".")[0] for name in names}
            assert not roots & {"httpx", "httpcore", "asyncio", "time"}, path
            assert not any("drivers" in name for name in names), path
