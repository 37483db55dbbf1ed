"""Plays a scenario through either driver."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chainhub_sandbox import VirtualClock
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ChainHubError,
    PollPolicy,
    RetryPolicy,
    VideoTask,
)
from chainhub_video.runtime import using

from . import cassette, media
from .replaying import replaying
from .scenarios import SCENARIOS, Scenario
from .scripting import Ask, Stage, Unexpected

DRIVERS = ("blocking", "asyncio")
START = datetime(2026, 1, 1, tzinfo=UTC)
"""When time begins in the sandbox, and in replays; nothing depends on when that is."""


class ScenarioFailed(Exception):
    """A scenario that did not come out as it should; the text names it and the step."""


class _Play:
    """A scenario under way: the call it waits for, and what its calls came to."""

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self._scenario = scenario
        self._stage = stage
        self._script = scenario.script(stage)
        self.outcomes: list[str] = []
        self.next: Ask | None = None
        self._go(lambda: next(self._script))

    def give(self, result: Any) -> None:
        self.outcomes.append(f"{self._step}: {_told(result)}")
        self._go(lambda: self._script.send(result))

    def fail(self, error: ChainHubError) -> None:
        self.outcomes.append(f"{self._step}: {type(error).__name__}: {error}")
        self._go(lambda: self._script.throw(error))

    @property
    def _step(self) -> str:
        return f"step {len(self.outcomes) + 1}" + (f", {self.next.name}" if self.next else "")

    def _go(self, on: Any) -> None:
        came = self.outcomes[-1].partition(":")[0] if self.outcomes else "its beginning"
        try:
            self.next = on()
        except StopIteration:
            self.next = None
        except (ChainHubError, Unexpected) as error:
            kind = "" if isinstance(error, Unexpected) else f"{type(error).__name__}: "
            paid = ", ".join(task.id for task in self._stage.tasks)
            more = f" (created: {paid})" if paid and paid not in str(error) else ""
            raise ScenarioFailed(f"{self._scenario.name}, {came}: {kind}{error}{more}") from error


def play(scenario: Scenario, stage: Stage, options: Mapping[str, Any], *, driver: str) -> list[str]:
    """Play a scenario to its end.

    Args:
        scenario: the one.
        stage: what it is played with.
        options: of the client; the scenario's own come before them.
        driver: `blocking` or `asyncio`.

    Returns:
        What each of its calls came to, as text.

    Raises:
        ScenarioFailed: something else came out than should have.
    """
    policies = {"poll": PollPolicy(jitter=0), "retry": RetryPolicy(jitter=0)}
    limit = {"max_creates": scenario.creates or None}
    options = {**policies, **limit, **options, **scenario.options}
    running = _Play(scenario, stage)
    if driver == "asyncio":
        asyncio.run(_play_async(running, options))
    else:
        _play_blocking(running, options)
    return running.outcomes


def replay(path: Path, *, driver: str, **more: Any) -> list[str]:
    """Play a cassette's scenario with the cassette in place of the gateway; takes no time.

    Args:
        path: of the cassette.
        driver: `blocking` or `asyncio`.
        **more: further options of the client.

    Returns:
        What each of its calls came to, as text.

    Raises:
        ScenarioFailed: something else came out than should have.
        NotRecorded: the client asked for something else.
        LeftOver: it did not ask for everything.
        Unreadable: it is no cassette, or of no scenario.
    """
    recorded = cassette.read(path)
    scenario = SCENARIOS.get(str(recorded.head.get("scenario")))
    if scenario is None:
        raise cassette.Unreadable(f"{path}: there is no scenario {recorded.head.get('scenario')!r}")
    options = {"base_url": recorded.head["base_url"], "api_key": "replayed", **more}
    with (
        TemporaryDirectory() as folder,
        using(clock=VirtualClock(START)),
        replaying(path),
    ):
        stage = Stage(Path(folder), scenario.fields, media.stand_in_sha256())
        return [
            outcome.replace(folder, "") for outcome in play(scenario, stage, options, driver=driver)
        ]


def _play_blocking(running: _Play, options: Mapping[str, Any]) -> None:
    with ChainHub(**options) as hub:
        while (call := running.next) is not None:
            try:
                result = getattr(hub.videos, call.name)(*call.arguments, **call.named)
            except ChainHubError as error:
                running.fail(error)
            else:
                running.give(result)


async def _play_async(running: _Play, options: Mapping[str, Any]) -> None:
    async with AsyncChainHub(**options) as hub:
        while (call := running.next) is not None:
            try:
                result = getattr(hub.videos, call.name)(*call.arguments, **call.named)
                result = await result if inspect.isawaitable(result) else result
            except ChainHubError as error:
                running.fail(error)
            else:
                running.give(result)


def _told(result: Any) -> str:
    return result.to_json() if isinstance(result, VideoTask) else repr(result)
