"""What holds of every pause, whatever the policy, the gateway and chance say."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
from chainhub_video import PollPolicy, RetryPolicy
from chainhub_video.policies import Estimate
from hypothesis import given, settings
from hypothesis import strategies as st

seconds = st.floats(0, 1e6, allow_nan=False)
some_seconds = st.floats(1e-3, 1e6, allow_nan=False)
asked = st.floats(0, 1e9)
shares = st.floats(0, 1)
chances = shares.map(lambda share: lambda: share)
polls = st.builds(
    PollPolicy,
    first=st.none() | seconds,
    interval=st.none() | some_seconds,
    jitter=shares,
    minimum=st.floats(0, 1),
    patience=st.floats(1, 1e6),
)
retries = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 100),
    first=seconds,
    maximum=some_seconds,
    jitter=shares,
    patience=seconds,
)
# What a pause is made of: the arguments of `PollPolicy.delay`.
watched = {
    "age": st.none() | st.floats(0, 1e7),
    "estimate": st.none() | st.builds(Estimate, asked, asked),
    "chance": chances,
}
situations = st.fixed_dictionaries(
    {**watched, "hint": st.none() | asked, "retry_after": st.none() | asked}
)
quiet = st.fixed_dictionaries(watched)
brief = settings(max_examples=100, deadline=None, database=None, derandomize=True)


@brief
@given(polls, situations)
def test_a_pause_is_a_duration(poll: PollPolicy, situation: dict[str, Any]) -> None:
    """No policy, age, progress or header makes a pause negative, infinite, or longer than its patience.

    No look comes before `Retry-After`, whatever a proposal or an estimate says.
    """
    pause = poll.delay(**situation)
    assert poll.minimum <= pause <= poll.patience < math.inf
    assert pause >= min(situation["retry_after"] or 0.0, poll.patience)
    first = poll.first_delay(
        situation["age"] or 0.0, hint=situation["hint"], chance=situation["chance"]
    )
    assert 0 <= first <= poll.patience


@brief
@given(polls, quiet)
def test_chance_moves_a_pause_by_half_its_share(
    poll: PollPolicy, situation: dict[str, Any]
) -> None:
    """Jitter makes a pause longer or shorter by at most half its share, and the same chance gives the same pause."""
    poll = attrs.evolve(poll, minimum=0.0, patience=math.inf)
    middle = poll.delay(situation["age"], chance=lambda: 0.5)
    pause = poll.delay(situation["age"], chance=situation["chance"])
    assert abs(pause - middle) <= middle * (poll.jitter / 2 + 1e-9)
    assert poll.delay(**situation) == poll.delay(**situation)


@brief
@given(st.floats(0, 1e6), st.floats(0, 1e5), seconds)
def test_an_estimate_is_believed_within_bounds(age: float, left: float, seen_for: float) -> None:
    """No look long after the expected end, nor without need before it, nor farther off than three usual pauses."""
    policy = PollPolicy(jitter=0.0)
    usual = policy.delay(age)
    pause = policy.delay(age, estimate=Estimate(left, seen_for))
    assert min(usual, left, 1.5) <= pause <= min(max(left + 1.5, 1.5), 3 * usual)


@brief
@given(polls, quiet, asked)
def test_a_proposal_replaces_the_schedule(
    poll: PollPolicy, situation: dict[str, Any], hint: float
) -> None:
    """What the gateway proposes is taken as it is, within the floor and the patience that the policy sets."""
    pause = poll.delay(hint=hint, **situation)
    assert pause == max(min(hint, poll.patience), poll.minimum)
    assert poll.first_delay(hint=hint, chance=situation["chance"]) == pause


@brief
@given(some_seconds, quiet)
def test_a_fixed_interval_is_fixed(interval: float, situation: dict[str, Any]) -> None:
    """Neither age nor progress moves it, and the first look comes after it, too, unless `first` says otherwise."""
    poll = PollPolicy(interval=interval, jitter=0, minimum=0, patience=math.inf)
    assert poll.delay(**situation) == poll.first_delay() == interval
    assert attrs.evolve(poll, first=0.0).first_delay() == 0.0


@brief
@given(retries, st.integers(1, 10_000), st.none() | asked, chances, seconds)
def test_a_retry_is_never_before_its_time(
    retry: RetryPolicy, failures: int, retry_after: float | None, chance: Any, longer: float
) -> None:
    """A pause between attempts is a duration, at least what was asked, and else at most `maximum`.

    Once a create may not be tried again, no further failure and no longer pause makes it allowed.
    """
    pause = retry.delay(failures, retry_after=retry_after, chance=chance)
    assert (retry_after or 0.0) <= pause < math.inf
    assert retry_after is not None or pause <= retry.maximum
    for tried, after in ((failures, pause), (failures + 1, pause), (failures, pause + longer)):
        assert retry.allows(tried, after) == (tried < retry.attempts and after <= retry.patience)


@brief
@given(retries, st.integers(1, 100))
def test_backing_off_doubles(retry: RetryPolicy, failures: int) -> None:
    """Without chance, each pause is twice the one before, until the longest."""
    steady = attrs.evolve(retry, jitter=0.0)
    pause, after = steady.delay(failures), steady.delay(failures + 1)
    assert after == pytest.approx(min(retry.maximum, 2 * pause)) or pause == retry.maximum


def test_the_defaults_suit_the_service() -> None:
    """Out of the box, the first look comes after 40 s, and the others every 12 to 16 s."""
    poll = PollPolicy(jitter=0.0)
    age = poll.first_delay()
    assert age == 40
    while age < 1200:
        pause = poll.delay(age)
        assert 12 <= pause <= 16
        age += pause
    assert RetryPolicy().patience == 120


def test_policies_are_frozen_values() -> None:
    """They compare and hash by value, nothing changes one that is in use, and chance spreads their pauses."""
    for policy in (PollPolicy(), RetryPolicy()):
        assert policy == attrs.evolve(policy)
        assert hash(policy) == hash(attrs.evolve(policy))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            policy.first = 1.0  # type: ignore[misc]  # that is the point
        assert len({policy.delay(3) for _ in range(100)}) > 90
