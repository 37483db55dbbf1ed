"""Weigh looks against delay: the client's schedule beside fixed pauses and the best there could be.

python -m benchmarks.polling            prints the tables
python -m benchmarks.polling --write    and puts them, and the plot, into docs/polling.md
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from chainhub_video import PollPolicy
from chainhub_video.flows.progress import Progress

from . import plot
from .durations import LONGEST, Cost, Durations, Frontier, fixed
from .environments import ROOT

POLICY = PollPolicy(jitter=0.0)
MEDIANS = (60, 80, 100, 120, 150, 200, 250, 300, 350, 400)  # seconds
FIXED = (1, 5, 6, 10, 15)  # seconds
PRICES = tuple(0.001 * 1.25**number for number in range(39))
_PAGE = ROOT / "docs" / "polling.md"
_PLOT = ROOT / "docs" / "polling.svg"

Shown = Callable[[float, float], float | None]
"""Returns the progress that is shown at an age, in seconds, of a task of a duration."""


def _percent(share: float) -> float:
    return math.floor(100 * min(0.99, max(0.0, share))) / 100


KINDS: Mapping[str, Shown] = {
    "even": lambda age, lasts: _percent(age / lasts),
    "queued for the first third": lambda age, lasts: _percent(1.5 * age / lasts - 0.5),
    "fast, then slow": lambda age, lasts: _percent(math.sqrt(age / lasts)),
    "slow, then fast": lambda age, lasts: _percent((age / lasts) ** 2),
    "refreshed every 15 s": lambda age, lasts: _percent(max(0.0, age - (age + lasts) % 15) / lasts),
    "stands at 99 % for the last third": lambda age, lasts: _percent(1.5 * age / lasts),
    "ends at 67 %": lambda age, lasts: _percent(age / lasts / 1.5),
    "in steps of 25 %": lambda age, lasts: math.floor(4 * age / lasts) / 4,
    "stands at 0": lambda _age, _lasts: 0.0,
    "none": lambda _age, _lasts: None,
}


def ages() -> list[float]:
    """Return the ages at which a task without progress is looked at after its create."""
    return [*_looks(lambda _age, _lasts: None, math.inf)]


def _looks(shown: Shown, lasts: float) -> Iterator[float]:
    """Give the ages at which a task is looked at, up to the look that sees its end."""
    progress, age = Progress(), POLICY.first_delay()
    while True:
        yield age
        if age >= min(lasts, LONGEST + 100):
            return
        age += POLICY.delay(age, estimate=progress.estimate(age, shown(age, lasts)))


def look(shown: Shown, lasts: float) -> tuple[int, float]:
    """Return how often a task of a duration in seconds is looked at, and how late its end is seen."""
    seen = [*_looks(shown, lasts)]
    return len(seen), seen[-1] - lasts


def trade(durations: Durations) -> dict[str, Cost]:
    """Return the costs of all schedules that go by no progress, ours first."""
    found = {"ours": durations.cost_of(ages())}
    for seconds in FIXED:
        found[f"every {seconds} s"] = durations.cost_of(fixed(seconds))
    return found


def main() -> int:
    """Print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.polling", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/polling.md")
    options = parser.parse_args()
    durations = Durations.lognormal(150)
    costs, frontier = trade(durations), Frontier.of(durations, PRICES)
    with_progress = {name: durations.cost_by(partial(look, shown)) for name, shown in KINDS.items()}
    text = "\n".join(
        (
            _trade_table(costs, frontier),
            _medians_table(),
            _table(
                ("Progress", "looks", "delay"), [(k, *_cells(c)) for k, c in with_progress.items()]
            ),
        )
    )
    print(text)
    if options.write:
        begin, end = "<!-- begin: written by benchmarks.polling -->\n", "<!-- end -->\n"
        before, _, rest = _PAGE.read_text().partition(begin)
        after = rest.partition(end)[2]
        _PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")
        points = {**costs, "ours, with even progress": with_progress["even"]}
        _PLOT.write_text(plot.drawn(points, frontier.costs))
    return 0


def _trade_table(costs: Mapping[str, Cost], frontier: Frontier) -> str:
    rows = []
    for name, cost in costs.items():
        looks, delay = (
            "—" if share is None else f"{share:+.0%}" for share in frontier.excess(cost)
        )
        rows.append((name, *_cells(cost), looks, delay))
    heads = ("Looks", "a task", "delay", "looks above the best", "delay above the best")
    return _table(heads, rows)


def _medians_table() -> str:
    rows = []
    for median in MEDIANS:
        durations = Durations.lognormal(median)
        ours, usual = durations.cost_of(ages()), durations.cost_of(fixed(15))
        rows.append((f"{median} s", *_cells(ours), *_cells(usual)))
    return _table(("Median", "looks, ours", "delay", "looks, every 15 s", "delay"), rows)


def _cells(cost: Cost) -> tuple[str, str]:
    return f"{cost.looks:.1f}", f"{cost.delay:.2f} s"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---", *["---:"] * (len(heads) - 1)), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
