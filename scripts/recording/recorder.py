"""Makes a cassette: plays a scenario, scrubs what was said, looks for secrets, and replays it before it is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from chainhub_video import __version__

from .capturing import capturing
from .cassette import Cassette
from .interactions import Interaction, header
from .media import Unclean
from .multipart import Malformed
from .playing import DRIVERS, ScenarioFailed, play, replay
from .replaying import LeftOver, NotRecorded
from .scanning import scan
from .scenarios import Scenario
from .scripting import Stage
from .scrubbing import Scrubber
from .sources import Origin

_OPERATIONS = (
    ("createVideo", re.compile(r"POST /v1/videos")),
    ("retrieveVideo", re.compile(r"GET /v1/videos/[^/]+")),
    ("downloadVideo", re.compile(r"GET /v1/videos/[^/]+/content")),
    ("createUnifiedVideo", re.compile(r"POST /v1/video/create")),
    ("queryUnifiedVideo", re.compile(r"GET /v1/video/query")),
)


def record(scenario: Scenario, opening: AbstractContextManager[Origin] | Origin) -> Cassette:
    """Record a scenario.

    Args:
        scenario: the one.
        opening: opens the gateway to record from, or is one.

    Raises:
        ScenarioFailed: it came out otherwise than it should, or its recording must not be kept.
    """
    if isinstance(opening, Origin):
        opening = nullcontext(opening)
    with opening as origin, TemporaryDirectory() as folder:
        stage = Stage(Path(folder), scenario.fields)
        options = {"base_url": origin.base_url, "api_key": origin.api_key}
        with capturing() as said:
            play(scenario, stage, options, driver="blocking")
        keys = {origin.api_key, str(scenario.options.get("api_key", ""))}
        cassette = _scrubbed(scenario, origin, stage, said, keys)
        _check(scenario, cassette, Path(folder), keys)
    return cassette


def _scrubbed(
    scenario: Scenario, origin: Origin, stage: Stage, said: Sequence[Interaction], keys: set[str]
) -> Cassette:
    videos = {sha256(each.answer.body).hexdigest() for each in said}
    if not {video.sha256 for video in stage.saved} <= videos:
        raise ScenarioFailed(f"{scenario.name}: a video was saved that no answer held whole")
    try:
        interactions = Scrubber(origin.base_url, origin.shown, keys).scrub(said)
    except (Unclean, Malformed) as error:
        raise ScenarioFailed(f"{scenario.name}: it cannot be scrubbed: {error}") from error
    head = {
        "scenario": scenario.name,
        "source": origin.source,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "client": f"chainhub-video {__version__}",
        "server": _server(said),
        "base_url": origin.shown,
        "formats": [scenario.format],
        "operations": _operations(interactions, origin.shown),
    }
    return Cassette(head, interactions)


def _check(scenario: Scenario, cassette: Cassette, folder: Path, keys: set[str]) -> None:
    """Refuse a cassette that is not clean, or does not replay as it was recorded."""
    text = cassette.text()
    findings = scan(text, scenario.name, keys)
    if findings:
        told = "; ".join(map(str, findings[:3]))
        raise ScenarioFailed(
            f"{scenario.name}: the recording is not clean, and was not kept: {told}"
        )
    draft = folder / f"{scenario.name}.yaml"
    draft.write_bytes(text.encode())
    for driver in DRIVERS:
        try:
            replay(draft, driver=driver)
        except (NotRecorded, LeftOver) as error:
            raise ScenarioFailed(
                f"{scenario.name}: it does not replay ({driver}): {error}"
            ) from error


def _server(said: Sequence[Interaction]) -> str:
    """What the gateway calls itself; the sandbox is as old as the package."""
    named = next((header(each.answer.headers, "server") for each in said), "")
    return f"{named} {__version__}" if named == "chainhub-sandbox" else named


def _operations(interactions: Sequence[Interaction], base_url: str) -> list[str]:
    used = dict[str, None]()
    for each in interactions:
        rest = each.request.url.removeprefix(base_url).partition("?")[0]
        for name, pattern in _OPERATIONS:
            if pattern.fullmatch(f"{each.request.method} {rest}"):
                used[name] = None
    return list(used)
