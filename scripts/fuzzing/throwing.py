"""Throws material at a target, counts what comes of it, and lets nothing take longer than a second."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from .targets import Target

LIMIT = 1.0  # seconds of the processor's time that one case may take


@attrs.define
class Tally:
    """What came of the cases thrown at one target."""

    cases: int = 0
    slowest: float = 0.0
    slowest_case: str = ""
    refused: Counter[str] = attrs.field(factory=Counter[str])

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {times:,}" for kind, times in self.refused.most_common())
        slowest = f"slowest {self.slowest * 1000:.0f} ms: {self.slowest_case}"
        return f"{self.cases:>9,} cases; refused: {kinds or 'none'}; {slowest}"


def throw(target: Target, tally: Tally, *, seed: int, cases: int) -> None:
    """Throw so many cases at a target.

    Raises:
        Exception: the target let one through that it does not document, or an assertion of its own.
    """

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=False,
    )
    @seeded(seed)
    @given(st.tuples(*target.thrown))
    def run(thrown: tuple[Any, ...]) -> None:
        began = time.thread_time()
        try:
            target.read(*thrown)
        except target.refusals as error:
            tally.refused[type(error).__name__] += 1
        took = time.thread_time() - began
        tally.cases += 1
        if took > tally.slowest:
            tally.slowest, tally.slowest_case = took, repr(thrown)[:120]
        assert took < LIMIT, f"took {took:.1f} s"

    run()
