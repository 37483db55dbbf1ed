"""Pictures in every form a caller may hold them: opened alike, named by their content, and never a trap."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.images.pictures import open_picture

from tests.support.answering import say, tell
from tests.support.drawing import HEIC, encoded, stripes
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, png

MEGABYTE = 1 << 20


class OnlyReads:
    """A response of some other library: it can be read, and that is all."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        """Read."""
        return self._stream.read(size)


def _in_a_gzip(path: Path) -> IO[bytes]:
    with gzip.open(path, "wb") as file:
        file.write(png())
    return gzip.open(path, "rb")  # type: ignore[return-value]  # it reads as one


def _in_a_zip(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kitten.png", png())
    return zipfile.ZipFile(path).open("kitten.png")


def _temporary(_: Path) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the test closes it
    file.write(png())
    file.seek(0)
    return file


def _spooled(_: Path) -> Any:
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the test closes it
    file.write(png())
    file.seek(0)
    return file


def _end_of_a_pipe(_: Path) -> IO[bytes]:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(png())

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


FILES: dict[str, Callable[[Path], Any]] = {
    "only reads": lambda _: OnlyReads(png()),
    "gzip": _in_a_gzip,
    "member of a zip": _in_a_zip,
    "temporary file": _temporary,
    "spooled file": _spooled,
    "pipe": _end_of_a_pipe,
    "unbuffered": lambda path: path.write_bytes(png()) and path.open("rb", buffering=0),
}


@pytest.mark.parametrize("kind", FILES)
def test_anything_that_reads_is_a_file(
    hub: Any, gateway: Gateway, tmp_path: Path, kind: str
) -> None:
    """Files of every make, seekable or not, arrive byte for byte, and stay open: they are the caller's."""
    gateway.on("create", tell(OPENAI.created()))
    file = FILES[kind](tmp_path / "x")
    OPENAI.create(hub, image=file)
    assert gateway.arrived[0].parts["input_reference"] == png()
    if hasattr(file, "close"):
        assert not file.closed
        file.close()


def test_a_file_is_read_from_where_it_stands(hub: Any, gateway: Gateway) -> None:
    """What the caller has read already is no part of the picture, and a retry starts from the same place."""
    gateway.on("create", say(429), tell(OPENAI.created()))
    file = io.BytesIO(b"a header of twenty bytes" + png())
    file.seek(24)
    OPENAI.create(hub, image=file)
    assert [create.parts["input_reference"] for create in gateway.of("create")] == [png()] * 2


def test_a_buffer_of_any_layout_is_bytes(hub: Any, gateway: Gateway) -> None:
    """Slices and writable buffers are taken as the bytes that they show."""
    gateway.on("create", tell(OPENAI.created()))
    content = png()
    for source in (
        memoryview(b"xx" + content)[2:],
        bytearray(content),
        memoryview(content).cast("b"),
    ):
        OPENAI.create(hub, image=source)
    assert {create.parts["input_reference"] for create in gateway.of("create")} == {content}


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "avif", "tiff", "bmp", "heic"])
def test_the_type_comes_from_the_content(tmp_path: Path, kind: str) -> None:
    """A wrong extension fools nobody: the content decides, and a nameless picture gets a name that fits it."""
    content = HEIC.read_bytes() if kind == "heic" else encoded(stripes((30, 20)), kind.upper())
    path = tmp_path / "picture.txt"
    path.write_bytes(content)
    for source, name in ((path, "picture.txt"), (content, None)):
        picture = open_picture(source)
        assert picture.media_type == f"image/{kind}"
        assert picture.name == (name or f"image.{kind.replace('jpeg', 'jpg')}")
        picture.close()


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


@pytest.mark.parametrize("name", NAMES)
def test_an_upload_has_a_plain_file_name(hub: Any, gateway: Gateway, name: str) -> None:
    """Whatever a file is called, its part has a name without folders, quotes and control characters, and a type."""
    gateway.on("create", tell(OPENAI.created()))
    file: Any = OnlyReads(png())
    file.name = name
    OPENAI.create(hub, image=file)
    body = gateway.arrived[0].body
    assert f'name="input_reference"; filename="{NAMES[name]}"\r\n'.encode() in body
    assert body.count(b"Content-Type: image/png\r\n") == 1


def test_a_linked_picture_has_a_plain_file_name(
    hub: Any, gateway: Gateway, elsewhere: Gateway
) -> None:
    """A link without a file name gives the upload one that fits the picture's type."""
    gateway.on("create", tell(OPENAI.created()))
    elsewhere.on("/render/", say(200, png()))
    OPENAI.create(hub, image=f"{elsewhere.url}/render/?format=png")
    assert b'filename="image.png"' in gateway.arrived[0].body


@pytest.mark.parametrize(
    "address",
    ["file://{}", "file://localhost{}", "FILE://LocalHost{}", "file:{}", " file://{} ", "{uri}"],
)
def test_a_file_address_is_a_path(tmp_path: Path, address: str) -> None:
    """`file://` addresses of this machine are read, percent-escapes and names that are no UTF-8 included."""
    for name in ("kitten.png", "my kitten #1?.png", "100%25.png", "кот.png", "\udcff.png"):
        path = tmp_path / name
        path.write_bytes(png())
        escaped = quote(os.fsencode(path))
        with closing(open_picture(address.format(escaped, uri=path.as_uri()))) as picture:
            assert picture.stream.read() == png()
            assert picture.size == len(png())
    with closing(open_picture(f"file://{tmp_path}/my kitten #1?.png")) as picture:  # by hand
        assert picture.name == "my kitten #1?.png"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("file://nas/kitten.png", "is a file of another machine, 'nas'"),
        ("file://127.0.0.1/kitten.png", "is a file of another machine"),
        ("file:///no/such/kitten.png", "does not exist"),
        ("file:///tmp", "is a folder"),
        ("file://localhost", "is a folder"),
        ("file:///a%00b", "cannot be read"),
    ],
)
def test_a_file_address_that_cannot_be_read(
    hub: Any, gateway: Gateway, address: str, words: str
) -> None:
    """A file of another machine, or one that is not there, is told as such; nothing is sent."""
    with pytest.raises(InvalidRequest, match=words):
        OPENAI.create(hub, image=address)
    assert gateway.arrived == []


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7 x",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x1cftypisom",
        b"\x89PNG",
        b"\xff\xd8",
        bytes(100),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """Drawings, documents, sounds, videos and half a signature are told for what they are not."""
    with pytest.raises(InvalidRequest, match="is not a picture"):
        open_picture(content)


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
    """A FIFO that nobody writes, a socket, a folder and endless devices are refused at once, by path or by link."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    (tmp_path / "link").symlink_to(fifo)
    for path in (fifo, tmp_path / "link", tmp_path / "socket", Path("/dev/zero"), Path("/dev/tty")):
        error = _within(2, partial(open_picture, path))
        assert isinstance(error, InvalidRequest), path
        assert "not an ordinary file" in str(error)
    assert "is a folder" in str(_within(2, lambda: open_picture(tmp_path)))
    listening.close()


def test_an_open_endless_device_is_refused_without_a_wait() -> None:
    """`/dev/zero` and `/dev/urandom`, opened by the caller, are looked at and not swallowed."""
    for name in ("/dev/zero", "/dev/urandom"):
        with Path(name).open("rb") as file:
            error = _within(2, partial(open_picture, file))
        assert isinstance(error, InvalidRequest)


def test_a_stream_of_pictures_without_end_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that begins as a picture and never ends is given up at the limit, and its copy removed."""

    class Endless:
        def read(self, size: int) -> bytes:
            return b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")

    monkeypatch.setattr("chainhub_video.images.pictures.STREAM_LIMIT", 3 * MEGABYTE)
    error = _within(10, lambda: open_picture(Endless()))  # type: ignore[arg-type]  # it reads
    assert isinstance(error, InvalidRequest)
    assert "more than 3,145,728 bytes, or no end" in str(error)


@pytest.mark.parametrize(
    "broken", [OSError("disk on fire"), ValueError("closed"), TypeError("odd"), EOFError("half")]
)
def test_a_file_that_breaks_is_refused(hub: Any, gateway: Gateway, broken: Exception) -> None:
    """Whatever a file raises when it is read ends in a refusal that repeats its words; nothing is sent."""

    class Breaking:
        name = "kitten.png"

        def read(self, _: int = -1) -> bytes:
            raise broken

    with pytest.raises(InvalidRequest, match=f"kitten.png.*cannot be read: {broken}"):
        OPENAI.create(hub, image=Breaking())
    assert gateway.arrived == []


def test_a_file_that_vanishes_or_may_not_be_read(tmp_path: Path) -> None:
    """A dangling link is told as a missing file; a path of bytes is no path."""
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(InvalidRequest, match="does not exist"):
        open_picture(tmp_path / "dangling")

    class BytesPath:
        def __fspath__(self) -> bytes:
            return b"x.png"

    with pytest.raises(InvalidRequest, match="cannot be read"):
        open_picture(BytesPath())  # type: ignore[arg-type]  # that is the mistake
