"""Fixtures that several folders share: each of the two drivers, and each of the two wire formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.colours import Colour
from tests.support.wires import WIRES, Wire

# For a folder whose `wire` is one of them only.
every_format = pytest.mark.parametrize("wire", WIRES.values(), ids=list(WIRES))


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Each of the two drivers."""
    with ExitStack() as closing:
        yield Colour(request.param, closing)


@pytest.fixture(params=list(WIRES))
def wire(request: pytest.FixtureRequest) -> Wire:
    """Each of the two wire formats."""
    return WIRES[request.param]


BLOCKING = pytest.mark.parametrize("colour", ["blocking"], indirect=True)
"""For a test of what comes before the driver: through one of the two."""

ASYNCIO = pytest.mark.parametrize("colour", ["asyncio"], indirect=True)
"""The same through the other one."""
