"""The schedule of looks is as good as docs/polling.md says: exact sums over durations, no chance."""

from __future__ import annotations

from functools import partial

from benchmarks.durations import Durations, Frontier, fixed
from benchmarks.polling import KINDS, MEDIANS, PRICES, ages, look, trade

TYPICAL = Durations.lognormal(150, cell=1.0)


def test_without_progress_nothing_is_a_tenth_better() -> None:
    """Against the best possible schedule: at most 10 % more looks at its delay, and 10 % more delay with as many."""
    frontier = Frontier.of(TYPICAL, PRICES[25:33])
    for share in frontier.excess(TYPICAL.cost_of(ages())):
        assert share is not None
        assert 0 <= share <= 0.10


def test_no_schedule_of_the_table_beats_the_best() -> None:
    """The yardstick is one: fixed pauses, and ours, cost more than what dynamic programming finds."""
    frontier = Frontier.of(TYPICAL, PRICES[::5])
    measured = [frontier.excess(cost) for cost in trade(TYPICAL).values()]
    shares = [share for pair in measured for share in pair if share is not None]
    assert len(shares) >= 10
    assert min(shares) >= 0


def test_a_look_every_15_seconds_is_never_better() -> None:
    """Whether videos take one minute or seven, ours has no more looks and no more delay."""
    for median in MEDIANS:
        durations = Durations.lognormal(median)
        ours, usual = durations.cost_of(ages()), durations.cost_of(fixed(15))
        assert ours.looks <= usual.looks, median
        assert ours.delay <= usual.delay, median


def test_honest_progress_saves_looks_and_delay() -> None:
    """Even progress in whole percent: at most 7 looks, and 1.5 s of delay."""
    cost = TYPICAL.cost_by(partial(look, KINDS["even"]))
    assert cost.looks <= 7
    assert cost.delay <= 1.5


def test_no_progress_whatever_costs_many_looks() -> None:
    """Lies may cost delay, within bounds, but hardly more looks than no progress at all."""
    without = TYPICAL.cost_of(ages())
    for kind, shown in KINDS.items():
        cost = TYPICAL.cost_by(partial(look, shown))
        assert cost.looks <= without.looks + 0.5, kind
        assert cost.delay <= 3 * without.delay, kind
