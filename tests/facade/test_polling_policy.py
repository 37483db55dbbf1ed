"""What holds of every pause, whatever the policy, the gateway and chance say."""

from __future__ import annotations

import math

import attrs
import pytest
from chainhub_video import PollPolicy, RetryPolicy
from hypothesis import given, settings
from hypothesis import strategies as st

seconds = st.floats(0, 1e6, allow_nan=False)
some_seconds = st.floats(1e-3, 1e6, allow_nan=False)
asked = st.none() | st.floats(0, 1e9)
chances = st.floats(0, 1)
looks = st.integers(0, 10_000)
polls = st.builds(
    PollPolicy,
    first=seconds,
    interval=some_seconds,
    maximum=some_seconds,
    growth=st.floats(1.0, 100.0),
    jitter=chances,
    minimum=st.floats(0, 1),
    patience=seconds,
)
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
@given(polls, looks, asked, asked, asked, chances)
def test_a_pause_is_a_duration(
    poll: PollPolicy,
    count: int,
    hint: float | None,
    retry_after: float | None,
    remaining: float | None,
    chance: float,
) -> None:
    """No policy, no number of looks and no header makes a pause negative, infinite, or longer than its patience."""
    pause = poll.delay(
        count, hint=hint, retry_after=retry_after, remaining=remaining, chance=lambda: chance
    )
    assert 0 <= pause < math.inf
    assert pause <= max(poll.patience, poll.minimum)
    assert pause >= (min(poll.minimum, poll.patience) if count else 0)


@brief
@given(polls, st.integers(1, 10_000), asked, chances)
def test_no_pause_exceeds_the_ceiling_unless_asked(
    poll: PollPolicy, count: int, remaining: float | None, chance: float
) -> None:
    """Without a word from the gateway, no pause is longer than `maximum`."""
    pause = poll.delay(count, remaining=remaining, chance=lambda: chance)
    assert pause <= max(poll.maximum, poll.minimum)


@brief
@given(polls, chances)
def test_chance_only_shortens_and_only_by_its_share(poll: PollPolicy, chance: float) -> None:
    """Jitter takes at most its share off a pause, and the same chance gives the same pause."""
    poll = attrs.evolve(poll, minimum=0.0, patience=math.inf)
    full = poll.delay(3, chance=lambda: 0.0)
    pause = poll.delay(3, chance=lambda: chance)
    assert full * (1 - poll.jitter) <= pause * (1 + 1e-9)
    assert pause <= full
    assert pause == poll.delay(3, chance=lambda: chance)


@brief
@given(polls, st.integers(1, 200))
def test_pauses_grow(poll: PollPolicy, count: int) -> None:
    """Without chance, each pause is at least as long as the one before, up to the ceiling."""
    steady = attrs.evolve(poll, jitter=0.0)
    pauses = [steady.delay(n) for n in range(1, count + 1)]
    assert pauses == sorted(pauses)


@brief
@given(polls, st.integers(1, 200), st.floats(0, 1e4), st.floats(0, 1e4))
def test_an_estimate_brings_looks_closer(
    poll: PollPolicy, count: int, near: float, far: float
) -> None:
    """The nearer the end, the sooner the next look: an estimate never delays one, and never brings a stampede."""
    near, far = sorted((near, far))
    steady = attrs.evolve(poll, jitter=0.0)
    without = steady.delay(count)
    soon, later = steady.delay(count, remaining=near), steady.delay(count, remaining=far)
    assert soon <= later <= without
    assert soon >= min(without, steady.interval / 2, steady.patience)
    if near < without:
        assert soon <= max(near, steady.interval / 2, steady.minimum)


@brief
@given(polls, looks, asked, asked, st.floats(0, 1e9), chances)
def test_what_the_gateway_demands_wins(
    poll: PollPolicy,
    count: int,
    hint: float | None,
    remaining: float | None,
    retry_after: float,
    chance: float,
) -> None:
    """No look comes before `Retry-After`, whatever a proposal or an estimate says, up to the policy's patience."""
    pause = poll.delay(
        count, hint=hint, retry_after=retry_after, remaining=remaining, chance=lambda: chance
    )
    assert pause >= min(retry_after, poll.patience)


@brief
@given(polls, st.integers(1, 10_000), st.floats(0, 1e9), chances)
def test_a_proposal_replaces_the_schedule(
    poll: PollPolicy, count: int, hint: float, chance: float
) -> None:
    """What the gateway proposes is taken as it is, within the floor and the patience that the policy sets."""
    pause = poll.delay(count, hint=hint, remaining=1.0, chance=lambda: chance)
    assert pause == max(min(hint, poll.patience), poll.minimum)


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
    """Out of the box, a wait looks within seconds, then every 6 to 20 s, at most 70 times in 20 minutes."""
    poll = PollPolicy(jitter=0.0)
    assert poll.delay(0) <= 5
    waited, count = poll.delay(0), 0
    while waited < 1200:
        count += 1
        pause = poll.delay(count)
        assert 6 <= pause <= 20
        waited += pause
    assert 40 <= count <= 70
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
    policy = kind()
    assert len({policy.delay(3) for _ in range(100)}) > 90
