"""The promise as a whole: never paid twice, never lost, whatever breaks and whoever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .schedule import Plan
from .soak import soak


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_paid_twice_or_lost(tmp_path: Path, seed: int) -> None:
    """Two hundred jobs in processes that are killed at any moment end saved, whole, and paid for as reported."""
    history, verdict = soak(Plan(seed, calls=200, kill_every=0.5, refuse_every=2.0), tmp_path)
    print(verdict)
    assert verdict.broken == []
    # A soak in which nothing happened would prove nothing.
    assert history.calls == 200
    assert history.kills >= 10
    assert len(history.of("uncertain")) >= 10
    assert history.in_window
