"""Replays: answers in order, and what is said when something is not as recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cassettes import cassette
from cassettes.play import LeftOver, NotRecorded, ScenarioFailed, replay, replaying
from cassettes.scenarios import SCENARIOS
from chainhub_sandbox import VirtualClock
from chainhub_video import ChainHub
from chainhub_video.runtime import using
from pipeline.report import PipelineError

from tests.support.places import CASSETTES

UNIFIED = CASSETTES / "unified-success.yaml"
OPENAI = CASSETTES / "openai-success.yaml"
GROK = "grok:00000000-0000-4000-8000-000000000001"
VIDEO = "video_00000000-0000-4000-8000-000000000001"


@pytest.fixture
def hub() -> Iterator[ChainHub]:
    """A client of the recorded gateway, in time that jumps over pauses."""
    base_url = str(cassette.read(UNIFIED).head["base_url"])
    with using(clock=VirtualClock()), ChainHub(base_url=base_url, api_key="k") as hub:
        yield hub


def test_a_client_of_another_library_replays_as_well() -> None:
    """A lent httpx2 client is answered from the cassette too."""
    with httpx2.Client() as http:
        assert replay(OPENAI, driver="blocking", http_client=http)
        assert replay(CASSETTES / "unified-late-link.yaml", driver="blocking", http_client=http)


def test_the_same_question_gets_its_answers_in_order(hub: ChainHub) -> None:
    """Polls that are equal to the byte are answered one after the other, as they were recorded."""
    told: list[str] = []
    with replaying(UNIFIED):
        task = hub.videos.create("The kitten is eating fish", **SCENARIOS[UNIFIED.stem].fields)
        done = hub.videos.wait(task, on_update=lambda each: told.append(each.raw_status))
        hub.videos.download(done, Path("video.mp4"))
    # The create says "pending" without a progress, the first query with one.
    assert told == ["pending", "pending", "video_generating", "completed"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_not_asked_for_is_told(hub: ChainHub) -> None:
    """A replay that leaves interactions over fails, and names each of them."""
    with pytest.raises(LeftOver) as told, replaying(UNIFIED):
        hub.videos.retrieve(GROK)
    lines = str(told.value).splitlines()
    assert lines[0] == "unified-success.yaml: these were not asked for"
    left = [line.split(":")[0].strip() for line in lines[1:]]
    assert left == [f"interaction {turn}" for turn in (1, 3, 4, 5)]
    assert "POST https://sandbox.chainhub.invalid/v1/video/create" in lines[1]


def test_what_is_asked_too_often_is_told(hub: ChainHub) -> None:
    """When all answers to a question are used, the next one fails and says how many there were."""
    used_up = pytest.raises(NotRecorded, match="recorded 3 times, and all of them have been used")
    with used_up, replaying(UNIFIED):
        for _ in range(4):
            hub.videos.retrieve(GROK)


def test_an_unknown_request_shows_the_nearest_recorded_one(hub: ChainHub) -> None:
    """A request that differs in two fields fails, with the nearest interaction and just these two fields."""
    fields = {**SCENARIOS[UNIFIED.stem].fields, "aspect_ratio": "1:1"}
    with pytest.raises(NotRecorded) as told, replaying(UNIFIED):
        hub.videos.create("The kitten is drinking milk", **fields)
    assert str(told.value).splitlines() == [
        "unified-success.yaml: no recorded answer for POST https://sandbox.chainhub.invalid/v1/video/create",
        "  nearest: interaction 1, POST https://sandbox.chainhub.invalid/v1/video/create",
        "    body, field prompt: 'The kitten is drinking milk' sent, 'The kitten is eating fish' recorded",
        "    body, field aspect_ratio: '1:1' sent, '3:2' recorded",
    ]


def test_who_swallows_the_refusal_fails_all_the_same(hub: ChainHub) -> None:
    """A request that was not recorded fails the replay even if the code under test catches everything."""
    unknown = pytest.raises(NotRecorded, match="no recorded answer for GET")
    with unknown, replaying(UNIFIED), contextlib.suppress(BaseException):
        hub.videos.retrieve("grok:another")


def test_a_scenario_that_comes_out_otherwise_is_named(tmp_path: Path) -> None:
    """A cassette whose last answer says something else fails with the scenario, the step, and what was expected."""
    changed = UNIFIED.read_text("utf-8").replace('"status": "completed"', '"status": "expired"')
    path = tmp_path / "changed.yaml"
    path.write_text(changed, "utf-8")
    with pytest.raises(
        ScenarioFailed, match="unified-success, step 2, wait: TaskFailed: task grok:"
    ):
        replay(path, driver="blocking")


def test_a_cassette_of_no_scenario_is_named(tmp_path: Path) -> None:
    """Only what a scenario recorded can be replayed as one; the message is one line with the file's name."""
    path = tmp_path / "odd.yaml"
    path.write_text(
        UNIFIED.read_text("utf-8").replace("scenario: unified-success", "scenario: other")
    )
    with pytest.raises(
        PipelineError, match=r"odd\.yaml: error: there is no scenario 'other'\. Next"
    ):
        replay(path, driver="blocking")
