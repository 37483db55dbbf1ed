"""Thousands of tasks in one asyncio client: how late its event loop gets, and what each task costs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .environments import Environment
from .failing import BenchFailed
from .processes import output_of_program
from .results import AtMost, Row

_LASTS = {"waits": 20, "generates": 5}  # seconds of each task
_PATIENCE = 600.0  # seconds for all tasks of a crowd


async def measure(
    core: Environment, url: str, folder: Path, *, waits: Sequence[int], generates: Sequence[int]
) -> list[Row]:
    """Measure each crowd in a fresh process."""
    rows = []
    for count in waits:
        found = {"ours": await _crowd(core, "ours", "waits", count, url, folder)}
        title = f"{count:,} waits at once"
        rows += [
            Row(f"{title}: lag of the loop", "s", _of(found, "lag"), aim=AtMost(0.3)),
            Row(f"{title}: CPU a wait", "ms", _of(found, "cpu", 1000)),
            Row(f"{title}: memory a wait", "KB", _of(found, "kilobytes")),
        ]
    for count in generates:
        found = {
            subject: await _crowd(core, subject, "generates", count, url, folder)
            for subject in ("bare", "ours")
        }
        title = f"{count:,} whole jobs at once"
        cpu = _of(found, "cpu", 1000)
        ratios = {name: figure / cpu["bare"] for name, figure in cpu.items()}
        rows += [
            Row(f"{title}: lag of the loop", "s", _of(found, "lag"), aim=AtMost(0.5)),
            Row(f"{title}: CPU a job", "ms", cpu, ratios, aim=AtMost(1.5)),
            Row(f"{title}: all of it", "s", _of(found, "seconds")),
        ]
    return rows


async def _crowd(
    core: Environment, subject: str, kind: str, count: int, url: str, folder: Path
) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as files:
        program = (Path(__file__).with_name("crowd.py"), subject, kind, str(count))
        address = f"{url}/lasting/{_LASTS[kind]}"
        line = await output_of_program(core, *program, address, files, patience=_PATIENCE)
        found: dict[str, float] = json.loads(line)
        saved = sum(name.endswith(".mp4") for name in os.listdir(files))  # noqa: PTH208 - names are enough
    if found["trouble"] or (kind == "generates" and saved < count):
        raise BenchFailed(
            f"{subject}: {found['trouble']:.0f} of {count} {kind} in trouble, {saved} saved"
        )
    return found


def _of(found: dict[str, dict[str, float]], what: str, factor: float = 1.0) -> dict[str, float]:
    return {name: factor * each[what] for name, each in found.items()}
