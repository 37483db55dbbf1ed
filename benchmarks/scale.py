"""A day with a million tasks, simulated: what it takes, and what gives way first.

    python -m benchmarks.scale            prints the tables
    python -m benchmarks.scale --write    and puts them into docs/scale.md

What a task costs is measured elsewhere and stands in `Costs`; what a gateway allows is unknown, so several limits are
tried.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

import attrs

from .durations import LONGEST, SHORTEST
from .environments import ROOT
from .polling import KINDS, ages, look

TASKS = 1_000_000
DAY = 86_400.0  # seconds
_PAGE = ROOT / "docs" / "scale.md"


@attrs.frozen
class Costs:
    """What one task costs, as measured (docs/scale.md says how).

    Attributes:
        cpu: seconds of one core in the client's process.
        memory: bytes while it is waited for, in a batch.
        video: bytes, on average.
        create: seconds from sending a create to its answer.
        writes: requests of a bucket that are priced as writes, with a video of two parts.
        reads: those that are priced as reads.
    """

    cpu: float = 0.020
    memory: float = 25_000
    video: float = 10_000_000
    create: float = 2.0
    writes: int = 8
    reads: int = 4


@attrs.frozen
class Setting:
    """The machines, and what the service allows.

    Attributes:
        name: in words.
        per_minute: creates that the service accepts.
        at_once: tasks that it works at, at once.
        workers: processes, each of which looks at most 100 times a second.
        gigabits: a second, of all downloads together.
    """

    name: str
    per_minute: float
    at_once: int
    workers: int = 8
    gigabits: float = 10.0


SETTINGS = (
    Setting("800 creates a minute, 3,000 at once", 800, 3_000),
    Setting("800 creates a minute, 2,000 at once", 800, 2_000),
    Setting("2,000 creates a minute, 10,000 at once", 2_000, 10_000),
    Setting("2,000 a minute, 10,000 at once, 2 workers", 2_000, 10_000, workers=2),
    Setting("2,000 a minute, 10,000 at once, 1 Gbit/s", 2_000, 10_000, gigabits=1.0),
)

FAILS = 0.015  # of all tasks end as failed
UNHEARD = 0.0005  # of all creates are not answered
OUTAGE = (6 * 3600.0, 600.0)  # when the gateway is away, and for how long, in seconds
DEATH_EVERY = 2 * 3600.0  # seconds between two deaths of a worker
PROGRESS = 0.5  # of all tasks tell honest progress
PRICES = (0.005, 0.0004)  # US dollars for a thousand writes, and reads: list price of S3 Standard
LOOKS = 100.0  # a second and worker: `PollPolicy.rate`
PUTS_A_SECOND = 3_500  # that S3 takes below one prefix
ROWS_A_SECOND = 200.0  # that one Dask scheduler hands out


@attrs.frozen
class Day:
    """What came of it.

    Attributes:
        seconds: until the last video was saved.
        looks: a task, on average.
        delay: seconds between the end of a task and the look that saw it, on average and of the slowest twentieth.
        most: tasks that were under way at once.
        uncertain: creates of unknown outcome.
        failed: tasks.
        loads: the share of each resource that was used in the busiest ten minutes.
    """

    seconds: float
    looks: float
    delay: tuple[float, float]
    most: int
    uncertain: int
    failed: int
    loads: dict[str, float]


def simulated(
    setting: Setting, seed: int = 1, tasks: int = TASKS, costs: Costs | None = None
) -> Day:
    """Return a day of a setting: the same seed gives the same day."""
    costs = costs or Costs()
    chance = random.Random(seed)
    honest = [
        look(KINDS["even"], SHORTEST + second) for second in range(int(LONGEST - SHORTEST) + 1)
    ]
    schedule = ages()
    ends: list[float] = []  # of the tasks under way
    busy: Counter[int] = Counter()  # looks in each ten minutes
    begun: Counter[int] = Counter()
    saved: Counter[int] = Counter()
    delays: list[float] = []
    total_looks = most = uncertain = failed = 0
    last = 0.0
    for start in _starts(setting, tasks, ends, chance):
        begun[_bin(start)] += 1
        if chance.random() < UNHEARD:
            uncertain += 1
            heapq.heappush(ends, start + costs.create)
            continue
        lasts = _duration(chance)
        if chance.random() < PROGRESS:
            looks, late = honest[int(lasts - SHORTEST)]
        else:
            looks = bisect_left(schedule, lasts) + 1
            late = schedule[looks - 1] - lasts
        end = start + costs.create + lasts
        seen = _after_outage(end + late)
        total_looks += looks
        delays.append(seen - end)
        busy[_bin((start + end) / 2)] += looks
        heapq.heappush(ends, end)
        most = max(most, len(ends))
        if chance.random() < FAILS:
            failed += 1
        else:
            saved[_bin(seen)] += 1
            last = max(last, seen + costs.video * 8 / 1e9)
    delays.sort()
    # A worker that dies loses the answers of the creates that it had just sent.
    lost = sum(
        _poisson(chance, tasks / last * costs.create / setting.workers)
        for _ in range(int(last / DEATH_EVERY))
    )
    window = 600.0
    rows = max(begun.values()) / window
    loads = {
        "creates a minute": 60 * rows / setting.per_minute,
        "tasks at once": most / setting.at_once,
        "looks a second": max(busy.values()) / window / (setting.workers * LOOKS),
        "CPU of the workers": rows * costs.cpu / setting.workers,
        "network": max(saved.values()) / window * costs.video * 8 / (setting.gigabits * 1e9),
        "writes of one prefix": rows * costs.writes / PUTS_A_SECOND,
        "one Dask scheduler": rows / ROWS_A_SECOND,
        "memory of a worker, of 4 GB": most * costs.memory / setting.workers / 4e9,
    }
    mean = sum(delays) / len(delays)
    slow = delays[int(0.95 * len(delays))]
    return Day(last, total_looks / tasks, (mean, slow), most, uncertain + lost, failed, loads)


def _starts(
    setting: Setting, tasks: int, ends: list[float], chance: random.Random
) -> Iterator[float]:
    """Give when each create is sent: in its minute's turn, and when the service works at fewer than it may."""
    clock = 0.0
    for _ in range(tasks):
        clock += 60 / setting.per_minute * (0.9 + 0.2 * chance.random())
        while ends and ends[0] <= clock:
            heapq.heappop(ends)
        if len(ends) >= setting.at_once:
            clock = max(clock, heapq.heappop(ends))
        clock = _after_outage(clock)
        yield clock


def _after_outage(clock: float) -> float:
    begins, lasts = OUTAGE
    return begins + lasts if begins <= clock < begins + lasts else clock


def _duration(chance: random.Random) -> float:
    while True:
        seconds = 150 * math.exp(0.6 * chance.gauss(0, 1))
        if SHORTEST <= seconds <= LONGEST:
            return seconds


def _bin(clock: float) -> int:
    return int(clock / 600)


def _poisson(chance: random.Random, mean: float) -> int:
    count, product = 0, chance.random()
    while product > math.exp(-mean):
        count += 1
        product *= chance.random()
    return count


def report(tasks: int = TASKS) -> str:
    """Return the tables."""
    days = {setting.name: simulated(setting, tasks=tasks) for setting in SETTINGS}
    costs = Costs()
    writes, reads = tasks * costs.writes, tasks * costs.reads
    dollars = (writes * PRICES[0] + reads * PRICES[1]) / 1000
    heads = ["Service and machines", "finished after", "looks a task", "delay, mean", "slowest 5 %"]
    table = [[*heads, "at once", "uncertain", "failed"]]
    for name, day in days.items():
        mean, slow = day.delay
        spent = [
            f"{day.seconds / 3600:.1f} h",
            f"{day.looks:.1f}",
            f"{mean:.1f} s",
            f"{slow:.0f} s",
        ]
        table.append([name, *spent, f"{day.most:,}", f"{day.uncertain:,}", f"{day.failed:,}"])
    used = [["Used in the busiest ten minutes", *next(iter(days.values())).loads]]
    for name, day in days.items():
        most = sorted(day.loads, key=lambda each: -day.loads[each])[:2]
        shown = [
            f"**{load:.0%}**" if each in most else f"{load:.0%}" for each, load in day.loads.items()
        ]
        used.append([name, *shown])
    bill = (
        f"All of it on a bucket: {writes / 1e6:.0f} million writes and {reads / 1e6:.0f} million reads, "
        f"{dollars:.0f} US dollars at S3's list price, without storage and traffic."
    )
    return f"{_lines(table)}\n{_lines(used)}\n{bill}\n"


def _lines(table: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(table[0]) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (table[0], rule, *table[1:]))


def main() -> int:
    """Print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/scale.md")
    parser.add_argument("--tasks", type=int, default=TASKS)
    options = parser.parse_args()
    text = report(options.tasks)
    print(text)
    if options.write:
        begin, end = "<!-- begin: written by benchmarks.scale -->\n", "<!-- end -->\n"
        before, _, rest = _PAGE.read_text().partition(begin)
        _PAGE.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
