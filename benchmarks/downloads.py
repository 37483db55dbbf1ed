"""How fast a long video reaches the disk, and what its checksum costs of that."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from .failing import BenchFailed
from .processes import Subject, Worker, turns, workers
from .results import AtLeast, Row, paired

_PIECE = 64 * 1024  # bytes that arrive at once


async def measure(
    subjects: Sequence[Subject], url: str, folder: Path, *, size: int, rounds: int
) -> tuple[Row, str]:
    """Time downloads of one colour in rounds, the subjects in turn.

    Returns:
        The row, and a sentence on what the checksum costs.
    """
    speeds: list[dict[str, float]] = []
    shares: list[float] = []
    async with workers(subjects, url) as running:
        for number in range(rounds + 1):
            seconds = {
                name: await _download(running[name], size, folder / f"{name}.mp4")
                for name in turns(running, number)
            }
            speeds.append({name: size / 1e6 / seconds[name] for name in running})
            shares.append(_seconds_to_hash(size) / seconds["ours"])
    share = statistics.median(shares[1:])
    colour = subjects[0].colour.lower()
    title = f"download of {size // 1_000_000} MB, {colour}"
    row = paired(title, "MB/s", speeds[1:], AtLeast(0.90))
    return row, f"SHA-256 takes {share:.0%} of our download, {colour}."


async def _download(worker: Worker, size: int, target: Path) -> float:
    """Return the seconds of one download into a new file."""
    seconds: list[float] = await worker.ask({"call": "download", "size": size, "to": str(target)})
    if (saved := _taken_away(target)) != size:
        raise BenchFailed(f"{worker.subject.module} saved {saved} of {size} bytes")
    return seconds[0]


def _taken_away(target: Path) -> int:
    """Remove a file, and return how many bytes it had."""
    size = target.stat().st_size
    target.unlink()
    return size


def _seconds_to_hash(size: int) -> float:
    piece = bytes(_PIECE)
    digest = hashlib.sha256()
    began = perf_counter()
    for _ in range(size // _PIECE):
        digest.update(piece)
    return perf_counter() - began
