"""No server keeps a call beyond its deadline, whatever it sends and however slowly, and nothing is sent twice."""

from __future__ import annotations

import pytest

from .calls import CALLS, Call
from .measuring import applies, measure_all
from .stalls import STALLS

LIMIT = 0.5  # seconds; `python -m tests.hostile.table` takes its time


@pytest.mark.parametrize("driver", ["blocking", "asyncio"])
@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
def test_every_stall_ends(call: Call, driver: str) -> None:
    """Each ends within its deadline and a second, in a documented error, and leaves no thread, socket or file."""
    found, left = measure_all(STALLS, call, driver, LIMIT)
    assert len(found) == sum(applies(stall, call) for stall in STALLS)
    assert "\n".join(str(measured) for measured in found if measured.faults()) == ""
    assert left == []


def test_every_stall_is_met_by_a_call() -> None:
    """No stall of the list is passed over, and none stands in it twice."""
    assert all(any(applies(stall, call) for call in CALLS) for stall in STALLS)
    assert len({stall.name for stall in STALLS}) == len(STALLS)
