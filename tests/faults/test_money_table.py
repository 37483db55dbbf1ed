"""The money rule on real connections against the sandbox's faults, in both formats and through both drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product

import pytest
from chainhub_video import SubmissionUncertain

from tests.support.colours import DRIVERS
from tests.support.wires import WIRES, Wire

from .money_cases import ATTEMPTS, CASES, IN_DIALECT, Case, Rule
from .money_table import DIALECTS, Bench, expected


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One sandbox for all causes."""
    with ExitStack() as closing:
        yield Bench(closing)


def _by_turns(number: int) -> Iterator[tuple[Wire, str]]:
    """Both formats and both drivers in two calls; which goes with which changes from one number to the next."""
    return zip(WIRES.values(), DRIVERS[:: 1 if number % 2 else -1], strict=True)


@pytest.mark.parametrize("case", CASES, ids=[case.cause for case in CASES])
def test_what_follows_from_each_cause(bench: Bench, case: Case) -> None:
    """As many creates are sent, paid for and reported as the rule says, the same in every format and driver.

    What breaks the connection is tried in all four combinations. A whole answer takes one way in both drivers.
    """
    every = product(WIRES.values(), DRIVERS)
    turns = every if case.breaks_the_connection else _by_turns(CASES.index(case))
    for wire, driver in turns:
        assert bench.create(case, wire, driver) == expected(case), f"{wire.name}/{driver}"


@pytest.mark.parametrize("dialects", DIALECTS[1:], ids=["+".join(each) for each in DIALECTS[1:]])
def test_the_rule_is_the_same_in_every_dialect(dialects: tuple[str, ...]) -> None:
    """However the gateway words its answers, a cause costs the same creates and raises the same error."""
    chosen = [case for case in CASES if case.cause in IN_DIALECT]
    assert len(chosen) == len(IN_DIALECT)
    with ExitStack() as closing:
        bench = Bench(closing, dialects)
        # All dialects together are met more often, so that more of their choices come.
        for case, turn in product(chosen, range(4 if len(dialects) > 1 else 1)):
            for wire, driver in _by_turns(chosen.index(case) + turn):
                outcome = bench.create(case, wire, driver)
                assert outcome == expected(case), f"{case.cause}, {wire.name}/{driver}"


def test_the_table_keeps_the_rule() -> None:
    """No row expects more than the rule allows, so that the table cannot be bent to fit a mistake."""
    for case in CASES:
        name, paid = case.cause, case.error is None
        match case.rule:
            case Rule.NEVER_CONNECTED:
                assert case.sent == case.paid == paid, name
            case Rule.TURNED_AWAY:
                assert (case.sent <= ATTEMPTS, case.paid) == (True, paid), name
            case Rule.REFUSED:
                assert (case.sent, case.paid, paid) == (1, 0, False), name
                assert case.error is not SubmissionUncertain, name
            case Rule.UNKNOWN:
                turned_away = sum("status=429" in fault for fault in case.faults)
                assert (case.sent, case.error) == (1 + turned_away, SubmissionUncertain), name
                assert case.paid <= 1, name
    assert {case.rule for case in CASES} == set(Rule)
    assert {case.paid for case in CASES if case.rule is Rule.UNKNOWN} == {0, 1}
    assert len({case.cause for case in CASES}) == len(CASES)
