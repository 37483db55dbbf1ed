"""Tasks walk through the documented states, and complete only with a clip."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from chainhub_sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PACE = 0.08


def follow(caller: Caller, first: dict[str, Any]) -> list[dict[str, Any]]:
    """All answers to queries from the create to the end."""
    answers = [first]
    while answers[-1]["status"] not in {"completed", "failed"}:
        time.sleep(0.01)
        answers.append(caller.query(first["id"]).json())
    return answers


def words(answers: list[dict[str, Any]]) -> list[str]:
    """The states in order, each run of equal ones once."""
    states = [answer["status"] for answer in answers]
    return [state for index, state in enumerate(states) if states[index - 1 : index] != [state]]


@pytest.fixture(scope="module")
def slow_caller(caller: Caller) -> Any:
    """A client of a sandbox whose states last long enough to be seen one by one."""
    with Sandbox(fast=True, pace=PACE, poll_after_ms=123) as gateway:
        slow = type(caller)(gateway)
        yield slow
        slow.http.close()


def test_openai_walk(slow_caller: Caller) -> None:
    """Proves the order of states, whole percents that never fall, and the documented fields."""
    created = slow_caller.create_openai(seconds="2", size="16x9")
    answers = follow(slow_caller, created.json())
    assert words(answers) == ["queued", "processing", "in_progress", "completed"]
    percents = [answer["progress"] for answer in answers]
    assert percents == sorted(percents)
    assert all(type(percent) is int for percent in percents)
    assert percents[0] == 0
    assert percents[-1] == 100
    assert max(percents[:-1]) < 100
    for answer in answers:
        assert answer["object"] == "video"
        assert answer["model"] == "veo_3_1"
        assert answer["seconds"] == "2"
        assert answer["size"] == "16x9"
        assert abs(answer["created_at"] - time.time()) < 60
    assert re.fullmatch(f"video_{UUID}", created.json()["id"])
    assert answers[-1]["completed_at"] >= answers[-1]["created_at"]


def test_unified_walk(slow_caller: Caller) -> None:
    """Proves that generated is not completed: upsampling follows, and only then come links."""
    created = slow_caller.create_unified(
        images=["https://example.com/a.png"], prompt="A kitten --mode=custom"
    )
    assert created.json().keys() == {"id", "status", "status_update_time"}
    assert re.fullmatch(f"grok:{UUID}", created.json()["id"])
    answers = follow(slow_caller, created.json())
    assert words(answers) == [
        "pending",
        "processing",
        "image_downloading",
        "video_generating",
        "video_generation_completed",
        "video_upsampling",
        "completed",
    ]
    times = [answer["status_update_time"] for answer in answers]
    assert times == sorted(times)
    assert abs(times[0] / 1000 - time.time()) < 60
    *running, done = answers[1:]
    for answer in running:
        assert answer["video_url"] == ""
        assert answer["completed_at"] == 0
        assert answer["error"] == {"code": "", "message": ""}
        assert 0 <= answer["detail"]["pending_info"]["progress_pct"] < 1
    assert done["video_url"].startswith(slow_caller.gateway.links_url)
    assert done["thumbnail_url"].startswith(slow_caller.gateway.links_url)
    assert done["ratio"] == "3:2"
    assert done["prompt"] == "A kitten --mode=custom"
    assert done["prompt"] in done["enhanced_prompt"]
    assert done["mode"] == "custom"
    assert done["detail"]["images"] == [{"url": "https://example.com/a.png"}]
    assert done["completed_at"] > 1_000_000_000_000


def test_text_to_video_downloads_no_picture(slow_caller: Caller) -> None:
    """Proves that a task without pictures skips the state of downloading them."""
    answers = follow(slow_caller, slow_caller.create_unified(images=[]).json())
    assert "image_downloading" not in words(answers)
    assert answers[-1]["status"] == "completed"


def test_each_state_lasts_one_pace(slow_caller: Caller) -> None:
    """Proves that a task takes its four states' time and not much more."""
    started = time.monotonic()
    slow_caller.finish(slow_caller.create_openai())
    assert 4 * PACE <= time.monotonic() - started < 4 * PACE + 10


def test_queries_tell_when_to_ask_again(slow_caller: Caller) -> None:
    """Proves that answers about tasks carry openai-poll-after-ms: of a pace, or of a quarter right after the create."""
    openai, unified = slow_caller.create_openai(), slow_caller.create_unified()
    for created in (openai, unified):
        assert 1 <= int(created.headers["openai-poll-after-ms"]) <= 123
        answer = slow_caller.query(created.json()["id"])
        assert answer.headers["openai-poll-after-ms"] == "123"


def test_content_too_early(slow_caller: Caller) -> None:
    """Proves that content is 400 in shape 1 until the task is completed, and MP4 afterwards."""
    created = slow_caller.create_openai()
    path = f"/v1/videos/{created.json()['id']}/content"
    early = slow_caller.http.get(path)
    assert early.status_code == 400
    assert "not completed yet" in early.json()["error"]["message"]
    slow_caller.finish(created)
    content = slow_caller.http.get(path)
    assert content.status_code == 200
    assert content.headers["content-type"] == "video/mp4"
    assert int(content.headers["content-length"]) == len(content.content)


def test_completed_only_when_rendered(caller: Caller) -> None:
    """Proves that without any pace a task still runs until its clip is there."""
    with Sandbox(pace=0) as gateway:
        hurried = type(caller)(gateway)
        created = hurried.create_unified(prompt="A long way to go")
        answers = follow(hurried, created.json())
        assert words(answers)[-2:] == ["video_upsampling", "completed"]
        assert httpx.get(answers[-1]["video_url"]).status_code == 200
        hurried.http.close()


def test_rendering_failure_fails_the_task(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that a broken encoder ends the task as failed with a reason, and heals."""

    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("chainhub_sandbox.clips.render", broken)
        openai = caller.finish(caller.create_openai(prompt="will fail"))
        unified = caller.finish(caller.create_unified(prompt="will fail"))
    assert openai["status"] == unified["status"] == "failed"
    assert openai["error"]["message"] == "no space left on device"
    assert unified["detail"]["failure_reason"] == "no space left on device"
    assert unified["error"]["message"] == "no space left on device"
    assert unified["video_url"] == ""
    content = caller.http.get(f"/v1/videos/{openai['id']}/content")
    assert content.status_code == 400
    assert "no space left on device" in content.json()["error"]["message"]
    # A failure is not remembered: the same request may work the next time.
    assert caller.finish(caller.create_openai(prompt="will fail"))["status"] == "completed"
