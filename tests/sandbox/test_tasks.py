"""Tasks walk through the documented states, and complete only with a clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import httpx
import pytest
from chainhub_sandbox import Sandbox, VirtualClock

from tests.support.sandbox_caller import Caller

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PACE = 10.0


@pytest.fixture(scope="module")
def slow() -> Iterator[Caller]:
    """A client of a sandbox whose time passes only where a test lets it."""
    with (
        Sandbox(fast=True, pace=PACE, clock=VirtualClock(), poll_after_ms=123) as gateway,
        Caller(gateway) as caller,
    ):
        yield caller


def follow(caller: Caller, created: httpx.Response) -> tuple[list[str], list[dict[str, Any]]]:
    """The states in order, and all answers from the create to the end, several a state."""
    answers = [created.json()]
    for _ in range(4 * 8):
        caller.gateway.advance(PACE / 4)
        answers.append(caller.query(answers[0]["id"]).json())
        if answers[-1]["status"] == "completed":
            break
    else:
        answers.append(caller.finish(created))  # its clip was not there yet
    return [state for state, _ in groupby(answer["status"] for answer in answers)], answers


def test_openai_walk(slow: Caller) -> None:
    """The states come in order, each for one pace, with whole percents that never fall and the documented fields."""
    now = slow.gateway.clock.time()
    states, answers = follow(slow, slow.create_openai(size="16x9"))
    assert states == ["queued", "processing", "in_progress", "completed"]
    counts = [sum(answer["status"] == state for answer in answers) for state in states[:3]]
    assert counts[:2] == [4, 4]
    percents = [answer["progress"] for answer in answers]
    assert percents == sorted(percents)
    assert all(type(percent) is int for percent in percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert max(percents[:-1]) < 100
    for answer in answers:
        told = {"object": "video", "model": "veo_3_1", "seconds": "2", "size": "16x9"}
        assert answer | told == answer
        assert abs(answer["created_at"] - now) < 2
    assert re.fullmatch(f"video_{UUID}", answers[0]["id"])
    assert answers[-1]["completed_at"] >= now + 4 * PACE - 2


def test_unified_walk(slow: Caller) -> None:
    """Generated is not completed: upsampling follows, and only then come links."""
    now = slow.gateway.clock.time()
    link, prompt = "https://example.com/a.png", "A kitten --mode=custom"
    created = slow.create_unified(images=[link], prompt=prompt)
    assert created.json().keys() == {"id", "status", "status_update_time"}
    assert re.fullmatch(f"grok:{UUID}", created.json()["id"])
    states, answers = follow(slow, created)
    assert states == [
        *("pending", "processing", "image_downloading", "video_generating"),
        *("video_generation_completed", "video_upsampling", "completed"),
    ]
    times = [answer["status_update_time"] for answer in answers]
    assert times == sorted(times)
    assert abs(times[0] / 1000 - now) < 2
    *running, done = answers[1:]
    for answer in running:
        empty = {"video_url": "", "completed_at": 0, "error": {"code": "", "message": ""}}
        assert answer | empty == answer
        assert 0 <= answer["detail"]["pending_info"]["progress_pct"] < 1
    assert done["video_url"].startswith(slow.gateway.links_url)
    assert done["thumbnail_url"].startswith(slow.gateway.links_url)
    assert done | {"ratio": "3:2", "prompt": prompt, "mode": "custom"} == done
    assert prompt in done["enhanced_prompt"]
    assert done["detail"]["images"] == [{"url": link}]
    assert done["completed_at"] > 1_000_000_000_000


def test_text_to_video_downloads_no_picture(slow: Caller) -> None:
    """A task without pictures skips the state of downloading them."""
    states, _ = follow(slow, slow.create_unified(images=[]))
    assert "image_downloading" not in states
    assert states[-1] == "completed"


def test_queries_tell_when_to_ask_again(slow: Caller) -> None:
    """Answers about tasks carry openai-poll-after-ms: of a pace, or of a quarter right after the create."""
    for created in (slow.create_openai(), slow.create_unified()):
        assert 1 <= int(created.headers["openai-poll-after-ms"]) <= 123
        answer = slow.query(created.json()["id"])
        assert answer.headers["openai-poll-after-ms"] == "123"


def test_content_too_early(slow: Caller) -> None:
    """Content is 400 in shape 1 until the task is completed, and MP4 afterwards."""
    created = slow.create_openai()
    early = slow.content(created.json()["id"])
    assert early.status_code == 400
    assert "not completed yet" in early.json()["error"]["message"]
    slow.finish(created)
    content = slow.content(created.json()["id"])
    assert (content.status_code, content.headers["content-type"]) == (200, "video/mp4")
    assert int(content.headers["content-length"]) == len(content.content)


def test_completed_only_when_rendered() -> None:
    """Without any pace a task still runs until its clip is there."""
    with Sandbox(pace=0) as gateway, Caller(gateway) as caller:
        created = caller.create_unified(prompt="A long way to go")
        assert caller.query(created.json()["id"]).json()["status"] == "video_upsampling"
        state = caller.finish(created)
        assert state["status"] == "completed"
        assert httpx.get(state["video_url"]).status_code == 200


def test_rendering_failure_fails_the_task(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken encoder ends the task as failed with a reason, which is not remembered for the next one."""
    reason = "no space left on device"

    def broken(*_: object) -> None:
        raise OSError(reason)

    with monkeypatch.context() as patch:
        patch.setattr("chainhub_sandbox.clips.render", broken)
        openai = caller.finish(caller.create_openai(prompt="will fail"))
        unified = caller.finish(caller.create_unified(prompt="will fail"))
    assert openai["status"] == unified["status"] == "failed"
    assert openai["error"]["message"] == unified["error"]["message"] == reason
    assert (unified["detail"]["failure_reason"], unified["video_url"]) == (reason, "")
    content = caller.content(openai["id"])
    assert content.status_code == 400
    assert reason in content.json()["error"]["message"]
    assert caller.finish(caller.create_openai(prompt="will fail"))["status"] == "completed"
