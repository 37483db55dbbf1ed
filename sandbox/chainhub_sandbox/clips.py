"""Render clips in worker threads, and cache them."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import threading
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
    PictureCache,
    fetch_loopback,
    is_loopback_link,
    sha256_of,
)

_P = ParamSpec("_P")
_R = TypeVar("_R")
Planes = tuple[Image.Image, Image.Image, Image.Image]
"""Luma, and both chromas at half resolution: 8 bits a pixel, BT.709, limited range."""

# H.273 code points.
_BT709 = 1
_LIMITED_RANGE = 1
_BLACK, _WHITE = 16, 235

_FPS = 24
_FAST_FPS = 4
_FAST_DIVISOR = 4
_THUMBNAIL = (320, 320)
# libx264 and Pillow release the interpreter lock, so threads are enough.
_THREADS = 2


class RenderStopped(Exception):
    """The sandbox stopped while the clip was being rendered."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The shape of a clip, and the words on it.

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


class ClipRenderer:
    """Worker threads, a cache and a temporary folder, all gone after `close`.

    Args:
        fast: whether clips are small, with few frames.

    Attributes:
        folder: holds what it made.
    """

    def __init__(self, *, fast: bool) -> None:
        self._fast = fast
        self._folder = tempfile.TemporaryDirectory(prefix="chainhub-sandbox-")
        self.folder = Path(self._folder.name)
        self._renderers = ThreadPoolExecutor(_THREADS, "chainhub-sandbox-render")
        self._helpers = ThreadPoolExecutor(_THREADS, "chainhub-sandbox-helper")
        self._pictures = PictureCache()
        self._stopping = Event()
        self._rendered: dict[str, Future[Path]] = {}
        self._lock = Lock()

    def stop(self) -> None:
        """End every rendering at its next frame."""
        self._stopping.set()

    def close(self) -> None:
        """End all work, wait for the threads, and remove every file."""
        self.stop()
        self._helpers.shutdown(cancel_futures=True)
        self._renderers.shutdown(cancel_futures=True)
        self._folder.cleanup()

    async def in_thread(self, work: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run short blocking work on a helper thread, and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._helpers, lambda: work(*args, **kwargs))

    async def decode(self, file: IO[bytes], digest: str, clip: Clip) -> Picture:
        """Return a picture decoded for a clip, see `PictureCache.decode`."""
        return await self.in_thread(self._decode, file, digest, clip, digest)

    def thumbnail(self, source: str) -> Path:
        """Return where the small JPEG of a picture is, once the picture has been decoded.

        Args:
            source: the sha256 of the picture's bytes, or the link to it.
        """
        return self.folder / f"{hashlib.sha256(source.encode()).hexdigest()[:40]}.thumbnail.jpg"

    def _decode(self, file: IO[bytes], digest: str, clip: Clip, source: str) -> Picture:
        """Decode a picture for a clip, and keep a thumbnail of it."""
        picture = self._pictures.decode(file, digest, clip.width, clip.height)
        path = self.thumbnail(source)
        if not path.exists():
            small = picture.image.copy()
            small.thumbnail(_THUMBNAIL)
            drafted = path.with_suffix(f".{threading.get_ident()}")
            small.save(drafted, "JPEG", quality=80)
            drafted.replace(path)  # in one step, since the page may be reading it
        return picture

    def clip(self, frame: tuple[int, int], seconds: int, model: str, prompt: str) -> Clip:
        """Return a clip for a frame of a width and height."""
        fps = _FAST_FPS if self._fast else _FPS
        divisor = _FAST_DIVISOR if self._fast else 1
        width, height = (round(side / divisor / 2) * 2 for side in frame)
        return Clip(width, height, seconds, fps, model, prompt)

    def render(self, clip: Clip, sources: Sequence[Picture | str]) -> Future[Path]:
        """Start to render a clip over pictures, or links to them; return its MP4 to be."""
        return self._renderers.submit(self._render, clip, sources)

    def _render(self, clip: Clip, sources: Sequence[Picture | str]) -> Path:
        pictures = [self._picture(source, clip) for source in sources or ("",)]
        key = repr((clip, [picture.digest for picture in pictures]))
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        with self._lock:
            cached = self._rendered.get(name)
            mine = cached or self._rendered.setdefault(name, Future())
        if cached is not None:
            # It is rendered already, or on another thread right now: this wait always ends.
            return cached.result()
        try:
            path = self.folder / f"{name}.mp4"
            render(clip, [picture.image for picture in pictures], path, self._stopping.is_set)
        except BaseException as error:
            with self._lock:
                del self._rendered[name]
            mine.set_exception(error)
            raise
        mine.set_result(path)
        return path

    def _picture(self, source: Picture | str, clip: Clip) -> Picture:
        if isinstance(source, Picture):
            return source
        if is_loopback_link(source):
            file = fetch_loopback(source, self._stopping)
            return self._decode(file, sha256_of(file), clip, source)
        return Picture("drawn", placeholder(clip.width, clip.height, clip.prompt))


def render(
    clip: Clip, images: Sequence[Image.Image], to: Path, stopping: Callable[[], bool]
) -> None:
    """Render a clip, and beside it a JPEG of its first frame.

    Args:
        clip: what to render.
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
        codec.thread_count = 1  # two clips at a time already use two cores
        for number, planes in enumerate(_frames(clip, images)):
            if stopping():
                raise RenderStopped
            frame = av.VideoFrame(clip.width, clip.height, "yuv420p")
            for target, plane in zip(frame.planes, planes, strict=True):
                # Rows in memory may be longer than the picture is wide.
                target.update(plane.crop((0, 0, target.line_size, plane.height)).tobytes())
            frame.pts = number
            if number == 0:
                _to_image(frame).save(to.with_suffix(".jpg"), quality=85)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def _frames(clip: Clip, images: Sequence[Image.Image]) -> Iterator[Planes]:
    """Yield every frame; several pictures share the clip, one after the other."""
    overlay = _Overlay(clip)
    pan: _Pan | None = None
    shown = -1
    for number in range(clip.frames):
        turn = number * len(images) // clip.frames
        if pan is None or turn != shown:
            pan, shown = _Pan(images[turn], clip, clip.frames // len(images) or 1), turn
        planes = pan.frame(number)
        overlay.paste_on(planes, number)
        yield planes


class _Pan:
    """A straight move over a picture by whole pixels a frame: sharp, and without jitter.

    Chroma has half the resolution, so every second luma pixel falls between two chroma pixels.
    Therefore the planes are kept twice, the second time shifted by one luma pixel.
    """

    def __init__(self, image: Image.Image, clip: Clip, frames: int) -> None:
        # Even sides: every chroma pixel then belongs to four luma pixels.
        image = image.crop((0, 0, image.width // 2 * 2, image.height // 2 * 2))
        spare = (image.width - clip.width, image.height - clip.height)
        room = max(spare)
        self._clip = clip
        self._horizontal = spare[0] >= spare[1]
        self._middle = min(spare) // 4 * 2
        self._step = max(1, min(3, room // frames))
        self._travel = min(room, self._step * (frames - 1))
        self._start = (room - self._travel) // 2
        right, down = (1, 0) if self._horizontal else (0, 1)
        shifted = image.crop((right, down, image.width + right, image.height + down))
        self._planes = (_to_planes(image), _to_planes(shifted))

    def frame(self, number: int) -> Planes:
        """Return the planes of one frame; at the end of its travel the pan turns round."""
        way = number * self._step % (2 * self._travel or 1)
        moved = self._start + min(way, 2 * self._travel - way)
        left, top = (moved, self._middle) if self._horizontal else (self._middle, moved)
        right, bottom = left + self._clip.width, top + self._clip.height
        half = (
            left // 2,
            top // 2,
            left // 2 + self._clip.width // 2,
            top // 2 + self._clip.height // 2,
        )
        luma, (_, blue, red) = self._planes[0][0], self._planes[moved % 2]
        return luma.crop((left, top, right, bottom)), blue.crop(half), red.crop(half)


class _Overlay:
    """The badge and a progress line, to be laid over every frame."""

    def __init__(self, clip: Clip) -> None:
        panel = badge(clip.width, clip.height, clip.model, clip.prompt)
        mask = panel.getchannel("A")
        half_mask = mask.resize((mask.width // 2, mask.height // 2))
        self._planes = _to_planes(panel.convert("RGB"))
        self._masks = (mask, half_mask, half_mask)
        self._clip = clip

    def paste_on(self, planes: Planes, number: int) -> None:
        """Lay it over the planes of a frame."""
        for plane, panel, mask in zip(planes, self._planes, self._masks, strict=True):
            plane.paste(panel, (0, plane.height - panel.height), mask)
        clip, luma = self._clip, planes[0]
        top = clip.height - max(2, clip.height // 180)
        done = round(clip.width * (number + 1) / clip.frames)
        luma.paste(_WHITE, (0, top, done, clip.height))
        luma.paste(_BLACK, (done, top, clip.width, clip.height))


def _to_planes(image: Image.Image) -> Planes:
    pixels = image.convert("RGBA").tobytes()
    frame = av.VideoFrame.from_bytes(pixels, image.width, image.height, "rgba").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709
    )
    luma, blue, red = (
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)
        for plane in frame.planes
    )
    return luma, blue, red


def _to_image(frame: av.VideoFrame) -> Image.Image:
    plane = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709).planes[0]
    size = (frame.width, frame.height)
    return Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)
