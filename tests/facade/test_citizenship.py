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
from chainhub_video import ChainHub, __version__

from tests.support.answering import say, tell
from tests.support.colours import POLL, Colour
from tests.support.echoing import echo
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, Wire, png


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
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At INFO the logger `chainhub_video` tells what was paid and how it ended, and nothing in between."""
    caplog.set_level(logging.INFO)
    hub = colour.hub(sandbox.url, api_key="sandbox", inline_images=True)
    size = (1280, 720) if wire is OPENAI else (1080, 720)
    saved = wire.generate(hub, image=png(size), save_to=tmp_path / "kitten.mp4")
    told = [r.getMessage() for r in caplog.records if r.name == "chainhub_video"]
    assert [words.split(" ")[0] for words in told] == ["created", "task", "saved"]
    assert all(saved.task.id in words for words in told)
    assert wire.name in told[0]
    assert "completed" in told[1]
    assert f"{saved.size} bytes" in told[2]


def test_the_log_keeps_its_voice_down(
    hub: Any, wire: Wire, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """What passes (a turned away create, a failed look) is for DEBUG; a failed task is an end and told at INFO."""
    caplog.set_level(logging.DEBUG, logger="chainhub_video")
    gateway.on("create", say(429), tell(wire.created()))
    gateway.on("query", say(503), tell(wire.seen("failed", error="a\nb")))
    with pytest.raises(Exception, match="ended as 'failed': a b"):
        hub.videos.wait(wire.create(hub))
    ours = [record for record in caplog.records if record.name == "chainhub_video"]
    levels = [(r.levelname, r.getMessage().split(" ")[0]) for r in ours]
    assert levels == [("DEBUG", "create"), ("INFO", "created"), ("DEBUG", "task"), ("INFO", "task")]
    assert "the-key" not in caplog.text
    assert all("\n" not in record.getMessage() for record in ours)


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
