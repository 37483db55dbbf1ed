"""`BatchOptions`: how a batch is run, checked."""

from __future__ import annotations

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.flows.wait import check_timeout


@attrs.frozen(kw_only=True)
class BatchOptions:
    """How a batch is run; the fields are the parameters of `Batch.run`."""

    concurrency: int
    rate: float | None
    max_creates: int | None
    stop_after_failures: int | None
    dry_run: bool
    resubmit_uncertain: bool
    retry_failed: bool
    skip_invalid: bool
    timeout: float | None

    def __attrs_post_init__(self) -> None:
        check_timeout(self.timeout)
        for field, least in (("concurrency", 1), ("max_creates", 0), ("stop_after_failures", 1)):
            value = getattr(self, field)
            if value is None and field != "concurrency":
                continue
            if type(value) is not int or value < least:
                raise InvalidRequest(
                    f"{field} is {value!r:.80}, and must be a whole number of {least} or more"
                )
        rate = self.rate
        if rate is not None and (not isinstance(rate, int | float) or not 0 < rate < 1e9):
            raise InvalidRequest(f"rate is {rate!r:.80}, and must be creates a minute, above 0")
