"""The client in somebody else's program: its user agent, its logs, its threads, and the generated client within."""

from __future__ import annotations

import logging
import platform
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_api.api.openai import retrieve_video
from chainhub_api.api.unified import create_unified_video
from chainhub_api.models import CreateUnifiedVideoRequest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, TaskFailed, __version__

from tests.support.answering import say, tell
from tests.support.colours import POLL, Colour
from tests.support.echoing import echo
from tests.support.receipted import script
from tests.support.scripted import Gateway
from tests.support.wires import Wire, png


def test_the_user_agent_tells_the_version(
    colour: Colour, wire: Wire, gateway: Gateway, elsewhere: Gateway
) -> None:
    """Every request, to the gateway and elsewhere, says which client in which version sends it."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell(wire.seen()))
    elsewhere.on("/kitten.png", say(200, png()))
    hub = colour.hub(gateway.url)
    hub.videos.retrieve(wire.create(hub, image=f"{elsewhere.url}/kitten.png"))
    agents = {arrived.headers["user-agent"] for arrived in gateway.arrived + elsewhere.arrived}
    assert agents == {f"chainhub-video/{__version__} python/{platform.python_version()}"}


def test_the_log_tells_creates_and_ends(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    target: Path,
    video: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The logger `chainhub_video` tells what was paid and how it ended at INFO, and what passes at DEBUG."""
    caplog.set_level(logging.DEBUG, logger="chainhub_video")
    script(gateway, wire, video)
    saved = wire.generate(hub, save_to=target)
    lines = _logged(caplog, "INFO")
    assert [line.split(" ")[0] for line in lines] == ["created", "task", "saved"]
    for line, words in zip(lines, (wire.name, "completed", f"{saved.size} bytes"), strict=True):
        assert words in line
        assert wire.task_id in line
    caplog.clear()
    gateway.on("create", say(429), tell(wire.created()))
    gateway.on("query", say(503), tell(wire.seen("failed", error="a\nb")))
    with pytest.raises(TaskFailed, match="ended as 'failed': a b"):
        hub.videos.wait(wire.create(hub))
    assert [line.split(" ")[0] for line in _logged(caplog, "DEBUG")] == ["create", "task"]
    assert [line.split(" ")[0] for line in _logged(caplog, "INFO")] == ["created", "task"]
    assert "the-key" not in caplog.text


def _logged(caplog: pytest.LogCaptureFixture, level: str) -> list[str]:
    """What our logger has told at a level, each in one line."""
    records = [r for r in caplog.records if (r.name, r.levelname) == ("chainhub_video", level)]
    lines = [record.getMessage() for record in records]
    assert not any("\n" in line for line in lines)
    return lines


def test_one_client_serves_sixteen_threads(gateway: Gateway) -> None:
    """Sixteen threads create and ask through one client at once, and each gets its own answers, uploads unmixed."""
    echo(gateway)
    started = threading.Barrier(16)
    picture = png()
    arguments: dict[str, Any] = {"model": "veo_3_1", "size": "1280x720", "image": picture}
    with ChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:

        def job(number: int) -> list[str]:
            started.wait(10)
            seen = []
            for step in range(2):
                task = hub.videos.create(f"video_{number}-{step}", **arguments)
                seen += [
                    task.id,
                    hub.videos.retrieve(task).raw["prompt"],
                    hub.videos.wait(task.id).id,
                ]
            return seen

        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(job, range(16)))
    for number, seen in enumerate(results):
        assert seen == [f"video_{number}-{step}" for step in range(2) for _ in range(3)]
    assert all(create.parts["input_reference"] == picture for create in gateway.of("create"))
    assert gateway.count("create") == 32


def test_the_generated_client_can_be_had(sandbox: Sandbox) -> None:
    """`hub.raw` is the generated client with the same address and key: it creates and asks, and hides the key."""
    with ChainHub(base_url=sandbox.url, api_key="sandbox") as hub:
        assert hub.raw is hub.raw
        assert "sandbox" not in repr(hub.raw).replace(sandbox.url, "")
        with hub.raw as raw:
            body = CreateUnifiedVideoRequest(
                model="grok-video-3", prompt="A kitten", aspect_ratio="3:2", size="720P", images=[]
            )
            created = create_unified_video.sync(client=raw, body=body)
            assert hub.videos.wait(created.id).done  # type: ignore[union-attr]  # the sandbox accepts it
            missing = retrieve_video.sync_detailed("video_none", client=raw)
            assert missing.status_code >= 400
