"""Open the gateways to record from: a sandbox of our own, or the one that the environment names."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chainhub_sandbox import Sandbox, VirtualClock
from chainhub_video.cli.announcing import is_loopback
from chainhub_video.runtime import using
from chainhub_video.settings import DEFAULT_BASE_URL, checked_base_url, checked_key

from .play import START, ScenarioFailed
from .scenarios import Scenario
from .stand_ins import GATEWAY

_PACE = 100  # seconds in each state: a task takes seven to ten minutes
_POLL_AFTER_MS = 300_000


@dataclass(frozen=True, slots=True)
class Origin:
    """A gateway that can be recorded from.

    Attributes:
        source: `sandbox` or `live`.
        base_url: where it is.
        api_key: that it takes.
        shown: what stands in for its address in cassettes.
    """

    source: str
    base_url: str
    api_key: str
    shown: str


@contextmanager
def sandbox(scenario: Scenario) -> Iterator[Origin]:
    """Open a sandbox that does what a scenario needs, on a clock that jumps over all waiting.

    Raises:
        ScenarioFailed: it charged for more than it should have, or the key came to where it must not.
    """
    key = f"sk-{secrets.token_urlsafe(32)}"  # looks like a real one, so that scrubbing is for real
    clock = VirtualClock(START)
    gateway = Sandbox(fast=True, pace=_PACE, poll_after_ms=_POLL_AFTER_MS, api_key=key, clock=clock)
    with gateway, using(clock=clock):
        for step, kind, parameters in scenario.faults:
            gateway.fault(step, kind, **parameters)
        yield Origin("sandbox", gateway.url, key, GATEWAY)
        if gateway.paid > scenario.charged:
            raise ScenarioFailed(f"{scenario.name}: {gateway.paid} creates would have been charged")
        if gateway.key_leaks:
            raise ScenarioFailed(f"{scenario.name}: the key was sent to the host of the links")


def live() -> Origin:
    """Return the gateway of CHAINHUB_BASE_URL, or production, with the key of CHAINHUB_API_KEY.

    Raises:
        ConfigurationError: there is no key, or the address must not be used.
    """
    base_url = checked_base_url(None)
    return Origin("live", base_url, checked_key(None), _shown(base_url))


def _shown(base_url: str) -> str:
    """Return what stands in for an address: production's own is no secret, but anybody else's is."""
    if base_url == DEFAULT_BASE_URL:
        return base_url
    return GATEWAY if is_loopback(base_url) else "https://gateway.chainhub.invalid"
