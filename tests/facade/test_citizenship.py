"""The client behaves in somebody else's program: timeouts, user agent, logs, threads, the raw door."""

from __future__ import annotations

import logging
import platform
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_api.api.openai import retrieve_video
from chainhub_api.api.unified import create_unified_video
from chainhub_api.models import CreateUnifiedVideoRequest
from chainhub_sandbox import Sandbox
from chainhub_video import (
    ChainHub,
    Timeouts,
    __version__,
)

from tests.support.answering import say, tell
from tests.support.colours import POLL, Colour
from tests.support.echoing import echo
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, Wire, png


def _recording(colour: Colour, seen: list[httpx.Request]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "pictures.test":
            return httpx.Response(200, content=png())
        return httpx.Response(200, json={"id": "video_1", "status": "processing"})

    return colour.http_client(transport=httpx.MockTransport(answer), timeout=0.001)


def test_the_default_timeouts_reach_the_wire(colour: Colour, wire: Wire) -> None:
    """Connect 10 s, read 60 s, write 120 s; only the create's answer is awaited 300 s; a lent client's own yield."""
    seen: list[httpx.Request] = []
    hub = colour.hub("https://gateway.test", http_client=_recording(colour, seen))
    if wire is OPENAI:
        wire.create(hub, image="https://pictures.test/kitten.png")
        fetch = seen.pop(0)
        assert fetch.extensions["timeout"] == {"connect": 10, "read": 60, "write": 120, "pool": 10}
    else:
        wire.create(hub)
    hub.videos.retrieve(wire.task())
    create, query = (request.extensions["timeout"] for request in seen)
    assert create == {"connect": 10, "read": 300, "write": 120, "pool": 10}
    assert query == {"connect": 10, "read": 60, "write": 120, "pool": 10}


@pytest.mark.parametrize(
    ("timeout", "create", "query"),
    [
        (5, (5, 300, 5, 5), (5, 5, 5, 5)),
        (900.0, (900, 900, 900, 900), (900, 900, 900, 900)),
        (Timeouts(1, 2, 3, 4), (1, 4, 3, 1), (1, 2, 3, 1)),
    ],
)
def test_timeouts_of_ones_own_reach_the_wire(
    colour: Colour, timeout: Any, create: tuple[float, ...], query: tuple[float, ...]
) -> None:
    """One number bounds each step but never cuts a create's answer short; a `Timeouts` is taken as it is."""
    seen: list[httpx.Request] = []
    hub = colour.hub("https://gateway.test", http_client=_recording(colour, seen), timeout=timeout)
    OPENAI.create(hub)
    hub.videos.retrieve("video_1")
    steps = ("connect", "read", "write", "pool")
    sent = [tuple(request.extensions["timeout"][step] for step in steps) for request in seen]
    assert sent == [create, query]


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
    with ChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:

        def job(number: int) -> list[str]:
            started.wait(10)
            seen = []
            for step in range(3):
                name = f"video_{number}-{step}"
                task = hub.videos.create(name, model="veo_3_1", size="1280x720", image=picture)
                seen += [
                    task.id,
                    hub.videos.retrieve(task).raw["prompt"],
                    hub.videos.wait(task.id).id,
                ]
            return seen

        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(job, range(16)))
    for number, seen in enumerate(results):
        assert seen == [f"video_{number}-{step}" for step in range(3) for _ in range(3)]
    assert all(create.parts["input_reference"] == picture for create in gateway.of("create"))
    assert gateway.count("create") == 48


def test_the_raw_door_opens(sandbox: Sandbox) -> None:
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
