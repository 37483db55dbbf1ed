"""Prints whole jobs in every dialect: `python -m tests.faults.dialect_jobs`.

Each job is one `generate`: create, wait, download to a checked MP4, against the sandbox in its virtual time. The exit
status says whether all were saved, each with exactly one create, and none waited longer than its task took and a while.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from chainhub_sandbox import Sandbox
from chainhub_sandbox.dialects import NAMES, Dialect
from chainhub_video import ChainHubError, PollPolicy, RetryPolicy, SavedVideo
from chainhub_video.testing import sandboxed

from tests.support.colours import DRIVERS, Colour
from tests.support.wires import WIRES, Wire, png

SINGLE = tuple((name,) for name in NAMES)
COMBINED = (
    ("envelope", "relay"),
    ("late", "relay"),
    ("late", "own-links"),
    ("numeric-ids", "envelope"),
    ("numeric-ids", "envelope", "relay"),
    ("long-ids", "own-links", "relay"),
    NAMES[1:],
)
PACE = 20.0
TASK_SECONDS = {"openai": 4 * PACE, "unified": 6 * PACE}
A_WHILE = 90.0
"""Virtual seconds that a job may take beyond its task: one long pause, and a minute for a link that does not come."""

_COLOURS = ("orange", "navy", "green")  # so that one task's video is not another's
_T = TypeVar("_T")


@contextmanager
def recorded_draws() -> Iterator[dict[str, dict[int, int]]]:
    """Record what dialects draw: for each table, how often each of its choices came; 0 for never."""
    draws: dict[str, dict[int, int]] = defaultdict(dict)
    draw = Dialect.draw

    def recorded(dialect: Dialect, table: str, choices: Sequence[_T]) -> _T:
        choice = draw(dialect, table, choices)
        counts = draws[table] or dict.fromkeys(range(len(choices)), 0)
        counts[choices.index(choice)] += 1
        draws[table] = counts
        return choice

    with mock.patch.object(Dialect, "draw", recorded):
        yield draws


def never_drawn(draws: dict[str, dict[int, int]]) -> dict[str, list[int]]:
    """The choices of each table that never came."""
    missing = {
        table: [choice for choice, times in counts.items() if not times]
        for table, counts in draws.items()
    }
    return {table: choices for table, choices in missing.items() if choices}


@dataclass
class Jobs:
    """Jobs of one format and driver against one sandbox.

    Attributes:
        gateway: the sandbox.
        wire: the format.
        hub: a client for it, whose calls block.
        folder: where the videos go.
        trouble: what went wrong, one line each.
        done: how many jobs have been run.
        saved: how many of them were saved, whole.
    """

    gateway: Sandbox
    wire: Wire
    hub: Any
    folder: Path
    trouble: list[str] = field(default_factory=list[str])
    done: int = 0
    saved: int = 0

    @property
    def creates(self) -> int:
        """How many creates have reached the sandbox."""
        return sum(request.step == "create" for request in self.gateway.requests)

    def arguments(self) -> dict[str, Any]:
        """The arguments of a create that no other job has; two in a row show the same clip, which saves time."""
        clip = self.done // 2 % len(_COLOURS)
        changes: dict[str, Any] = {"prompt": f"A kitten, {clip}"}
        if self.wire.name == "openai":
            colour = _COLOURS[clip]
            changes |= {"seconds": 1, "image": png(colour=colour)}
        return {**self.wire.arguments, **changes, "extra": {"job": self.done}}

    def target(self) -> Path:
        """Where the next job's video goes."""
        return self.folder / f"{self.done}.mp4"

    def run(self) -> None:
        """Run one whole job, and note what is wrong with it."""
        target, paid = self.target(), self.gateway.paid
        began = self.gateway.clock.monotonic()
        try:
            saved = self.hub.videos.generate(**self.arguments(), save_to=target)
        except ChainHubError as error:
            self.trouble.append(f"job {self.done}: {type(error).__name__}: {error}")
        else:
            self.judge(saved, target)
        took = self.gateway.clock.monotonic() - began
        if took > TASK_SECONDS[self.wire.name] + A_WHILE:
            self.trouble.append(f"job {self.done}: took {took:.0f} s")
        if self.gateway.paid != paid + 1:
            self.trouble.append(f"job {self.done}: {self.gateway.paid - paid} paid")
        self.done += 1

    def judge(self, saved: SavedVideo, target: Path) -> None:
        """Count a job as saved if the file is the video of the last task."""
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        task = self.gateway.tasks[-1]
        told = (saved.sha256, saved.task.id)
        if (digest, *told) == (task.sha256, task.sha256, task.id) and task.fetched_whole:
            self.saved += 1
        else:
            self.trouble.append(f"job {self.done}: {digest} on disk, {told} told, {task} rendered")


@contextmanager
def jobs(dialects: Sequence[str], wire: Wire, driver: str, seed: int) -> Iterator[Jobs]:
    """Run a sandbox in its virtual time, with a client of the default pauses.

    Args:
        dialects: of the sandbox.
        wire: the format.
        driver: of the client.
        seed: of what the dialects draw.
    """
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="chainhub-jobs-")))
        gateway = closing.enter_context(sandboxed(dialect=dialects, pace=PACE, seed=seed))
        policies = {"poll": PollPolicy(), "retry": RetryPolicy()}
        hub = Colour(driver, closing).hub(gateway.url, api_key="sandbox", **policies)
        yield Jobs(gateway, wire, hub, folder)


def main(arguments: list[str] | None = None) -> int:
    """Prints the matrix; the exit status tells whether all jobs went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.dialect_jobs")
    parser.add_argument("--tasks", type=int, default=12, help="of each cell (default: 12)")
    parser.add_argument("--seed", type=int, default=1, help="of what the dialects draw")
    given = parser.parse_args(arguments)
    trouble: list[str] = []
    width = max(len(" ".join(dialects)) for dialects in COMBINED)
    print(f"{'dialect':<{width}} format  driver   tasks creates saved")
    for dialects in (*SINGLE, *COMBINED):
        for wire in WIRES.values():
            for driver in DRIVERS:
                name = f"{' '.join(dialects):<{width}} {wire.name:<7} {driver:<8}"
                with jobs(dialects, wire, driver, given.seed) as cell:
                    for _ in range(given.tasks):
                        cell.run()
                    print(f"{name} {cell.done:5} {cell.creates:7} {cell.saved:5}", flush=True)
                trouble += [f"{name}: {each}" for each in cell.trouble]
    print(*trouble, sep="\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
