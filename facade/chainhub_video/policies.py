"""`RetryPolicy` and `PollPolicy`: frozen values whose pure functions decide every delay."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


def _positive(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be above 0, not {value!r}")


def _not_negative(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{attribute.name} must be 0 or more, not {value!r}")


def _share(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
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


@attrs.frozen(kw_only=True)
class PollPolicy:
    """When to look at a running task again.

    Generation takes one to ten minutes, the gateway refreshes a task about every 15 seconds, and clients that
    asked every 5 seconds have met 429: so look once soon, then ever more rarely.

    Attributes:
        first: seconds before the first look after a create.
        interval: seconds before the next one, growing from there.
        maximum: the longest pause between two looks, in seconds.
        growth: what each pause is multiplied by to get the next.
        jitter: the share of a pause that is left to chance, 0.0 to 1.0, so that many clients spread out.
        minimum: the shortest pause, in seconds, whatever an estimate or the gateway says.
        patience: the longest pause, in seconds, whatever the gateway asks for.
        settle: seconds that the nodes of a gateway may take to agree: for as long, a task that is not found right after
            its create, and a completed one without a link, are looked at again.
    """

    first: float = attrs.field(default=3.0, validator=_not_negative)
    interval: float = attrs.field(default=6.0, validator=_positive)
    maximum: float = attrs.field(default=20.0, validator=_positive)
    growth: float = attrs.field(default=1.3, validator=_positive)
    jitter: float = attrs.field(default=0.1, validator=_share)
    minimum: float = attrs.field(default=0.05, validator=_not_negative)
    patience: float = attrs.field(default=300.0, validator=_not_negative)
    settle: float = attrs.field(default=60.0, validator=_not_negative)

    def delay(
        self,
        looks: int,
        *,
        hint: float | None = None,
        retry_after: float | None = None,
        remaining: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> float:
        """Return the seconds to pause before the next look.

        Args:
            looks: how many looks there have been.
            hint: what the last answer proposed (`openai-poll-after-ms`), in seconds; it replaces the schedule.
            retry_after: what the last answer demanded, in seconds; the pause is never shorter, up to `patience`.
            remaining: an estimate of the seconds until the task ends; a pause that would overshoot it is cut.
            chance: gives numbers from 0.0 to 1.0.
        """
        if looks == 0:
            pause = self.first
        else:
            pause = min(self.maximum, self.interval * self.growth ** min(looks - 1, 60))
            if remaining is not None:
                pause = min(pause, max(remaining, self.interval / 2))
            pause *= 1 - self.jitter * chance()
        if hint is not None:
            pause = hint
        pause = min(max(pause, retry_after or 0.0), self.patience)
        return max(pause, self.minimum if looks else 0.0)
