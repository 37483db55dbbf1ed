"""How long generations take, and what a schedule of looks costs for them: exact sums over a distribution, no chance.

Durations are log-normal, as waiting times of such services are, cut to what the service is known to take.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

import attrs

SHORTEST, LONGEST = 20.0, 900.0  # seconds
_CELL = 0.5  # seconds of the durations that are taken together


@attrs.frozen
class Cost:
    """What a schedule costs.

    Attributes:
        looks: at a task, on average.
        delay: seconds between the end of a task and the look that sees it, on average.
    """

    looks: float
    delay: float


@attrs.frozen
class Durations:
    """A distribution.

    Attributes:
        cells: durations in seconds, each with its probability.
    """

    cells: Sequence[tuple[float, float]]

    @classmethod
    def lognormal(cls, median: float, sigma: float = 0.6, cell: float = _CELL) -> Durations:
        """Return a log-normal distribution between the shortest and the longest duration.

        Args:
            median: in seconds, before it is cut.
            sigma: the standard deviation of the logarithm.
            cell: seconds.
        """

        def below(seconds: float) -> float:
            return 0.5 * (1 + math.erf(math.log(seconds / median) / (sigma * math.sqrt(2))))

        count = round((LONGEST - SHORTEST) / cell)
        edges = [SHORTEST + number * cell for number in range(count + 1)]
        whole = below(LONGEST) - below(SHORTEST)
        return cls(
            [((a + b) / 2, (below(b) - below(a)) / whole) for a, b in pairwise(edges)],
        )

    def cost_of(self, ages: Sequence[float]) -> Cost:
        """Return the cost of looking at certain ages, whatever is seen.

        Args:
            ages: in seconds, ascending; the last is above the longest duration.
        """
        looks = delay = 0.0
        for duration, share in self.cells:
            number = bisect_left(ages, duration)
            looks += share * (number + 1)
            delay += share * (ages[number] - duration)
        return Cost(looks, delay)

    def cost_by(self, look: Callable[[float], tuple[int, float]]) -> Cost:
        """Return the cost of a schedule that goes by what is seen.

        Args:
            look: returns the number of looks at a task of a duration, and the delay in seconds.
        """
        looks = delay = 0.0
        for duration, share in self.cells:
            number, late = look(duration)
            looks += share * number
            delay += share * late
        return Cost(looks, delay)

    def best_ages(self, price: float) -> list[float]:
        """Return the ages at which to look so that delay + price * looks is least, by dynamic programming.

        From each age on, what is best does not depend on the looks before it. Ages are whole seconds.

        Args:
            price: seconds of delay that a look may save at least.
        """
        size = round(LONGEST - SHORTEST)
        mass, moment = [0.0] * (size + 1), [0.0] * (size + 1)
        for duration, share in self.cells:
            number = min(size, math.ceil(duration - SHORTEST))
            mass[number] += share
            moment[number] += share * duration
        for number in range(size):
            mass[number + 1] += mass[number]
            moment[number + 1] += moment[number]
        cost, following = [0.0] * (size + 1), [size] * (size + 1)
        for at in range(size - 1, -1, -1):
            running = price * (1 - mass[at])
            cost[at], following[at] = min(
                (
                    running
                    + (SHORTEST + next_) * (mass[next_] - mass[at])
                    - (moment[next_] - moment[at])
                    + cost[next_],
                    next_,
                )
                for next_ in range(at + 1, size + 1)
            )
        ages, at = [], 0
        while at < size:
            at = following[at]
            ages.append(SHORTEST + at)
        return ages


def fixed(seconds: float) -> list[float]:
    """Return the ages of looks that come every so many seconds."""
    return [seconds * number for number in range(1, math.ceil(LONGEST / seconds) + 2)]


@attrs.frozen
class Frontier:
    """The best costs there are: no schedule has fewer looks at the same delay, or less delay with as many.

    Attributes:
        costs: with ever fewer looks.
    """

    costs: Sequence[Cost]

    @classmethod
    def of(cls, durations: Durations, prices: Sequence[float]) -> Frontier:
        """Return it for a distribution, at some prices of a look, ascending."""
        return cls([durations.cost_of(durations.best_ages(price)) for price in prices])

    def excess(self, cost: Cost) -> tuple[float | None, float | None]:
        """Return by which share a cost has more looks than the best at its delay, and more delay than with as many.

        None where it lies beside all that were computed.
        """
        looks = _between([(each.delay, each.looks) for each in self.costs], cost.delay)
        delay = _between([(-each.looks, each.delay) for each in self.costs], -cost.looks)
        return looks and cost.looks / looks - 1, delay and cost.delay / delay - 1


def _between(points: Sequence[tuple[float, float]], at: float) -> float | None:
    for (x, y), (other_x, other_y) in pairwise(points):
        if x <= at <= other_x and x < other_x:
            return y + (other_y - y) * (at - x) / (other_x - x)
    return None
