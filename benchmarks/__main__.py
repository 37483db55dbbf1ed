"""The program behind scripts/bench."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from time import monotonic

import attrs

from . import calls, downloads, environments, imports, many, memory, report
from .failing import BenchFailed
from .processes import Subject, server
from .results import Row

_GROUPS = ("imports", "calls", "downloads", "memory", "many")


@attrs.frozen
class Effort:
    """How much is measured; sizes in bytes.

    Attributes:
        imports: fresh interpreters for each program.
        calls: rounds of five calls each.
        downloads: rounds of one download each.
        repeats: fresh processes for each figure of memory.
        up: length of the picture that goes out.
        down: length of the video that comes in.
        waits: tasks that are waited for at once, for each crowd.
        generates: whole jobs at once.
    """

    imports: int = 15
    calls: int = 80
    downloads: int = 5
    repeats: int = 3
    up: int = 200_000_000
    down: int = 300_000_000
    waits: tuple[int, ...] = (1_000, 5_000)
    generates: tuple[int, ...] = (200, 1_000)


_QUICK = Effort(3, 6, 1, 1, 40_000_000, 60_000_000, (200,), (50,))


def main() -> int:
    """Measure, print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small counts, to try it out")
    parser.add_argument("--only", choices=_GROUPS, help="one group of measurements")
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and (options.quick or options.only):
        parser.error("--write is for whole runs: leave out --quick and --only")
    groups = (options.only,) if options.only else _GROUPS
    try:
        text = asyncio.run(_measured(groups, _QUICK if options.quick else Effort()))
        print(text)
        if options.write:
            print(f"written to {report.write(text).name}", file=sys.stderr)
    except BenchFailed as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("scripts/bench: interrupted", file=sys.stderr)
        return 130
    return 0


async def _measured(groups: tuple[str, ...], effort: Effort) -> str:
    core, peer = environments.core(), environments.peer()
    rows: list[Row] = []
    notes: list[str] = []
    began = monotonic()
    async with server() as url:
        with tempfile.TemporaryDirectory(prefix="chainhub-bench-") as folder:
            for group in groups:
                print(f"scripts/bench: {group} ({monotonic() - began:.0f} s)", file=sys.stderr)
                if group == "imports":
                    rows += await imports.measure(core, peer, url, rounds=effort.imports)
                    continue
                if group == "many":
                    crowds = {"waits": effort.waits, "generates": effort.generates}
                    rows += await many.measure(core, url, Path(folder), **crowds)
                    continue
                for colour in ("Blocking", "Asyncio"):
                    subjects = [
                        Subject("ours", colour, core),
                        Subject("bare", colour, core),
                        Subject("openai_sdk", colour, peer),
                    ]
                    found, said = await _of_colour(group, subjects, url, Path(folder), effort)
                    rows += found
                    notes += said
    print(f"scripts/bench: done ({monotonic() - began:.0f} s)", file=sys.stderr)
    return f"{report.circumstances(core, peer, notes)}\n{report.table(rows)}"


async def _of_colour(
    group: str, subjects: list[Subject], url: str, folder: Path, effort: Effort
) -> tuple[list[Row], list[str]]:
    """Return one colour's rows of a group, and what is to be said of them."""
    if group == "calls":
        return await calls.measure(subjects, url, rounds=effort.calls), []
    if group == "downloads":
        row, note = await downloads.measure(
            subjects, url, folder, size=effort.down, rounds=effort.downloads
        )
        return [row], [note]
    sizes = {"up": effort.up, "down": effort.down}
    return await memory.measure(subjects, url, folder, repeats=effort.repeats, **sizes), []


if __name__ == "__main__":
    sys.exit(main())
