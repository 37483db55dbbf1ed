"""From a prompt and a picture to an MP4, by command."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
from chainhub_sandbox import ReceivedRequest, Sandbox

from tests.support.places import KITTEN

from .conftest import Run


def test_openai_format_from_a_local_picture(run: Run, gateway: Sandbox, tmp_path: Path) -> None:
    """One paid create becomes a playable file, with one plain line a change and one of result."""
    paid = gateway.paid

    done = run(
        "generate", "a [bold]kitten[/bold]", "--model", "veo_3_1", "--image", KITTEN,
        "--size", "1280x720", "--seconds", 8, "--no-watermark", "-o", "kitten.mp4",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert gateway.paid == paid + 1
    with av.open(tmp_path / "kitten.mp4") as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert round((video.duration or 0) / av.time_base) == 8
    (result,) = done.stdout.splitlines()
    assert str(tmp_path / "kitten.mp4") in result
    assert "video_" in result
    changes = done.stderr.splitlines()
    assert "queued" in changes[0]
    assert any("completed 100%" in line for line in changes)
    assert len(set(changes)) == len(changes)
    assert "\x1b" not in done.stderr
    sent = last_create(gateway)
    assert sent.body["prompt"] == "a [bold]kitten[/bold]"
    assert sent.body["watermark"] == "false"
    assert sent.pictures[0].sha256 == hashlib.sha256(KITTEN.read_bytes()).hexdigest()


def test_unified_format_as_json(run: Run, gateway: Sandbox, tmp_path: Path) -> None:
    """A local picture goes inline beside a linked one, and the result is one JSON object."""
    paid = gateway.paid
    link = "https://example.invalid/fish.png"

    done = run(
        "generate", "the kitten eats", "--model", "grok-video-3", "--aspect-ratio", "3:2",
        "--image", KITTEN, "--image", link, "--inline-images", "--json", "-o", "unified.mp4",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert gateway.paid == paid + 1
    result = json.loads(done.stdout)
    content = (tmp_path / "unified.mp4").read_bytes()
    assert result["path"] == str(tmp_path / "unified.mp4")
    assert result["bytes"] == len(content)
    assert result["sha256"] == hashlib.sha256(content).hexdigest()
    assert result["task"]["format"] == "unified"
    assert result["task"]["status"] == "completed"
    sent = last_create(gateway)
    inline, linked = sent.pictures
    assert inline.sha256 == hashlib.sha256(KITTEN.read_bytes()).hexdigest()
    assert linked.name == link


def test_a_task_can_be_asked_for_and_saved_later(run: Run, tmp_path: Path) -> None:
    """`status` and `download` take up a task that another command has made."""
    made = run(
        "generate", "x", "--model", "grok-video-3", "--aspect-ratio", "1:1", "--json",
        "--timeout", 0, "-o", "never.mp4",
    )  # fmt: skip
    assert made.returncode == 4
    (task_id,) = {word.strip(":;,)") for word in made.stderr.split() if word.startswith("grok:")}

    saved = run("download", task_id, "-o", "later.mp4")
    status = run("status", task_id)
    status_json = run("status", task_id, "--json")

    assert saved.returncode == 0, saved.stderr
    assert (tmp_path / "later.mp4").stat().st_size > 1000
    assert status.stdout == f"completed 100% (task {task_id})\n"
    assert json.loads(status_json.stdout)["id"] == task_id


def last_create(gateway: Sandbox) -> ReceivedRequest:
    """Return the create that arrived last."""
    return next(entry for entry in reversed(gateway.requests) if entry.step == "create")
