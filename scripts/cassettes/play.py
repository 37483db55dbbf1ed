"""Play a scenario through either client, against a gateway or against its cassette."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chainhub_sandbox import VirtualClock
from chainhub_video import AsyncChainHub, ChainHub, ChainHubError, PollPolicy, RetryPolicy
from chainhub_video.runtime import using
from pipeline.report import Place, stop
from vcr.cassette import Cassette as Tape
from vcr.record_mode import RecordMode

from . import cassette, media
from .interactions import Request
from .match import differences
from .scenarios import SCENARIOS, Scenario
from .steps import Stage, Unexpected

DRIVERS = ("blocking", "asyncio")
START = datetime(2026, 1, 1, tzinfo=UTC)
"""When time begins in the sandbox, and in replays; nothing depends on when that is."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00")
OTHER_LIBRARIES = ("httplib", "requests", "boto3", "urllib3", "httplib2", "tornado", "aiohttp")
"""What the client does not use, and vcrpy need not patch."""


class ScenarioFailed(Exception):
    """A scenario that did not come out as it should; the text names it and the step."""


class NotRecorded(AssertionError):
    """A request that the cassette has no answer for, or no more; the message shows the nearest one that it has."""


class LeftOver(AssertionError):
    """A cassette of which not all was used; the message names what was left."""


def play(scenario: Scenario, stage: Stage, options: Mapping[str, Any], driver: str) -> list[str]:
    """Play a scenario to its end.

    Args:
        scenario: the one.
        stage: what it is played with; its calls are set here.
        options: of the client; the scenario's own come before them.
        driver: `blocking` or `asyncio`.

    Returns:
        What each of its calls came to, as text.

    Raises:
        ScenarioFailed: something else came out than should have.
    """
    policies = {"poll": PollPolicy(jitter=0), "retry": RetryPolicy(jitter=0), "max_creates": 1}
    options = {**policies, **options, **scenario.options}
    try:
        if driver == "asyncio":
            asyncio.run(_play_async(scenario, stage, options))
        else:
            with ChainHub(**options) as hub, contextlib.suppress(StopIteration):
                stage.videos = hub.videos
                # It awaits nothing that suspends, and so ends with its first step.
                scenario.steps(stage).send(None)
    except (ChainHubError, Unexpected) as error:
        kind = "" if isinstance(error, Unexpected) else f"{type(error).__name__}: "
        told = stage.named(f"{scenario.name}, {stage.step}: {kind}{error}")
        raise ScenarioFailed(told) from error
    return stage.outcomes


async def _play_async(scenario: Scenario, stage: Stage, options: Mapping[str, Any]) -> None:
    async with AsyncChainHub(**options) as hub:
        stage.videos = hub.videos
        await scenario.steps(stage)


def replay(path: Path, *, driver: str, **more: Any) -> list[str]:
    """Play a cassette's scenario with the cassette in place of the gateway; takes no time.

    Args:
        path: of the cassette.
        driver: `blocking` or `asyncio`.
        **more: further options of the client.

    Returns:
        What each of its calls came to, as text; the same each time, so without the time of day.

    Raises:
        ScenarioFailed: something else came out than should have.
        NotRecorded: the client asked for something else.
        LeftOver: it did not ask for everything.
        PipelineError: it is no cassette, or of no scenario.
    """
    head = cassette.read(path).head
    scenario = SCENARIOS.get(str(head.get("scenario")))
    if scenario is None:
        told = f"there is no scenario {head.get('scenario')!r}"
        raise stop(Place(str(path)), told, "scripts/record --list prints all")
    options = {"base_url": head["base_url"], "api_key": "replayed", **more}
    with TemporaryDirectory() as folder, using(clock=VirtualClock(START)), replaying(path):
        video = sha256(media.VIDEO).hexdigest()
        stage = Stage(None, Path(folder), scenario.fields, video)
        played = play(scenario, stage, options, driver)
        return [_MOMENT.sub("now", outcome.replace(folder, "")) for outcome in played]


@contextlib.contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Answer every httpx and httpx2 client of this process from a cassette; no connection is made.

    The same request asked again gets the next recorded answer, in the order of recording.

    Args:
        path: of the cassette; any that vcrpy can read.

    Raises:
        NotRecorded: there was a request that it has no answer for, whatever became of the exception then.
        LeftOver: not all recorded interactions were used.
    """
    with _StrictTape.use(
        path=str(path),
        record_mode=RecordMode.NONE,
        match_on=(_same,),
        skip_patchers=OTHER_LIBRARIES,
    ) as tape:
        trouble = None
        try:
            yield
        except Exception as error:  # noqa: BLE001 - it is raised again, or is the cause of ours
            trouble = error
    if tape.strangers:
        raise NotRecorded("\n".join(tape.strangers)) from trouble
    if trouble is not None:
        raise trouble
    left = [
        f"  interaction {turn}: {request.method} {request.uri}"
        for turn, request in enumerate(tape.requests, 1)
        if not tape.play_counts[turn - 1]
    ]
    if left:
        raise LeftOver(f"{path.name}: these were not asked for\n" + "\n".join(left))


def _plain(request: Any) -> Request:
    return cassette.request_of(request._to_dict())


def _same(sent: Any, recorded: Any) -> None:
    if found := differences(_plain(sent), _plain(recorded)):
        raise AssertionError("; ".join(found))


class _StrictTape(Tape):  # type: ignore[misc]
    """Refuses at once what is not recorded, and remembers it."""

    def __init__(self, **options: Any) -> None:
        self.strangers: list[str] = []
        super().__init__(**options)

    def can_play_response_for(self, request: Any) -> bool:
        if super().can_play_response_for(request):
            return True
        self.strangers.append(self._unanswered(_plain(request)))
        raise NotRecorded(self.strangers[-1])

    def _unanswered(self, sent: Request) -> str:
        begin = f"{Path(self.path).name}: no recorded answer for {sent}"
        recorded = [_plain(each) for each in self.requests]
        found = [differences(sent, each) for each in recorded]
        if not found:
            return f"{begin}\n  the cassette is empty"
        if used := found.count([]):
            return f"{begin}\n  it was recorded {used} times, and all of them have been used"
        ranks = [(_distance(each), self.play_counts[turn]) for turn, each in enumerate(found)]
        turn = ranks.index(min(ranks))
        nearest = f"  nearest: interaction {turn + 1}, {recorded[turn]}"
        return "\n".join([begin, nearest, *(f"    {line}" for line in found[turn])])


def _distance(found: list[str]) -> int:
    """Return how far a request is from a recorded one; another address is farther than all its fields."""
    return sum(100 if line.startswith(("method", "address")) else 1 for line in found)
