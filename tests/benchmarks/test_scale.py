"""The simulation of a large day is a function of its seed, and keeps to the limits that it is given."""

from __future__ import annotations

import attrs

from benchmarks.scale import Setting, simulated

SMALL = Setting("small", per_minute=600, at_once=500, workers=1)


def test_the_same_seed_gives_the_same_day() -> None:
    """Twice the same, and another one with another seed."""
    days = [simulated(SMALL, seed=seed, tasks=3_000) for seed in (1, 1, 2)]
    assert days[0] == days[1] != days[2]


def test_limits_decide_how_long_it_takes() -> None:
    """No more tasks are under way than the service allows, and half of them takes longer."""
    day = simulated(SMALL, tasks=5_000)
    half = simulated(attrs.evolve(SMALL, at_once=250), tasks=5_000)
    assert day.most == 500
    assert half.most == 250
    assert half.seconds > 1.5 * day.seconds
    assert 0 < day.failed < 200
    assert day.loads["tasks at once"] == 1.0
