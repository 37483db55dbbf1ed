"""Pictures in every form a caller may hold them: opened alike, named by their content, and never a trap."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from chainhub_video import ConnectionFailed, InvalidRequest
from chainhub_video.images.pictures import open_picture

from tests.support.answering import page, reset, say, tell
from tests.support.colours import Colour
from tests.support.drawing import HEIC, encoded, stripes
from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, png

MEGABYTE = 1 << 20


class OnlyReads:
    """A response of some other library: it can be read, and that is all."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        """Read."""
        return self._stream.read(size)


def _files(folder: Path) -> dict[str, Any]:
    """Open files of every make, each with the same picture."""
    with gzip.open(folder / "x.gz", "wb") as file:
        file.write(png())
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("kitten.png", png())
    spooled = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the test closes it
    spooled.write(png())
    spooled.seek(0)
    reading, writing = os.pipe()
    assert os.write(writing, png()) == len(png())
    os.close(writing)
    (folder / "x.png").write_bytes(png())
    return {
        "only reads": OnlyReads(png()),
        "gzip": gzip.open(folder / "x.gz", "rb"),
        "member of a zip": zipfile.ZipFile(folder / "x.zip").open("kitten.png"),
        "spooled file": spooled,
        "pipe": os.fdopen(reading, "rb"),
        "unbuffered": (folder / "x.png").open("rb", buffering=0),
    }


def test_anything_that_reads_is_a_file(hub: Any, gateway: Gateway, tmp_path: Path) -> None:
    """Files of every make, seekable or not, arrive byte for byte, and stay open: they are the caller's."""
    gateway.on("create", tell(OPENAI.created()))
    for kind, file in _files(tmp_path).items():
        OPENAI.create(hub, image=file)
        assert gateway.arrived[-1].parts["input_reference"] == png(), kind
        if hasattr(file, "close"):
            assert not file.closed, kind
            file.close()


def test_a_picture_is_the_bytes_that_are_shown(hub: Any, gateway: Gateway) -> None:
    """A file is read from where it stands, for a retry as well; slices and writable buffers are what they show."""
    gateway.on("create", say(429), tell(OPENAI.created()))
    file = io.BytesIO(b"a header of twenty bytes" + png())
    file.seek(24)
    sources = (file, memoryview(b"xx" + png())[2:], bytearray(png()), memoryview(png()).cast("b"))
    for source in sources:
        OPENAI.create(hub, image=source)
    sent = [create.parts["input_reference"] for create in gateway.of("create")]
    assert sent == [png()] * (len(sources) + 1)


def test_the_type_comes_from_the_content(tmp_path: Path) -> None:
    """A wrong extension fools nobody: the content decides, and a nameless picture gets a name that fits it."""
    for kind in ("png", "jpeg", "gif", "webp", "avif", "tiff", "bmp", "heic"):
        content = HEIC.read_bytes() if kind == "heic" else encoded(stripes((30, 20)), kind.upper())
        path = tmp_path / "picture.txt"
        path.write_bytes(content)
        for source, name in ((path, "picture.txt"), (content, None)):
            with closing(open_picture(source)) as picture:
                assert picture.media_type == f"image/{kind}"
                assert picture.name == (name or f"image.{kind.replace('jpeg', 'jpg')}")


NAMES: dict[str, str] = {
    "kitten.png": "kitten.png",
    "my kitten.png": "my kitten.png",
    "кот.jpeg": "кот.jpeg",
    "kitten": "kitten.png",
    "kitten.": "kitten.png",
    "": "image.png",
    "  ": "image.png",
    "...": "image.png",
    ".png": "png.png",
    "a\r\nX-Evil: 1.png": "aX-Evil: 1.png",
    'say "hi".png': "say hi.png",
    "it's`.png": "its.png",
    "C:\\pictures\\kitten.png": "kitten.png",
    "../../etc/passwd": "passwd.png",
    "folder/": "folder.png",
    "a\0\x7f\u202eb.png": "ab.png",
    "\udcff.png": "png.png",
    "x" * 300 + ".png": "x" * 146 + ".png",
}


@BLOCKING
def test_an_upload_has_a_plain_file_name(hub: Any, gateway: Gateway, elsewhere: Gateway) -> None:
    """Whatever a file is called, its part has a name without folders, quotes and control characters, and a type."""
    gateway.on("create", tell(OPENAI.created()))
    for name, plain in NAMES.items():
        file: Any = OnlyReads(png())
        file.name = name
        OPENAI.create(hub, image=file)
        body = gateway.arrived[-1].body
        assert f'name="input_reference"; filename="{plain}"\r\n'.encode() in body, name
        assert body.count(b"Content-Type: image/png\r\n") == 1
    elsewhere.on("/render/", say(200, png()))
    OPENAI.create(hub, image=f"{elsewhere.url}/render/?format=png")
    assert b'filename="image.png"' in gateway.arrived[-1].body


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    """`file://` addresses of this machine are read, percent-escapes and names that are no UTF-8 included."""
    for name in ("kitten.png", "my kitten #1?.png", "100%25.png", "кот.png", "\udcff.png"):
        path = tmp_path / name
        path.write_bytes(png())
        escaped = quote(os.fsencode(path))
        for address in (
            f"file://{escaped}", f"file://localhost{escaped}", f"FILE://LocalHost{escaped}", f"file:{escaped}",
            f" file://{escaped} ", path.as_uri(),
        ):  # fmt: skip
            with closing(open_picture(address)) as picture:
                assert picture.stream.read() == png(), address
                assert picture.size == len(png())
    with closing(open_picture(f"file://{tmp_path}/my kitten #1?.png")) as picture:  # by hand
        assert picture.name == "my kitten #1?.png"


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """Files that are elsewhere, gone or closed, and content that is no picture, are told for what they are."""
    closed = io.BytesIO(png())
    closed.close()
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")

    class BytesPath:
        def __fspath__(self) -> bytes:
            return b"x.png"

    refused: list[tuple[Any, str]] = [
        ("file://nas/kitten.png", "is a file of another machine, 'nas'"),
        ("file://127.0.0.1/kitten.png", "is a file of another machine"),
        ("file:///no/such/kitten.png", "does not exist"),
        ("file:///tmp", "is a folder"),
        ("file://localhost", "is a folder"),
        ("file:///a%00b", "cannot be read"),
        (tmp_path / "dangling", "does not exist"),
        (BytesPath(), "cannot be read"),
        (closed, "closed"),
        *(
            (content, "is not a picture")
            for content in (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7 x", b"RIFF\x10\x00\x00\x00WAVEfmt ",
                b"\x00\x00\x00\x1cftypisom", b"\x89PNG", b"\xff\xd8", bytes(100),
            )
        ),
    ]  # fmt: skip
    for source, words in refused:
        with pytest.raises(InvalidRequest, match=words):
            open_picture(source)


@BLOCKING
def test_a_link_to_no_picture(hub: Any, gateway: Gateway, elsewhere: Gateway) -> None:
    """A link for the form that gives no picture is refused with the link, and without its query."""
    loop = say(302, headers={"Location": "/x.png"})
    for answer in (say(404), page(200), loop, say(302)):
        elsewhere.on("/x.png", answer)
        with pytest.raises(InvalidRequest, match=f"{elsewhere.url}/x.png") as raised:
            OPENAI.create(hub, image=f"{elsewhere.url}/x.png?sig=s3cret")
        assert "s3cret" not in str(raised.value)
    assert gateway.connections == 0


def test_a_link_that_breaks_is_no_create(hub: Any, gateway: Gateway, elsewhere: Gateway) -> None:
    """If the picture's host breaks off, the error says that nothing was sent to the gateway."""
    elsewhere.on("/x.png", reset())
    with pytest.raises(ConnectionFailed, match="nothing was sent to the gateway"):
        OPENAI.create(hub, image=f"{elsewhere.url}/x.png")
    assert gateway.arrived == []


@BLOCKING
def test_a_picture_that_finds_no_way_to_a_link(colour: Colour, gateway: Gateway) -> None:
    """What the unified format cannot carry is refused: no host, one that gives no link, or too many bytes."""
    refused: list[tuple[Mapping[str, Any], bytes, str]] = [
        ({}, png(), "inline_images=True.*image_host="),
        ({"inline_images": True}, png() + bytes(10_000_000), "inline_images carries at most 10,000,000"),
        ({"image_host": lambda _name, _stream: "ftp://h/x.png"}, png(), "ftp"),
        *(
            ({"image_host": partial(_returns, link)}, png(), f"image_host.*{link!r}")
            for link in (None, "", "not a link", 7, b"https://h/x")
        ),
    ]  # fmt: skip
    for options, picture, words in refused:
        with pytest.raises(InvalidRequest, match=words):
            UNIFIED.create(colour.hub(gateway.url, **options), image=picture)
    assert gateway.connections == 0


def _returns(link: object, _name: str, _stream: object) -> object:
    return link


def _within(seconds: float, function: Callable[[], Any]) -> Any:
    """Call in a thread, so that what hangs fails instead."""
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(function())
        except Exception as error:  # noqa: BLE001 - it is looked at below
            outcome.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    return outcome[0]


def test_special_files_are_refused_without_a_wait(tmp_path: Path) -> None:
    """A FIFO that nobody writes, a socket, a folder and endless devices are refused at once, however they are given."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "link").symlink_to(fifo)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (
            fifo,
            tmp_path / "link",
            tmp_path / "socket",
            Path("/dev/zero"),
            Path("/dev/tty"),
        ):
            error = _within(2, partial(open_picture, path))
            assert isinstance(error, InvalidRequest), path
            assert "not an ordinary file" in str(error)
    assert "is a folder" in str(_within(2, lambda: open_picture(tmp_path)))
    for name in ("/dev/zero", "/dev/urandom"):
        with Path(name).open("rb") as file:
            assert isinstance(_within(2, partial(open_picture, file)), InvalidRequest), name


@pytest.mark.parametrize(
    ("head", "words", "most"),
    [
        (b"\x89PNG\r\n\x1a\n", "more than 3,145,728 bytes, or no end", 5 * MEGABYTE),
        (b"", "not a picture", MEGABYTE),
    ],
)
def test_a_stream_without_end_has_a_limit(
    monkeypatch: pytest.MonkeyPatch, head: bytes, words: str, most: int
) -> None:
    """A stream that never ends is given up at the limit, and its copy removed; at once if it is no picture."""
    taken: list[int] = []

    class Endless:
        def read(self, size: int) -> bytes:
            taken.append(size)
            return head.ljust(size, b"\0")

    monkeypatch.setattr("chainhub_video.images.pictures.STREAM_LIMIT", 3 * MEGABYTE)
    error = _within(10, lambda: open_picture(Endless()))  # type: ignore[arg-type]  # it reads
    assert isinstance(error, InvalidRequest)
    assert words in str(error)
    assert sum(taken) < most


@BLOCKING
def test_a_file_that_breaks_is_refused(hub: Any, gateway: Gateway) -> None:
    """Whatever a file raises when it is read ends in a refusal that repeats its words; nothing is sent."""

    class Breaking:
        name = "kitten.png"

        def read(self, _: int = -1) -> bytes:
            raise broken

    for broken in (
        OSError("disk on fire"),
        ValueError("closed"),
        TypeError("odd"),
        EOFError("half"),
    ):
        with pytest.raises(InvalidRequest, match=f"kitten.png.*cannot be read: {broken}"):
            OPENAI.create(hub, image=Breaking())
    assert gateway.arrived == []
