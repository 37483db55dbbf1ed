"""How a picture reaches the gateway: its bytes from any source or link, or the link of an `image_host=`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import (
    APIError,
    AsyncChainHub,
    ConnectionFailed,
    InvalidRequest,
    SubmissionUncertain,
)
from chainhub_video.flows import pictures
from chainhub_video.flows.create import create
from chainhub_video.images.pictures import open_picture
from chainhub_video.io import TransportFailure
from chainhub_video.request import build_request
from chainhub_video.settings import Settings
from PIL import Image

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.colours import Colour
from tests.support.places import KITTEN
from tests.support.scripted import Gateway
from tests.support.ticking import Ticker
from tests.support.virtual import World, reply
from tests.support.wires import OPENAI, UNIFIED, Wire, png

HOSTILE = 'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nveo_3_1-fast'
MEGABYTE = 1 << 20


class _PathLike:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


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
    "BytesIO": lambda content, _: io.BytesIO(content),
    "stream without seek": lambda content, _: _Pipe(content),
    "data URI": lambda content, _: f"data:image/png;base64,{base64.b64encode(content).decode()}",
}


def test_every_kind_of_picture_arrives_byte_for_byte(
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Whatever the caller holds a picture in, its very bytes reach the gateway, and an open file stays open.

    The prompt tries to break out of its form field or its JSON text.
    """
    hub = colour.hub(sandbox.url, api_key="sandbox", inline_images=True)
    content = png() if wire is OPENAI else png((1080, 720))
    for kind, make in SOURCES.items():
        with subtests.test(kind):
            source = make(content, tmp_path / "a picture, ünïcode \"'.png")
            wire.create(hub, prompt=HOSTILE, image=source)
            arrived = [request for request in sandbox.requests if request.step == "create"][-1]
            assert arrived.status == 200
            assert arrived.body["prompt"] == HOSTILE
            assert arrived.body["model"] == wire.arguments["model"]
            (picture,) = arrived.pictures
            assert picture.sha256 == hashlib.sha256(content).hexdigest()
            assert picture.media_type == "image/png"
            if hasattr(source, "close"):
                assert not source.closed
                source.close()


def test_a_pillow_image_arrives_with_its_pixels(gateway: Gateway, hub: Any) -> None:
    """A Pillow image is written as a PNG with the same pixels, turned upright."""
    gateway.on("create", tell(OPENAI.created()))
    image = Image.radial_gradient("L").resize((1280, 720)).convert("RGB")
    OPENAI.create(hub, image=image)
    with Image.open(io.BytesIO(gateway.arrived[0].parts["input_reference"])) as arrived:
        assert arrived.format == "PNG"
        assert arrived.convert("RGB").tobytes() == image.tobytes()


def test_a_stream_read_once_is_sent_again_in_full(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """A create that is tried again after 429 carries the whole picture each time."""
    gateway.on("create", say(429), say(429), tell(wire.created()))
    wire.create(colour.hub(gateway.url, inline_images=True), image=_Pipe(png()))
    bodies = {
        sent.parts["input_reference"] if wire is OPENAI else sent.json["images"][0]
        for sent in gateway.of("create")
    }
    assert gateway.count("create") == 3
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "outcome",
    [reply(OPENAI.created()), reply(None, 400), TransportFailure(OSError("late"), sent=True)],
    ids=["success", "refusal", "doubt"],
)
def test_pictures_are_closed_however_a_create_ends(tmp_path: Path, outcome: Any) -> None:
    """The file that was opened for the upload is closed after success, refusal and doubt alike."""
    image = _write(png(), tmp_path / "x.png")
    world = World(outcome)
    flow = create(
        world, Settings(api_key="the-key"), build_request(**{**OPENAI.arguments, "image": image})
    )
    with suppress(APIError, SubmissionUncertain):
        world.play(flow)
    files = dict(world.calls[0].arguments["files"])
    assert files["input_reference"][1].closed


def test_a_link_is_fetched_for_the_form_and_passed_on_in_json(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """The same http link serves both formats: the form gets the picture, by its name, and the JSON gets the link."""
    elsewhere.on("/a/kitten.png", say(200, png(), {"Content-Type": "image/png"}))
    link = f"{elsewhere.url}/a/kitten.png?name=/other.jpg&signature=s3cret"
    for wire in (OPENAI, UNIFIED):
        gateway.on("create", tell(wire.created()))
        wire.create(hub, image=link)
    form, document = gateway.of("create")
    assert form.parts["input_reference"] == png()
    assert b'filename="kitten.png"' in form.body
    assert document.json["images"] == [link]
    assert elsewhere.count("/a/kitten.png") == 1


def test_a_redirect_to_another_host_is_followed_without_the_key(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """A picture's link may lead on to other hosts; none of them sees the key or a cookie, and the picture arrives."""
    gateway.on("create", tell(OPENAI.created()))
    with Gateway() as third:
        third.on("/real.png", say(200, png()))
        onward = {"Location": f"{third.url}/real.png", "Set-Cookie": "a=b"}
        elsewhere.on("/kitten.png", say(302, headers=onward))
        OPENAI.create(hub, image=f"{elsewhere.url}/kitten.png")
        assert not any(arrived.holds_key for arrived in third.arrived)
        assert all("authorization" not in arrived.headers for arrived in third.arrived)
    assert gateway.arrived[0].parts["input_reference"] == png()


def test_a_redirect_that_must_not_be_followed(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """A link that leads to a file, in a circle, or nowhere is refused by name; nothing reaches the gateway."""
    for location, words in {
        "file:///etc/passwd": "not an http",
        "ftp://example.com/x": "not an http",
        "/loop.png": "more than 5 redirects",
        "http://[half": "no address",
        "http://a b/": "not an http",
        "http://xn--/": "could not be fetched",
        "": "without saying where",
    }.items():
        elsewhere.on("/loop.png", say(302, headers={"Location": location}))
        with pytest.raises((InvalidRequest, ConnectionFailed), match=words) as raised:
            OPENAI.create(hub, image=f"{elsewhere.url}/loop.png?sig=s3cret")
        assert elsewhere.url in str(raised.value)
        assert "s3cret" not in str(raised.value)
    assert gateway.arrived == []


def _endless(wire: Any, _: Arrived) -> bool:
    wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + png())
    while True:
        wire.sendall(bytes(MEGABYTE))


def _announced(wire: Any, _: Arrived) -> bool:
    """Send the head, and wait for ever."""
    wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + png())
    return bool(wire.recv(1))


@pytest.mark.parametrize("play", [_endless, _announced])
def test_a_link_to_too_large_a_picture_is_given_up(
    hub: Any, gateway: Gateway, elsewhere: Gateway, monkeypatch: pytest.MonkeyPatch, play: Any
) -> None:
    """A picture is read to the limit and no further, and not at all if it is announced as larger."""
    monkeypatch.setattr(pictures, "FETCH_LIMIT", 5 * MEGABYTE)
    elsewhere.on("/big.png", Answer(play))
    with pytest.raises(InvalidRequest, match="more than 5,242,880 bytes: give a smaller one"):
        OPENAI.create(hub, image=f"{elsewhere.url}/big.png")
    assert gateway.arrived == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_image_host_gets_the_picture_and_gives_the_link(
    colour: Colour, gateway: Gateway, asynchronous: bool
) -> None:
    """A local picture in the unified format goes to the caller's own host, and only its link to the gateway.

    The host may close the stream that it is given, as many upload functions do.
    """
    gateway.on("create", tell(UNIFIED.created()))
    given: list[tuple[str, bytes]] = []

    def host(name: str, stream: IO[bytes]) -> str:
        with stream:
            given.append((name, stream.read()))
        return " https://pictures.example.com/1.png "

    async def host_async(name: str, stream: IO[bytes]) -> str:
        return host(name, stream)

    hub = colour.hub(gateway.url, image_host=host_async if asynchronous else host)
    if asynchronous and not colour.asynchronous:
        with pytest.raises(TypeError, match="use it with AsyncChainHub"):
            UNIFIED.create(hub, image=KITTEN)
        assert gateway.arrived == []
        return
    with KITTEN.open("rb") as file:
        UNIFIED.create(hub, image=file)
        assert not file.closed
    assert given == [("kitten.png", KITTEN.read_bytes())]
    (link,) = gateway.of("create")[0].json["images"]
    assert link.strip() == "https://pictures.example.com/1.png"


def test_a_blocking_image_host_does_not_hold_up_the_loop(gateway: Gateway) -> None:
    """A plain function that uploads until the loop has come round runs beside it, not on it."""
    gateway.on("create", tell(UNIFIED.created()))
    ticker = Ticker()

    def host(_: str, stream: IO[bytes]) -> str:
        ticker.block()
        return f"https://example.com/{len(stream.read())}"

    async def upload() -> None:
        client = AsyncChainHub(base_url=gateway.url, api_key="the-key", image_host=host)
        async with client as hub, ticker:
            await UNIFIED.create(hub, image=png())  # type: ignore[misc]  # the asynchronous one

    asyncio.run(upload())
    assert ticker.awaited == 1
    assert gateway.arrived[0].json["images"] == [f"https://example.com/{len(png())}"]


def test_what_an_image_host_raises_comes_out(
    colour: Colour, gateway: Gateway, tmp_path: Path
) -> None:
    """The host's own exception is not dressed up, nothing is sent, and the picture's file is closed."""
    given: list[IO[bytes]] = []

    def host(_: str, stream: IO[bytes]) -> str:
        given.append(stream)
        raise PermissionError("the bucket is locked")

    with pytest.raises(PermissionError, match="the bucket is locked"):
        UNIFIED.create(
            colour.hub(gateway.url, image_host=host), image=_write(png(), tmp_path / "x.png")
        )
    assert given[0].closed
    assert gateway.arrived == []


def test_links_and_data_uris_need_no_host(hub: Any, gateway: Gateway) -> None:
    """What is a link or a data URI already travels as it is, even where neither way out was chosen."""
    gateway.on("create", tell(UNIFIED.created()))
    inline = open_picture(png()).data_uri()
    UNIFIED.create(hub, images=[inline])
    assert gateway.arrived[0].json["images"] == ["https://example.com/kitten.png", inline]
