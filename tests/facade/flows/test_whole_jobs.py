"""From a prompt and a picture to an MP4 on the disk, against the sandbox."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import av
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import SavedVideo, TaskStatus, VideoTask
from PIL import Image

from tests.support.answering import say, tell
from tests.support.colours import Colour
from tests.support.places import KITTEN
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png

HOSTILE = 'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nveo_3_1-fast'
JOBS: dict[str, dict[str, Any]] = {
    "openai": {"image": png(), "seconds": 1},
    "unified": {"image": png((1080, 720))},
}


def _connect(colour: Colour, sandbox: Sandbox) -> Any:
    return colour.hub(sandbox.url, api_key="sandbox", inline_images=True)


def test_a_prompt_and_a_picture_become_a_whole_mp4(
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path
) -> None:
    """One call pays once, tells each change once and in order, and leaves an MP4 that a decoder plays to its end."""
    hub, paid = _connect(colour, sandbox), sandbox.paid
    updates: list[VideoTask] = []
    sizes: list[tuple[int, int | None]] = []
    saved: SavedVideo = wire.generate(
        hub,
        **JOBS[wire.name],
        save_to=tmp_path / "kitten.mp4",
        on_update=updates.append,
        on_progress=lambda done, total: sizes.append((done, total)),
    )
    assert sandbox.paid == paid + 1
    content = saved.path.read_bytes()
    assert (saved.size, saved.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with av.open(str(saved.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 3
    seen = [(task.status, task.raw_status, task.progress) for task in updates]
    assert len(set(seen)) == len(seen)
    assert seen[-1] == (TaskStatus.COMPLETED, "completed", 1.0)
    progress = [task.progress for task in updates if task.progress is not None]
    assert progress == sorted(progress)
    assert len({task.id for task in updates} | {saved.task.id}) == 1
    assert sizes[-1] == (saved.size, saved.size)
    assert sizes == sorted(sizes)
    assert not list(tmp_path.glob("*.part"))


def test_the_steps_may_be_taken_one_by_one(
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Create, retrieve, watch, wait and download, each with what the one before returned, do what generate does."""
    hub, paid = _connect(colour, sandbox), sandbox.paid
    created = wire.create(hub, **JOBS[wire.name])
    assert (created.format, created.model) == (wire.name, wire.arguments["model"])
    assert hub.videos.retrieve(created).id == created.id
    assert hub.videos.retrieve(created.id).id == created.id  # an id alone tells its format
    *_, last = hub.videos.watch(created)
    assert last.status is TaskStatus.COMPLETED
    completed = hub.videos.wait(created.id)
    saved = hub.videos.download(completed, str(tmp_path / "kitten.mp4"))
    assert saved.path.read_bytes()[4:8] == b"ftyp"
    assert sandbox.paid == paid + 1


@pytest.mark.parametrize(
    "prompt", [HOSTILE, "--", "+++", "Größe 一只猫 🐈", '"; name="x"', "a\x00b"]
)
def test_any_prompt_arrives_as_one_prompt(
    colour: Colour, wire: Wire, sandbox: Sandbox, prompt: str
) -> None:
    """No prompt breaks out of its form field or its JSON text, and none changes the model."""
    wire.create(_connect(colour, sandbox), prompt=prompt, **JOBS[wire.name])
    arrived = [request for request in sandbox.requests if request.step == "create"][-1]
    assert arrived.status == 200
    assert arrived.body["prompt"] == prompt
    assert arrived.body["model"] == wire.arguments["model"]


class _PathLike:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


def _at_an_offset(content: bytes, path: Path) -> IO[bytes]:
    path.write_bytes(b"prefix" + content)
    file = path.open("rb")
    file.seek(6)
    return file


class _Pipe(io.RawIOBase):
    """A stream that can be read once, from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 1000) if size > 0 else size)


def _write(content: bytes, path: Path) -> Path:
    path.write_bytes(content)
    return path


SOURCES: dict[str, Callable[[bytes, Path], Any]] = {
    "path as text": lambda content, path: str(_write(content, path)),
    "Path": _write,
    "PathLike": lambda content, path: _PathLike(_write(content, path)),
    "bytes": lambda content, _: content,
    "bytearray": lambda content, _: bytearray(content),
    "memoryview": lambda content, _: memoryview(content),
    "open file at an offset": _at_an_offset,
    "BytesIO": lambda content, _: io.BytesIO(content),
    "stream without seek": lambda content, _: _Pipe(content),
    "data URI": lambda content, _: f"data:image/png;base64,{base64.b64encode(content).decode()}",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_picture_arrives_byte_for_byte(
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    """Whatever the caller holds a picture in, its very bytes reach the gateway, and an open file stays open."""
    content = JOBS[wire.name]["image"]
    source = SOURCES[kind](content, tmp_path / "a picture, ünïcode \"'.png")
    wire.create(_connect(colour, sandbox), image=source, seconds=JOBS[wire.name].get("seconds"))
    (picture,) = [request for request in sandbox.requests if request.step == "create"][-1].pictures
    assert picture.sha256 == hashlib.sha256(content).hexdigest()
    assert picture.media_type == "image/png"
    if hasattr(source, "close"):
        assert not source.closed
        source.close()


def test_a_pillow_image_arrives_with_its_pixels(gateway: Gateway, hub: Any) -> None:
    """A Pillow image is written as a PNG with the same pixels, turned upright."""
    gateway.on("create", tell(OPENAI.created()))
    image = Image.effect_noise((1280, 720), 50).convert("RGB")
    OPENAI.create(hub, image=image)
    with Image.open(io.BytesIO(gateway.arrived[0].parts["input_reference"])) as arrived:
        assert arrived.format == "PNG"
        assert arrived.convert("RGB").tobytes() == image.tobytes()


def test_a_link_is_fetched_for_the_form_and_passed_on_in_json(
    wire: Wire, gateway: Gateway, elsewhere: Gateway, hub: Any
) -> None:
    """The same http link serves both formats: the form gets the picture's bytes, the JSON gets the link."""
    gateway.on("create", tell(wire.created()))
    elsewhere.on("/kitten.png", say(200, png(), {"Content-Type": "image/png"}))
    link = f"{elsewhere.url}/kitten.png?signature=s3cret"
    wire.create(hub, image=link)
    (create,) = gateway.of("create")
    if wire is OPENAI:
        assert create.parts["input_reference"] == png()
        assert elsewhere.count("/kitten.png") == 1
    else:
        assert create.json["images"] == [link]
        assert elsewhere.arrived == []


def test_the_form_says_what_was_asked_for_and_nothing_else(gateway: Gateway, hub: Any) -> None:
    """Every argument has its field in the multipart create, and a known model's duration is filled in."""
    gateway.on("create", tell(OPENAI.created()))
    OPENAI.create(hub, watermark=False, extra={"seed": 7})
    (create,) = gateway.of("create")
    assert {name: text for name, text in create.parts.items() if name != "input_reference"} == {
        "model": b"veo_3_1",
        "prompt": b"A kitten",
        "seconds": b"8",
        "size": b"1280x720",
        "watermark": b"false",
        "seed": b"7",
    }


def test_the_json_says_what_was_asked_for_and_nothing_else(gateway: Gateway, hub: Any) -> None:
    """Every argument has its field in the unified create, and a known model's size is filled in."""
    gateway.on("create", tell(UNIFIED.created()))
    UNIFIED.create(hub, image=None, extra={"seed": 7})
    assert gateway.of("create")[0].json == {
        "model": "grok-video-3",
        "prompt": "A kitten",
        "aspect_ratio": "3:2",
        "size": "720P",
        "images": [],
        "seed": 7,
    }


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_image_host_gets_the_picture_and_gives_the_link(
    colour: Colour, gateway: Gateway, asynchronous: bool
) -> None:
    """A local picture in the unified format goes to the caller's own host, and only its link to the gateway."""
    gateway.on("create", tell(UNIFIED.created()))
    given: list[tuple[str, bytes]] = []

    def host(name: str, stream: IO[bytes]) -> str:
        given.append((name, stream.read()))
        return "https://pictures.example.com/1.png"

    async def host_async(name: str, stream: IO[bytes]) -> str:
        return host(name, stream)

    hub = colour.hub(gateway.url, image_host=host_async if asynchronous else host)
    if asynchronous and not colour.asynchronous:
        with pytest.raises(TypeError, match="use it with AsyncChainHub"):
            UNIFIED.create(hub, image=KITTEN)
        assert gateway.arrived == []
        return
    UNIFIED.create(hub, image=KITTEN)
    assert given == [("kitten.png", KITTEN.read_bytes())]
    assert gateway.of("create")[0].json["images"] == ["https://pictures.example.com/1.png"]


def test_a_stream_read_once_is_sent_again_in_full(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """A create that is tried again after 429 carries the whole picture each time."""
    gateway.on("create", say(429), say(429), tell(wire.created()))
    wire.create(colour.hub(gateway.url, inline_images=True), image=_Pipe(png()))
    bodies = {
        create.parts["input_reference"] if wire is OPENAI else create.json["images"][0]
        for create in gateway.of("create")
    }
    assert gateway.count("create") == 3
    assert len(bodies) == 1
