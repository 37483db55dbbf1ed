"""Learn from a task's progress when it may end."""

from __future__ import annotations

import attrs

from chainhub_video.policies import Estimate

_ROUNDED = 0.005  # of a progress in whole percent, on average
_STALLED = 10.0  # seconds without progress after which an end that was expected sooner is none


@attrs.define
class Progress:
    """How fast a task's progress grows, from the first sign of it."""

    _first: tuple[float, float] | None = None  # when it was seen, and the share
    _last: tuple[float, float] = (0.0, 0.0)  # when it last grew
    _rate: float = 0.0  # a second

    def estimate(self, clock: float, progress: float | None) -> Estimate | None:
        """Return what is expected; None for lack of progress, or after an end that did not come when expected."""
        if not progress:
            return None
        if self._first is None:
            self._first = self._last = (clock, progress)
            return None
        watched = clock - self._first[0]
        if progress > self._last[1] and clock > self._last[0]:
            lately = (progress - self._last[1]) / (clock - self._last[0])
            self._rate = max(lately, (progress - self._first[1]) / watched)
            self._last = (clock, progress)
        if not self._rate:
            return None
        left = max(0.0, 1.0 - progress - _ROUNDED) / self._rate
        stood_still = clock - self._last[0]
        if stood_still > max(left, _STALLED):
            return None
        return Estimate(max(left, stood_still), watched)
