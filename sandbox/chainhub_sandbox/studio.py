"""The studio: decodes pictures and renders clips on its own threads, and keeps what it made."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import IO, ParamSpec, TypeVar

from chainhub_sandbox.drawing import placeholder
from chainhub_sandbox.pictures import (
    Picture,
    PictureShelf,
    fetch_loopback,
    is_loopback_link,
    sha256_of,
)
from chainhub_sandbox.rendering import Clip, render

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
