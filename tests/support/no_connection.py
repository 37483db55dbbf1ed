"""Fixtures for folders whose tests make no connection, not even on the loopback, unless they are marked for that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import network_guard


@pytest.fixture(autouse=True)
def no_connection(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse the loopback as well to a test that is not marked with `network`, and fail it if it tried."""
    network_guard.allow_loopback(request.node.get_closest_marker("network") is not None)
    yield
    network_guard.allow_loopback(True)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key and no address of whoever runs the tests get into them."""
    for name in ("CHAINHUB_API_KEY", "CHAINHUB_BASE_URL", "CHAINHUB_MAX_CREATES"):
        monkeypatch.delenv(name, raising=False)
