"""`RetryPolicy` and `PollPolicy`: frozen values whose pure functions decide every delay."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


def _positive(_instance: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"{attribute.name} must be above 0, not {value!r}")


def _not_negative(_instance: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"{attribute.name} must be 0 or more, not {value!r}")


def _share(_instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} must be from 0 to 1, not {value!r}")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When to try again what is safe to send again.

    A create is safe only if it surely never reached the gateway, or was turned away with 429.
    Queries and downloads are always safe.

    Attributes:
        attempts: how often a create is tried in all, the first time included.
        first: seconds before the second attempt.
        maximum: the longest pause between two attempts, in seconds.
        jitter: the share of a pause that is left to chance, 0.0 to 1.0.
        patience: the longest pause that is waited at all, in seconds, if the gateway asks for more than `maximum`.
    """

    attempts: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    first: float = attrs.field(default=0.5, validator=_not_negative)
    maximum: float = attrs.field(default=30.0, validator=_positive)
    jitter: float = attrs.field(default=0.25, validator=_share)
    patience: float = attrs.field(default=120.0, validator=_not_negative)

    def allows(self, failures: int, pause: float) -> bool:
        """Return whether a create may be tried again.

        Args:
            failures: how many attempts have failed so far.
            pause: the seconds that would have to pass first.
        """
        return failures < self.attempts and pause <= self.patience

    def delay(
        self,
        failures: int,
        *,
        retry_after: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> float:
        """Return the seconds to pause.

        Args:
            failures: how many attempts have failed so far, at least 1.
            retry_after: what the gateway asked for, in seconds; the pause is never shorter.
            chance: gives numbers from 0.0 to 1.0.
        """
        pause = min(self.maximum, self.first * 2.0 ** min(failures - 1, 60))
        pause *= 1 - self.jitter * chance()
        return max(pause, retry_after or 0.0)


# Pauses in seconds at ages in seconds, fitted to durations of one to seven minutes: see docs/polling.md.
_PAUSES = ((40.0, 14.4), (100.0, 12.3), (250.0, 13.9), (400.0, 16.0))
_LIKELY = 100.0  # seconds: the age at which ends are likeliest
_NEAR = 10.0  # seconds before an expected end, when one poll is meant to be the last
_SURE = 20.0  # seconds of watching after which half of what is expected to be left is slept
_FARTHEST = 3.0  # a pause for the sake of an estimate, as a multiple of one without


@attrs.frozen
class Estimate:
    """What a task's progress says of its end.

    Attributes:
        remaining: seconds until it.
        watched: seconds of progress that this was learned from.
    """

    remaining: float
    watched: float


@attrs.frozen(kw_only=True)
class PollPolicy:
    """When to poll a running task again.

    Generation takes one to ten minutes, and clients that asked every 5 seconds have met 429. So by default the
    first poll comes late, and later ones where the end is likely, which progress predicts better than the age.
    docs/polling.md weighs the polls against the delay with which an end is noticed.

    Attributes:
        first: seconds after a create before the first poll; None for `interval`, or 40.
        interval: seconds between two polls, always the same; None for pauses by the task's age and progress.
        jitter: the share of a pause that is left to chance, 0.0 to 1.0, so that many clients spread out.
        minimum: the shortest pause, in seconds, whatever an estimate or the gateway says.
        patience: the longest pause, in seconds, whatever the gateway asks for.
        rate: polls a second of all waits of one client together; None for any number.
        settle: seconds that the nodes of a gateway may take to agree: for as long, a task that is not found right after
            its create, and a completed one without a link, are queried again.
    """

    first: float | None = attrs.field(default=None, validator=_not_negative)
    interval: float | None = attrs.field(default=None, validator=_positive)
    jitter: float = attrs.field(default=0.1, validator=_share)
    minimum: float = attrs.field(default=0.05, validator=_not_negative)
    patience: float = attrs.field(default=300.0, validator=_not_negative)
    rate: float | None = attrs.field(default=100.0, validator=_positive)
    settle: float = attrs.field(default=60.0, validator=_not_negative)

    def first_delay(
        self,
        age: float = 0.0,
        *,
        hint: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> float:
        """Return the seconds to pause before the first poll.

        Args:
            age: seconds since the create.
            hint: what the answer to the create proposed (`openai-poll-after-ms`), in seconds.
            chance: gives numbers from 0.0 to 1.0.
        """
        if hint is not None:
            return max(min(hint, self.patience), self.minimum)
        first = self.first if self.first is not None else self.interval or _PAUSES[0][0]
        return max(0.0, min(self._varied(first, chance), self.patience) - age)

    def delay(
        self,
        age: float | None = None,
        *,
        hint: float | None = None,
        retry_after: float | None = None,
        estimate: Estimate | None = None,
        chance: Callable[[], float] = random.random,
    ) -> float:
        """Return the seconds to pause before the next poll.

        Args:
            age: seconds since the task's create; None if nobody knows.
            hint: what the last answer proposed (`openai-poll-after-ms`), in seconds; it replaces the schedule.
            retry_after: what the last answer demanded, in seconds; the pause is never shorter, up to `patience`.
            estimate: what the task's progress says, if it says anything; of no use to a fixed `interval`.
            chance: gives numbers from 0.0 to 1.0.
        """
        if hint is not None:
            pause = hint
        elif self.interval is not None:
            pause = self._varied(self.interval, chance)
        else:
            usual = self._varied(_pause_at(_LIKELY if age is None else age), chance)
            pause = usual if estimate is None else _pause_for(estimate, usual)
        return max(min(max(pause, retry_after or 0.0), self.patience), self.minimum)

    def _varied(self, pause: float, chance: Callable[[], float]) -> float:
        """Return a pause, longer or shorter by half of the share that is left to chance."""
        return pause * (1 + self.jitter * (chance() - 0.5))


def _pause_at(age: float) -> float:
    """Return the pause for an age, between those of the table."""
    younger, pause = _PAUSES[0]
    for older, other in _PAUSES:
        if age <= older:
            share = (age - younger) / (older - younger) if older > younger else 0.0
            return pause + max(0.0, share) * (other - pause)
        younger, pause = older, other
    return pause


def _pause_for(estimate: Estimate, usual: float) -> float:
    """Return the pause that an estimate of the end asks for.

    Far from it, the more of it is slept the longer the task has been watched; close to it, all of it and a little more,
    so that the next poll is the last.
    """
    left, watched = estimate.remaining, estimate.watched
    if left <= _NEAR:
        return max(1.5, left + 0.5)
    return max(min(usual, left), min(left * watched / (watched + _SURE), _FARTHEST * usual))
