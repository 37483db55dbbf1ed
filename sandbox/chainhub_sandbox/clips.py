"""Render clips in worker threads, and cache them."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import IO, ParamSpec, TypeVar

import av
from av.video.reformatter import Colorspace
from PIL import Image

from chainhub_sandbox.drawing import badge, placeholder
from chainhub_sandbox.pictures import (
    Picture,
    PictureShelf,
    fetch_loopback,
    is_loopback_link,
    sha256_of,
)

# H.273 code points: everything is BT.709 in limited range, and says so.
_BT709 = 1
_LIMITED_RANGE = 1
_BLACK, _WHITE = 16, 235

Planes = tuple[Image.Image, Image.Image, Image.Image]


class RenderStopped(Exception):
    """The sandbox stopped while the clip was being rendered."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What a clip shows; equal clips are rendered once.

    Attributes:
        width: in pixels, even.
        height: in pixels, even.
        seconds: its exact length.
        fps: frames a second.
        model: named on the badge.
        prompt: named on the badge.
    """

    width: int
    height: int
    seconds: int
    fps: int
    model: str
    prompt: str

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.seconds * self.fps

    def fingerprint(self, pictures: Sequence[Picture]) -> str:
        """A name for the rendered file: the same clip over the same pictures has the same."""
        told = repr((self, [picture.digest for picture in pictures]))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class _Pan:
    """A straight way over a picture in whole pixels a frame: sharp, and free of jitter.

    Chroma has half the resolution, so every second luma pixel falls between two chroma pixels.
    `odd` holds chroma shifted by that half.
    """

    luma: Image.Image
    even: tuple[Image.Image, Image.Image]
    odd: tuple[Image.Image, Image.Image]
    clip: Clip
    horizontal: bool
    start: int
    travel: int
    step: int

    @classmethod
    def over(cls, image: Image.Image, clip: Clip, frames: int) -> _Pan:
        # Even sides: every chroma pixel then belongs to four luma pixels.
        image = image.crop((0, 0, image.width // 2 * 2, image.height // 2 * 2))
        spare = (image.width - clip.width, image.height - clip.height)
        horizontal = spare[0] >= spare[1]
        room = max(spare)
        step = max(1, min(3, room // frames))
        travel = min(room, step * (frames - 1))
        luma, *even = _planes(image)
        right, down = (1, 0) if horizontal else (0, 1)
        _, *odd = _planes(image.crop((right, down, image.width + right, image.height + down)))
        return cls(
            luma,
            (even[0], even[1]),
            (odd[0], odd[1]),
            clip,
            horizontal,
            (room - travel) // 2,
            travel,
            step,
        )

    def frame(self, number: int) -> Planes:
        """The planes of one frame; at the end of the way the pan turns round."""
        way = number * self.step % (2 * self.travel or 1)
        moved = self.start + min(way, 2 * self.travel - way)
        across = (self.luma.height - self.clip.height, self.luma.width - self.clip.width)
        middle = across[0 if self.horizontal else 1] // 4 * 2
        left, top = (moved, middle) if self.horizontal else (middle, moved)
        width, height = self.clip.width, self.clip.height
        blue, red = (
            plane.crop((left // 2, top // 2, left // 2 + width // 2, top // 2 + height // 2))
            for plane in (self.odd if moved % 2 else self.even)
        )
        return self.luma.crop((left, top, left + width, top + height)), blue, red


def _planes(image: Image.Image) -> Planes:
    """An RGB picture as three 8-bit planes: luma, and the two chromas at half resolution."""
    pixels = image.convert("RGBA").tobytes()
    frame = av.VideoFrame.from_bytes(pixels, image.width, image.height, "rgba").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709
    )
    luma, blue, red = (
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)
        for plane in frame.planes
    )
    return luma, blue, red


class _Badge:
    """The panel as planes, ready to be laid over every frame."""

    def __init__(self, clip: Clip) -> None:
        panel = badge(clip.width, clip.height, clip.model, clip.prompt)
        self._planes = _planes(panel.convert("RGB"))
        mask = panel.getchannel("A")
        small = mask.resize((mask.width // 2, mask.height // 2))
        self._masks = (mask, small, small)
        self._clip = clip

    def stamp(self, planes: Planes, number: int) -> None:
        """Lays the panel and a progress line over a frame."""
        for plane, panel, mask in zip(planes, self._planes, self._masks, strict=True):
            plane.paste(panel, (0, plane.height - panel.height), mask)
        clip, luma = self._clip, planes[0]
        thick = max(2, clip.height // 180)
        done = round(clip.width * (number + 1) / clip.frames)
        luma.paste(_WHITE, (0, clip.height - thick, done, clip.height))
        luma.paste(_BLACK, (done, clip.height - thick, clip.width, clip.height))


def _frames(clip: Clip, images: Sequence[Image.Image]) -> Iterator[Planes]:
    """Every frame's planes; several pictures share the clip, one after the other."""
    panel = _Badge(clip)
    pan: _Pan | None = None
    shown = -1
    for number in range(clip.frames):
        turn = number * len(images) // clip.frames
        if pan is None or turn != shown:
            pan, shown = _Pan.over(images[turn], clip, clip.frames // len(images) or 1), turn
        planes = pan.frame(number)
        panel.stamp(planes, number)
        yield planes


def render(
    clip: Clip, images: Sequence[Image.Image], to: Path, stopping: Callable[[], bool]
) -> None:
    """Renders a clip, and beside it a JPEG of its first frame.

    Args:
        clip: what to show.
        images: RGB pictures, each at least as large as the clip on both sides.
        to: the MP4 to write; the thumbnail gets the suffix `.jpg`.
        stopping: asked before every frame; true ends the rendering.

    Raises:
        RenderStopped: `stopping` said so.
        av.FFmpegError: the encoder or the file system refused.
    """
    with av.open(to, "w", format="mp4", options={"movflags": "faststart"}) as output:
        stream = output.add_stream(
            "libx264", rate=clip.fps, options={"preset": "ultrafast", "crf": "23"}
        )
        codec = stream.codec_context
        codec.width, codec.height, codec.pix_fmt = clip.width, clip.height, "yuv420p"
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = _LIMITED_RANGE
        codec.gop_size = 2 * clip.fps
        # One thread a clip: two clips at a time use two cores better than two threads on one.
        codec.thread_count = 1
        for number, planes in enumerate(_frames(clip, images)):
            if stopping():
                raise RenderStopped
            frame = av.VideoFrame(clip.width, clip.height, "yuv420p")
            for target, plane in zip(frame.planes, planes, strict=True):
                target.update(_rows(plane, target.line_size))
            frame.pts = number
            if number == 0:
                _pixels(frame).save(to.with_suffix(".jpg"), quality=85)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def _pixels(frame: av.VideoFrame) -> Image.Image:
    """A frame as an RGB picture."""
    shown = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709)
    plane = shown.planes[0]
    size = (shown.width, shown.height)
    return Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)


def _rows(plane: Image.Image, line_size: int) -> bytes:
    """A plane's pixels with each row padded to what the frame in memory wants."""
    if plane.width == line_size:
        return plane.tobytes()
    return plane.crop((0, 0, line_size, plane.height)).tobytes()


_P = ParamSpec("_P")
_R = TypeVar("_R")
# libx264 and Pillow let go of the interpreter lock while they work, so threads are enough, need
# no second interpreter, and leave the event loop its turn. Two, as on the smallest machines.
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Order:
    """A clip to be rendered, and what to show in it.

    Attributes:
        clip: the shape of it.
        sources: pictures, or links to them; a link elsewhere is drawn, never fetched.
    """

    clip: Clip
    sources: tuple[Picture | str, ...]


class Studio:
    """Threads, cache and a temporary folder, all gone after `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="chainhub-sandbox-")
        self._renderers = ThreadPoolExecutor(_THREADS, "chainhub-sandbox-render")
        self._desk = ThreadPoolExecutor(_THREADS, "chainhub-sandbox-desk")
        self._shelf = PictureShelf()
        self._stopping = Event()
        self._made: dict[str, Future[Path]] = {}
        self._lock = Lock()

    def stop_rendering(self) -> None:
        """Has every clip that is being rendered end at its next frame."""
        self._stopping.set()

    def close(self) -> None:
        """Ends all work, waits for the threads, and removes every file."""
        self.stop_rendering()
        self._desk.shutdown(cancel_futures=True)
        self._renderers.shutdown(cancel_futures=True)
        self._folder.cleanup()

    async def aside(self, work: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Runs short blocking work on a thread of the desk."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._desk, lambda: work(*args, **kwargs))

    async def decode(self, file: IO[bytes], digest: str, width: int, height: int) -> Picture:
        """Decodes a picture for a frame of that size, see `PictureShelf.decode`."""
        return await self.aside(self._shelf.decode, file, digest, width, height)

    def commission(self, order: Order) -> Future[Path]:
        """Has a clip rendered, and returns at once."""
        return self._renderers.submit(self._produce, order)

    def _produce(self, order: Order) -> Path:
        clip = order.clip
        pictures = [self._picture(source, clip) for source in order.sources]
        name = clip.fingerprint(pictures)
        with self._lock:
            made = self._made.get(name)
            mine = made or self._made.setdefault(name, Future())
        if made is not None:
            # Whoever renders it has a thread already, so this wait always ends.
            return made.result()
        try:
            path = Path(self._folder.name) / f"{name}.mp4"
            images = [picture.image for picture in pictures]
            render(clip, images, path, self._stopping.is_set)
        except BaseException as error:
            with self._lock:
                del self._made[name]
            mine.set_exception(error)
            raise
        mine.set_result(path)
        return path

    def _picture(self, source: Picture | str, clip: Clip) -> Picture:
        if isinstance(source, Picture):
            return source
        if is_loopback_link(source):
            file = fetch_loopback(source, self._stopping)
            return self._shelf.decode(file, sha256_of(file), clip.width, clip.height)
        return Picture("drawn", placeholder(clip.width, clip.height, clip.prompt))
