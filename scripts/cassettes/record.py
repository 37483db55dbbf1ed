"""Make a cassette: play a scenario, scrub what was said, look for secrets, and replay it before it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import vcr
from chainhub_video import __version__
from vcr.persisters.filesystem import CassetteNotFoundError

from .cassette import Cassette, interaction
from .gateways import Origin
from .interactions import Interaction, header
from .multipart import Malformed
from .play import DRIVERS, OTHER_LIBRARIES, LeftOver, NotRecorded, ScenarioFailed, play, replay
from .scan import scan
from .scenarios import Scenario
from .scrub import Scrubber, Unclean
from .steps import Stage

_OPERATIONS = {
    "createVideo": r"POST /v1/videos",
    "retrieveVideo": r"GET /v1/videos/[^/]+",
    "downloadVideo": r"GET /v1/videos/[^/]+/content",
    "createUnifiedVideo": r"POST /v1/video/create",
    "queryUnifiedVideo": r"GET /v1/video/query",
}


class _Memory:
    """Keeps cassettes nowhere."""

    @staticmethod
    def load_cassette(*_: Any, **__: Any) -> None:
        raise CassetteNotFoundError

    @staticmethod
    def save_cassette(*_: Any, **__: Any) -> None:
        pass


@contextmanager
def capturing() -> Iterator[list[Interaction]]:
    """Record every exchange of this process that ends with a whole answer, in memory; the list is filled at the end."""
    recorder = vcr.VCR(record_mode=vcr.mode.ALL, skip_patchers=OTHER_LIBRARIES)
    recorder.register_persister(_Memory)
    said: list[Interaction] = []
    with recorder.use_cassette("in memory") as tape:
        try:
            yield said
        finally:
            said += [interaction(request._to_dict(), response) for request, response in tape.data]


def record(scenario: Scenario, origin: Origin) -> Cassette:
    """Record a scenario.

    Args:
        scenario: the one.
        origin: the gateway to record from.

    Raises:
        ScenarioFailed: it came out otherwise than it should, or its recording must not be kept.
    """
    keys = {origin.api_key, str(scenario.options.get("api_key", ""))}
    options = {"base_url": origin.base_url, "api_key": origin.api_key}
    with TemporaryDirectory() as folder:
        stage = Stage(None, Path(folder), scenario.fields)
        with capturing() as said:
            play(scenario, stage, options, "blocking")
        videos = {sha256(each.answer.body).hexdigest() for each in said}
        try:
            if not {video.sha256 for video in stage.saved} <= videos:
                raise Unclean("a video was saved that no answer held whole")
            interactions = Scrubber(origin.base_url, origin.shown, keys).scrub(said)
            cassette = Cassette(_head(scenario, origin, said, interactions), interactions)
            _check(cassette, Path(folder) / f"{scenario.name}.yaml", keys)
        except (Unclean, Malformed) as error:
            told = f"{scenario.name}: it cannot be scrubbed: {error}"
            raise ScenarioFailed(stage.named(told)) from error
        except ScenarioFailed as error:
            raise ScenarioFailed(stage.named(str(error))) from error
    return cassette


def _head(
    scenario: Scenario, origin: Origin, said: Sequence[Interaction], kept: Sequence[Interaction]
) -> dict[str, Any]:
    server = next((header(each.answer.headers, "server") for each in said), "")
    if server == "chainhub-sandbox":  # which is as old as the package
        server = f"{server} {__version__}"
    operations = dict.fromkeys(
        name
        for each in kept
        for name, pattern in _OPERATIONS.items()
        if re.fullmatch(pattern, str(each.request).replace(origin.shown, "").partition("?")[0])
    )
    return {
        "scenario": scenario.name,
        "source": origin.source,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "client": f"chainhub-video {__version__}",
        "server": server,
        "base_url": origin.shown,
        "formats": [scenario.format],
        "operations": list(operations),
    }


def _check(cassette: Cassette, draft: Path, keys: set[str]) -> None:
    """Refuse a cassette that is not clean, or does not replay as it was recorded."""
    text = cassette.text()
    if findings := scan(text, draft.stem, keys):
        told = "; ".join(map(str, findings[:3]))
        raise ScenarioFailed(f"{draft.stem}: the recording is not clean, and was not kept: {told}")
    draft.write_bytes(text.encode())
    for driver in DRIVERS:
        try:
            replay(draft, driver=driver)
        except (NotRecorded, LeftOver) as error:
            told = f"{draft.stem}: it does not replay ({driver}): {error}"
            raise ScenarioFailed(told) from error
