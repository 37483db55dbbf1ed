"""The asynchronous client holds up nobody else on the loop: uploads, downloads, decoding, and many jobs at once."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import AsyncChainHub, SavedVideo, TaskStatus
from chainhub_video.partfile import PartFile

from .answering import say, tell
from .colours import POLL, RETRY
from .echoing import echo
from .scripted import Gateway
from .ticking import Ticker
from .wires import OPENAI, UNIFIED, png

SLOW = 0.2  # seconds that one step of a slow disk takes
HELD = 0.12  # seconds that the loop may be held up at most, on a machine that others use as well


class SlowFile(io.BytesIO):
    """A file on a disk that takes its time for every read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read, after a while."""
        self.reads += 1
        time.sleep(SLOW)
        return super().read(size)


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway) -> None:
    gateway.on("query", tell(OPENAI.seen()))


def _gap(gateway: Gateway, job: Callable[[AsyncChainHub], Awaitable[Any]], **options: Any) -> float:
    """Do something on a loop that is watched, and return how long it was held up at most."""

    async def watched() -> float:
        async with AsyncChainHub(
            base_url=gateway.url, api_key="the-key", retry=RETRY, poll=POLL, **options
        ) as hub:
            await hub.videos.retrieve("video_1")  # connections and trust are made once, before
            async with Ticker() as ticker:
                await job(hub)
            return ticker.largest_gap

    return asyncio.run(watched())


@pytest.mark.parametrize("model", ["openai", "unified"])
def test_a_slow_picture_is_read_off_the_loop(gateway: Gateway, model: str) -> None:
    """A file that blocks at every read delays its own upload, and nothing else."""
    wire = OPENAI if model == "openai" else UNIFIED
    gateway.on("create", tell(wire.created()))
    file = SlowFile(png())
    gap = _gap(gateway, lambda hub: wire.create(hub, image=file), inline_images=True)  # type: ignore[arg-type, return-value] - awaited there
    assert file.reads >= 2
    assert gap < HELD


def test_a_slow_disk_is_written_off_the_loop(
    gateway: Gateway, video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that blocks at every write delays its own download, and nothing else."""
    write, check = PartFile.write, PartFile.check
    written = []

    def slowly(part: PartFile, data: bytes) -> None:
        time.sleep(SLOW)
        written.append(len(data))
        write(part, data)

    def checked(part: PartFile) -> None:
        time.sleep(SLOW)
        check(part)

    monkeypatch.setattr(PartFile, "write", slowly)
    monkeypatch.setattr(PartFile, "check", checked)
    gateway.on("content", say(200, video, {"Content-Type": "video/mp4"}))
    task = OPENAI.task(status=TaskStatus.COMPLETED, raw_status="completed")
    gap = _gap(gateway, lambda hub: hub.videos.download(task, tmp_path / "x.mp4"))
    assert sum(written) == len(video)
    assert (tmp_path / "x.mp4").read_bytes() == video
    assert gap < HELD


def test_a_large_picture_is_fitted_off_the_loop(gateway: Gateway) -> None:
    """Decoding, scaling and encoding a picture of many pixels happens beside the loop."""
    gateway.on("create", tell(OPENAI.created()))
    picture = png((5000, 4000))
    began = time.monotonic()
    gap = _gap(gateway, lambda hub: OPENAI.create(hub, image=picture, fit="contain"))  # type: ignore[arg-type, return-value] - awaited there
    assert gap < max(HELD, (time.monotonic() - began) / 2)


def test_fifty_jobs_at_once(gateway: Gateway, video: bytes, tmp_path: Path) -> None:
    """Fifty tasks on one client and one loop all end in whole videos, none mixed up with another."""
    echo(gateway)
    gateway.on("content", say(200, video, {"Content-Type": "video/mp4"}))
    picture = png()

    async def all_of_them(hub: AsyncChainHub) -> list[SavedVideo]:
        jobs = (
            hub.videos.generate(
                f"video_{number}",
                model="veo_3_1",
                size="1280x720",
                image=picture,
                save_to=tmp_path / f"{number}.mp4",
            )
            for number in range(50)
        )
        return await asyncio.gather(*jobs)

    saved: list[SavedVideo] = []

    async def job(hub: AsyncChainHub) -> None:
        saved.extend(await all_of_them(hub))

    _gap(gateway, job)
    assert [(s.task.id, s.path.name) for s in saved] == [
        (f"video_{n}", f"{n}.mp4") for n in range(50)
    ]
    assert all(video_file.path.read_bytes() == video for video_file in saved)
    assert gateway.count("create") == 50
    assert not list(tmp_path.glob("*.part"))
