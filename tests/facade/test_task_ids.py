"""What a task's id tells: in which format to ask for it, and whether a receipt may take it; and what is no id."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import MODELS, InvalidRequest, NotFound, ReceiptConflict, VideoTask

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.drivers import BLOCKING
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


@BLOCKING
def test_an_id_tells_its_format(hub: Any, gateway: Gateway) -> None:
    """No `format=` is needed for an id of any known model; and where it is given, it counts."""
    for task_id, told in IDS:
        gateway.on(
            "query", tell({"id": task_id, "status": "completed", "video_url": "https://x/y"})
        )
        for given, wanted in ((None, told), ("openai", "openai"), ("unified", "unified")):
            task = hub.videos.wait(task_id, format=given, timeout=5)
            target = gateway.of("query")[-1].target
            assert target.startswith("/v1/videos/" if wanted == "openai" else "/v1/video/query?id=")
            assert (task.id, task.format) == (task_id, wanted)


# An id, and what becomes of it in an address.
ODD_IDS = [
    ("../../admin?x=1#y", "..%2F..%2Fadmin%3Fx%3D1%23y"),
    ("a/b", "a%2Fb"),
    ("a b&c=d", "a%20b%26c%3Dd"),
    ("%2e%2e", "%252e%252e"),
    ("猫", "%E7%8C%AB"),
    ("veo3.1-components:1-x", "veo3.1-components%3A1-x"),
]


@BLOCKING
def test_an_id_never_becomes_another_address(hub: Any, gateway: Gateway) -> None:
    """Whatever stands in an id is one segment of the path, or one value of the query."""
    gateway.on("query", tell({"id": "x", "status": "queued"}))
    for task_id, quoted in ODD_IDS:
        hub.videos.retrieve(task_id, format="openai")
        hub.videos.retrieve(task_id, format="unified")
        first, second = (arrived.target for arrived in gateway.arrived[-2:])
        assert first.replace(":", "%3A") == f"/v1/videos/{quoted}"
        assert second.replace("+", "%20") == f"/v1/video/query?id={quoted}"


@BLOCKING
def test_what_is_no_id_is_not_sent(hub: Any, gateway: Gateway, tmp_path: Path) -> None:
    """What would lead elsewhere, tells no format, or cannot be an id is refused, in one line that can be read."""
    for task_id in ("", " ", ".", "..", "a\nb", "a\0b", "\x1b[0m"):
        for format_ in ("openai", "unified"):
            with pytest.raises(InvalidRequest, match="is not a task id"):
                hub.videos.retrieve(task_id, format=format_)
    for task_id in ("x" * 5000, "video_\n" + "x" * 5000):
        with pytest.raises(InvalidRequest) as raised:
            hub.videos.retrieve(task_id)
        assert len(str(raised.value)) < 500
    unknown: list[tuple[Any, str]] = [
        ("a-new-model:task_1", 'format="openai"'), (7, "a task or its id"), (None, "id"),
        (VideoTask(id="x", format=cast("Any", "soap")), "'soap'"),
    ]  # fmt: skip
    for call in ("retrieve", "wait", "watch"):
        for given, words in unknown:
            with pytest.raises(InvalidRequest, match=words):
                list(getattr(hub.videos, call)(given) or ())
        with pytest.raises(InvalidRequest, match="'soap'"):
            list(getattr(hub.videos, call)("video_1", format="soap") or ())
    with pytest.raises(InvalidRequest, match="'soap'"):
        hub.videos.download(unknown[-1][0], tmp_path / "x.mp4")
    assert gateway.arrived == []
    assert list(tmp_path.iterdir()) == []


@BLOCKING
def test_an_id_alone_is_enough_to_go_on(colour: Colour, sandbox: Sandbox) -> None:
    """The id of a task that was created without `format=` is waited for without it, at a gateway that is strict."""
    hub = colour.hub(sandbox.url, api_key="sandbox")
    for name in ("sora-2", "veo3-fast-frames", "veo3.1", "grok-video-3"):
        said = {"aspect_ratio": "3:2"} if name == "grok-video-3" else {}
        task = hub.videos.create("A kitten", model=name, **said)
        assert hub.videos.wait(task.id, timeout=60).done


@BLOCKING
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
