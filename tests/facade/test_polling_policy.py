"""What holds of every pause, whatever the policy, the gateway and chance say."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import pytest
from chainhub_video import PollPolicy, RetryPolicy
from chainhub_video.policies import Estimate
from hypothesis import given, settings
from hypothesis import strategies as st

seconds = st.floats(0, 1e6, allow_nan=False)
some_seconds = st.floats(1e-3, 1e6, allow_nan=False)
asked = st.none() | st.floats(0, 1e9)
chances = st.floats(0, 1)
polls = st.builds(
    PollPolicy,
    first=st.none() | seconds,
    interval=st.none() | some_seconds,
    jitter=chances,
    minimum=st.floats(0, 1),
    patience=st.floats(1, 1e6),
)
ages = st.none() | st.floats(0, 1e7)
estimates = st.none() | st.builds(Estimate, st.floats(0, 1e9), st.floats(0, 1e9))
retries = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 100),
    first=seconds,
    maximum=some_seconds,
    jitter=chances,
    patience=seconds,
)
brief = settings(max_examples=150, deadline=None, database=None, derandomize=True)


@brief
@given(polls, ages, asked, asked, estimates, chances)
def test_a_pause_is_a_duration(
    poll: PollPolicy,
    age: float | None,
    hint: float | None,
    retry_after: float | None,
    estimate: Estimate | None,
    chance: float,
) -> None:
    """No policy, age, progress or header makes a pause negative, infinite, or longer than its patience."""
    pause = poll.delay(
        age, hint=hint, retry_after=retry_after, estimate=estimate, chance=lambda: chance
    )
    assert poll.minimum <= pause <= poll.patience < math.inf
    first = poll.first_delay(age or 0.0, hint=hint, chance=lambda: chance)
    assert 0 <= first <= poll.patience


@brief
@given(polls, ages, estimates, chances)
def test_chance_moves_a_pause_by_half_its_share(
    poll: PollPolicy, age: float | None, estimate: Estimate | None, chance: float
) -> None:
    """Jitter makes a pause longer or shorter by at most half its share, and the same chance gives the same pause."""
    poll = attrs.evolve(poll, minimum=0.0, patience=math.inf)
    middle = poll.delay(age, chance=lambda: 0.5)
    pause = poll.delay(age, chance=lambda: chance)
    assert abs(pause - middle) <= middle * poll.jitter / 2 * (1 + 1e-9)
    told = [poll.delay(age, estimate=estimate, chance=lambda: chance) for _ in range(2)]
    assert told[0] == told[1]


@brief
@given(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0, 1e6))
def test_an_estimate_is_believed_within_bounds(age: float, left: float, watched: float) -> None:
    """No look long after the expected end, nor without need before it, nor farther off than three usual pauses."""
    policy = PollPolicy(jitter=0.0)
    usual = policy.delay(age)
    pause = policy.delay(age, estimate=Estimate(left, watched))
    assert pause <= max(left + 1.5, 1.5)
    assert pause <= 3 * usual
    assert pause >= min(usual, left, 1.5)


@brief
@given(polls, ages, asked, estimates, st.floats(0, 1e9), chances)
def test_what_the_gateway_demands_wins(
    poll: PollPolicy,
    age: float | None,
    hint: float | None,
    estimate: Estimate | None,
    retry_after: float,
    chance: float,
) -> None:
    """No look comes before `Retry-After`, whatever a proposal or an estimate says, up to the policy's patience."""
    pause = poll.delay(
        age, hint=hint, retry_after=retry_after, estimate=estimate, chance=lambda: chance
    )
    assert pause >= min(retry_after, poll.patience)


@brief
@given(polls, ages, estimates, st.floats(0, 1e9), chances)
def test_a_proposal_replaces_the_schedule(
    poll: PollPolicy, age: float | None, estimate: Estimate | None, hint: float, chance: float
) -> None:
    """What the gateway proposes is taken as it is, within the floor and the patience that the policy sets."""
    pause = poll.delay(age, hint=hint, estimate=estimate, chance=lambda: chance)
    assert pause == max(min(hint, poll.patience), poll.minimum)
    assert poll.first_delay(hint=hint, chance=lambda: chance) == pause


@brief
@given(some_seconds, ages, estimates)
def test_a_fixed_interval_is_fixed(
    interval: float, age: float | None, estimate: Estimate | None
) -> None:
    """Neither age nor progress moves it, and the first look comes after it, too, unless `first` says otherwise."""
    poll = PollPolicy(interval=interval, jitter=0, minimum=0, patience=math.inf)
    assert poll.delay(age, estimate=estimate) == poll.first_delay() == interval
    assert attrs.evolve(poll, first=0.0).first_delay() == 0.0


@brief
@given(retries, st.integers(1, 10_000), asked, chances)
def test_a_retry_is_never_before_its_time(
    retry: RetryPolicy, failures: int, retry_after: float | None, chance: float
) -> None:
    """A pause between attempts is a duration, at least what was asked, and else at most `maximum`."""
    pause = retry.delay(failures, retry_after=retry_after, chance=lambda: chance)
    assert 0 <= pause < math.inf
    assert pause >= (retry_after or 0.0)
    if retry_after is None:
        assert pause <= retry.maximum


@brief
@given(retries, st.integers(1, 100), st.integers(1, 200), seconds)
def test_what_is_allowed_stays_within_bounds(
    retry: RetryPolicy, failures: int, more: int, pause: float
) -> None:
    """Once a create may not be tried again, no further failure and no longer pause makes it allowed."""
    assert retry.allows(failures, pause) == (failures < retry.attempts and pause <= retry.patience)
    assert not (not retry.allows(failures, pause) and retry.allows(failures + more, pause))
    assert not (not retry.allows(failures, pause) and retry.allows(failures, pause + more))


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


@pytest.mark.parametrize("policy", [PollPolicy(), RetryPolicy()])
def test_policies_are_frozen_values(policy: PollPolicy | RetryPolicy) -> None:
    """Policies compare and hash by value, and nothing changes one that is in use."""
    assert policy == attrs.evolve(policy)
    assert hash(policy) == hash(attrs.evolve(policy))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.first = 1.0  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("kind", [PollPolicy, RetryPolicy])
@pytest.mark.parametrize("jitter", [-0.1, 1.1, math.nan])
def test_jitter_is_a_share(kind: type[PollPolicy] | type[RetryPolicy], jitter: float) -> None:
    """More than the whole of a pause cannot be left to chance, so such a policy is refused when it is made."""
    with pytest.raises(ValueError, match="jitter must be from 0 to 1"):
        kind(jitter=jitter)


@pytest.mark.parametrize("kind", [PollPolicy, RetryPolicy])
def test_different_clients_spread_out(kind: type[PollPolicy] | type[RetryPolicy]) -> None:
    """With the default chance, a hundred clients do not come back in the same instant."""
    delay: Callable[[int], float] = kind().delay
    assert len({delay(3) for _ in range(100)}) > 90
