"""Cassettes, both drivers, and a guard that lets no test here touch the network unless it is marked for that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .guarding import no_network

CASSETTES = Path(__file__).parents[1] / "cassettes"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Guard what a test is set up with."""
    return (yield from _guarded(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Guard the test itself, so that it fails, and not its clearing away."""
    return (yield from _guarded(item))


def _guarded(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker("network"):
        return (yield)
    with no_network():
        return (yield)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHAINHUB_API_KEY", "CHAINHUB_BASE_URL", "CHAINHUB_MAX_CREATES"):
        monkeypatch.delenv(name, raising=False)
