"""The money rule, lived on real connections against the sandbox's faults, in both formats and through both drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from chainhub_video import SubmissionUncertain

from tests.support.wires import WIRES

from .money_cases import ATTEMPTS, CASES, IN_DIALECT, Case, Rule
from .money_table import DIALECTS, DRIVERS, Bench, expected, lived


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One sandbox for all causes."""
    with ExitStack() as closing:
        yield Bench(closing)


@pytest.mark.parametrize("case", CASES, ids=[case.cause for case in CASES])
def test_what_follows_from_each_cause(bench: Bench, case: Case) -> None:
    """As many creates are sent, paid for and reported as the rule says, the same in every format and driver."""
    for wire in WIRES.values():
        for driver in DRIVERS:
            assert bench.live(case, wire, driver) == expected(case), f"{wire.name}/{driver}"


@pytest.mark.parametrize("dialects", DIALECTS[1:], ids=["+".join(each) for each in DIALECTS[1:]])
def test_the_rule_is_the_same_in_every_dialect(dialects: tuple[str, ...]) -> None:
    """However the gateway words its answers, a cause costs the same creates and raises the same error."""
    chosen = [case for case in CASES if case.cause in IN_DIALECT]
    assert len(chosen) == len(IN_DIALECT)
    with ExitStack() as closing:
        bench = Bench(closing, dialects)
        # All together once more, so that more of their choices come.
        for case in chosen * (2 if len(dialects) > 1 else 1):
            for who, outcome in lived(bench, case):
                assert outcome == expected(case), f"{case.cause}, {who}"


@pytest.mark.parametrize("case", CASES, ids=[case.cause for case in CASES])
def test_the_table_keeps_the_rule(case: Case) -> None:
    """No row expects more than the rule allows, so that the table cannot be bent to fit a mistake."""
    assert case.paid <= 1
    match case.rule:
        case Rule.NEVER_CONNECTED:
            assert case.sent == case.paid == (case.error is None)
        case Rule.TURNED_AWAY:
            assert case.sent <= ATTEMPTS
            assert case.paid == (case.error is None)
        case Rule.REFUSED:
            assert (case.sent, case.paid) == (1, 0)
            assert case.error not in (None, SubmissionUncertain)
        case Rule.UNKNOWN:
            turned_away = sum("status=429" in fault for fault in case.faults)
            assert case.sent == 1 + turned_away
            assert case.error is SubmissionUncertain


def test_every_row_of_the_rule_is_lived() -> None:
    """Each row has causes; and what is uncertain was paid for in some of them, and not in others."""
    assert {case.rule for case in CASES} == set(Rule)
    assert {case.paid for case in CASES if case.rule is Rule.UNKNOWN} == {0, 1}
    assert len({case.cause for case in CASES}) == len(CASES)
