"""By how much a process grows while a large picture goes out, or a large video comes in."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .processes import Subject, worker
from .results import AtMost, Row
from .server import PNG

_AIM = AtMost(4.0)  # MB
_WITHOUT_LINKS = ("bare", "openai_sdk")


async def measure(
    subjects: list[Subject], url: str, folder: Path, *, up: int, down: int, repeats: int
) -> list[Row]:
    """Measure the calls of one colour, each in fresh processes."""
    colour = subjects[0].colour.lower()
    picture = folder / "large.png"
    with picture.open("wb") as file:
        file.write(PNG)
        file.truncate(up)
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = (
        (f"upload of {up // 1_000_000} MB from a path", {"call": "create", "path": str(picture)}),
        ("the same from an open file", {"call": "create", "file": str(picture)}),
        ("the same from a link", {"call": "create", "link": f"{url}/picture/{up}"}),
        (f"download of {down // 1_000_000} MB", {"call": "download", "size": down}),
    )
    rows = []
    for title, call in calls:
        able = [s for s in subjects if "link" not in call or s.module not in _WITHOUT_LINKS]
        figures: dict[str, list[float]] = {subject.module: [] for subject in able}
        for _ in range(repeats):
            for subject in able:
                figures[subject.module].append(await _growth(subject, url, folder, call))
        medians = {name: statistics.median(values) for name, values in figures.items()}
        rows.append(Row(f"{title}, {colour}", "MB", medians, aim=_AIM))
    return rows


async def _growth(subject: Subject, url: str, folder: Path, call: Mapping[str, Any]) -> float:
    """Return by how many MB a process grows at its peak, after a small call of the same kind."""
    target = folder / "saved.mp4"
    small: Mapping[str, Any] = {"call": "create", "bytes": 64 * 1024}
    if call["call"] == "download":
        small, call = ({"to": str(target), **each} for each in ({**call, "size": 1_000_000}, call))
    async with worker(subject, url) as process:
        await process.ask(small)
        grown: int = await process.ask(call, measure="resident")
    target.unlink(missing_ok=True)
    return grown / 1e6
