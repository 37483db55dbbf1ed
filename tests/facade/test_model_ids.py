"""What the ids of known models tell: in which format to ask for them, and whether a receipt may take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import MODELS, NotFound, ReceiptConflict

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.receipted import leave, read, script
from tests.support.scripted import Gateway
from tests.support.wires import Wire

# An id, and the format that it tells.
IDS = [
    ("video_55cb73b3-60af-40c8-95fd-eae8fd758ade", "openai"),
    ("grok:7f3c0f5e-0c51-4a9e-8a53-0f2e8c6b1d11", "unified"),
    ("sora-2:task_01k8rj6t1zfdh8e1rd5xf4m9qp", "openai"),
    ("sora-2-pro:task_01k8rj6t1zfdh8e1rd5xf4m9qp", "openai"),
    ("veo3.1-components:1762010543-x9", "unified"),
    ("veo3-fast-frames:1-x", "unified"),
    *((f"{row.name}:1-x", "openai") for row in MODELS if row.format == "openai"),
    *(
        (f"{row.name}:1-x", "unified")
        for row in MODELS
        if row.format == "unified" and not row.name.startswith("sora")
    ),
]


@pytest.mark.parametrize(("task_id", "told"), IDS)
def test_an_id_tells_its_format(hub: Any, gateway: Gateway, task_id: str, told: str) -> None:
    """No `format=` is needed for an id of any known model; and where it is given, it counts."""
    gateway.on("query", tell({"id": task_id, "status": "completed", "video_url": "https://x/y"}))
    for given, wanted in ((None, told), ("openai", "openai"), ("unified", "unified")):
        task = hub.videos.wait(task_id, format=given, timeout=5)
        target = gateway.of("query")[-1].target
        assert target.startswith("/v1/videos/" if wanted == "openai" else "/v1/video/query?id=")
        assert (task.id, task.format) == (task_id, wanted)


@pytest.mark.parametrize("name", ["sora-2", "veo3-fast-frames", "veo3.1", "grok-video-3"])
def test_an_id_alone_is_enough_to_go_on(colour: Colour, sandbox: Sandbox, name: str) -> None:
    """The id of a task that was created without `format=` is waited for without it, at a gateway that is strict."""
    hub = colour.hub(sandbox.url, api_key="sandbox")
    said = {"aspect_ratio": "3:2"} if name == "grok-video-3" else {}
    task = hub.videos.create("A kitten", model=name, **said)
    assert hub.videos.wait(task.id, timeout=60).done


def test_a_sora_of_the_other_call_needs_its_format(colour: Colour, sandbox: Sandbox) -> None:
    """Its id is like one of the form's, so it is not found there; with `format=`, or as a task, it is."""
    hub = colour.hub(sandbox.url, api_key="sandbox")
    task = hub.videos.create("A kitten", model="sora-2", format="unified", aspect_ratio="16:9")
    assert task.id.startswith("sora-2:task_")
    with pytest.raises(NotFound):
        hub.videos.wait(task.id, timeout=60)
    assert hub.videos.wait(task.id, format="unified", timeout=60).done
    assert hub.videos.wait(task, timeout=60).format == "unified"


SORA_ID = "sora-2:task_01k8rj6t1zfdh8e1rd5xf4m9qp"
SORA_WIRES = [
    Wire("openai", "/v1/videos", SORA_ID, {"prompt": "A kitten", "model": "sora-2"}),
    Wire("unified", "/v1/video/create", SORA_ID,
         {"prompt": "A kitten", "model": "sora-2", "format": "unified", "aspect_ratio": "16:9"}),
]  # fmt: skip


@pytest.mark.parametrize("sora", SORA_WIRES, ids=["openai", "unified"])
def test_a_found_sora_is_given_to_a_receipt_of_either_format(
    hub: Any, gateway: Gateway, target: Path, video: bytes, sora: Wire
) -> None:
    """Both calls make such ids, so neither receipt refuses it, and each asks for it in its own format."""
    leave(gateway, hub, sora, target, "uncertain", age=9999)
    script(gateway, sora, video)
    saved = hub.videos.resume(target, task_id=SORA_ID, timeout=30)
    assert saved.path.read_bytes() == video
    assert read(target)["task"] == {"id": SORA_ID, "format": sora.name, "model": "sora-2"}
    where = "/v1/videos/" if sora.name == "openai" else "/v1/video/query"
    assert all(query.target.startswith(where) for query in gateway.of("query"))


def test_a_found_task_of_the_other_format_is_refused(
    hub: Any, gateway: Gateway, target: Path
) -> None:
    """An id that only the other call makes is not taken, whatever the gateway says."""
    leave(gateway, hub, SORA_WIRES[0], target, "uncertain", age=9999)
    gateway.on("query", tell({"id": "veo3:1-x", "status": "processing"}))
    with pytest.raises(ReceiptConflict, match="is one of the unified format"):
        hub.videos.resume(target, task_id="veo3:1-x")
