"""From a prompt and a picture to an MP4, by command."""

from __future__ import annotations

import hashlib
import json

import av
from chainhub_sandbox import ReceivedRequest, Sandbox

from tests.support.places import KITTEN

from .command import Command
from .conftest import GROK


def test_openai_format_from_a_local_picture(command: Command, chainhub_sandbox: Sandbox) -> None:
    """One paid create becomes a playable file, with one plain line a change and one of result."""
    status, (result,), changes = command(
        "generate", "a [bold]kitten[/bold]", "--model", "veo_3_1", "--image", KITTEN,
        "--size", "1280x720", "--seconds", 8, "--no-watermark", "-o", "kitten.mp4",
    )  # fmt: skip
    assert (status, chainhub_sandbox.paid) == (0, 1)
    with av.open(command.folder / "kitten.mp4") as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert round((video.duration or 0) / av.time_base) == 8
    assert str(command.folder / "kitten.mp4") in result
    assert "video_" in result
    assert "queued" in changes[0]
    assert any("completed 100%" in line for line in changes)
    assert len(set(changes)) == len(changes)
    assert "\x1b" not in "".join(changes)
    sent = _create(chainhub_sandbox)
    assert sent.body["prompt"] == "a [bold]kitten[/bold]"
    assert sent.body["watermark"] == "false"
    assert sent.pictures[0].sha256 == hashlib.sha256(KITTEN.read_bytes()).hexdigest()


def test_unified_format_as_json(command: Command, chainhub_sandbox: Sandbox) -> None:
    """A local picture goes inline beside a linked one; the result is one JSON object, in ASCII whatever its name is."""
    link = "https://example.invalid/fish.png"
    status, (told,), _ = command(
        "generate", "the kitten eats", *GROK, "--image", KITTEN, "--image", link,
        "--inline-images", "--json", "-o", "猫.mp4",
    )  # fmt: skip
    assert (status, chainhub_sandbox.paid) == (0, 1)
    assert told.isascii()
    result = json.loads(told)
    content = (command.folder / "猫.mp4").read_bytes()
    assert result["path"] == str(command.folder / "猫.mp4")
    assert result["bytes"] == len(content)
    assert result["sha256"] == hashlib.sha256(content).hexdigest()
    assert (result["task"]["format"], result["task"]["status"]) == ("unified", "completed")
    inline, linked = _create(chainhub_sandbox).pictures
    assert inline.sha256 == hashlib.sha256(KITTEN.read_bytes()).hexdigest()
    assert linked.name == link


def _create(gateway: Sandbox) -> ReceivedRequest:
    """Return the only create that arrived."""
    (create,) = (entry for entry in gateway.requests if entry.step == "create")
    return create
