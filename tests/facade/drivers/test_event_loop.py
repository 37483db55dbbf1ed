"""The asynchronous client holds up nobody else on the loop: uploads, downloads, decoding, and many jobs at once."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import AsyncChainHub, ChainHub, SavedVideo, TaskStatus
from chainhub_video.downloads import output
from chainhub_video.downloads.partfile import PartFile
from chainhub_video.flows import pictures as flow_pictures
from chainhub_video.images.fitting import fitted

from tests.support.answering import say, tell
from tests.support.colours import POLL, RETRY
from tests.support.echoing import echo
from tests.support.receipted import script
from tests.support.scripted import Gateway
from tests.support.ticking import Ticker
from tests.support.videos import MP4
from tests.support.wires import OPENAI, UNIFIED, Wire, png

Job = Callable[[AsyncChainHub], Awaitable[Any]]


def _run(gateway: Gateway, ticker: Ticker, job: Job, **options: Any) -> None:
    """Do something on a loop on which the ticker ticks."""

    async def watched() -> None:
        async with (
            AsyncChainHub(
                base_url=gateway.url, api_key="the-key", retry=RETRY, poll=POLL, **options
            ) as hub,
            ticker,
        ):
            await job(hub)

    asyncio.run(watched())


def test_a_slow_picture_is_read_off_the_loop(gateway: Gateway, wire: Wire) -> None:
    """A file that blocks at every read until the loop has come round delays its own upload, and nothing else."""
    gateway.on("create", tell(wire.created()))
    ticker = Ticker()

    class SlowFile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            ticker.block()
            return super().read(size)

    file = SlowFile(png())
    _run(gateway, ticker, lambda hub: wire.create(hub, image=file), inline_images=True)  # type: ignore[arg-type, return-value]  # awaited there
    assert ticker.awaited >= 2


def test_a_slow_disk_is_written_off_the_loop(
    gateway: Gateway, video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that blocks at every write until the loop has come round delays its own download, and nothing else."""
    put, check = PartFile._put, PartFile.check
    ticker = Ticker()
    written = []

    def slowly(part: PartFile, data: bytes) -> None:
        ticker.block()
        written.append(len(data))
        put(part, data)

    def checked(part: PartFile) -> bool:
        ticker.block()
        return check(part)

    monkeypatch.setattr(PartFile, "_put", slowly)
    monkeypatch.setattr(PartFile, "check", checked)
    rest = 3 << 20
    video += (8 + rest).to_bytes(4, "big") + b"free" + bytes(rest)
    gateway.on("content", say(200, video, MP4))
    task = OPENAI.task(status=TaskStatus.COMPLETED, raw_status="completed")
    _run(gateway, ticker, lambda hub: hub.videos.download(task, tmp_path / "x.mp4"))
    assert sum(written) == len(video)
    assert len(written) > 1
    assert ticker.awaited == len(written) + 1
    assert (tmp_path / "x.mp4").read_bytes() == video


def test_a_picture_is_fitted_off_the_loop(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoding, scaling and encoding a picture, however long they take, happen beside the loop."""
    gateway.on("create", tell(OPENAI.created()))
    ticker = Ticker()

    def slowly(*arguments: Any) -> Any:
        ticker.block()
        return fitted(*arguments)

    monkeypatch.setattr(flow_pictures, "fitted", slowly)
    _run(gateway, ticker, lambda hub: OPENAI.create(hub, image=png((300, 200)), fit="contain"))  # type: ignore[arg-type, return-value]  # awaited there
    assert ticker.awaited == 1


def test_what_blocks_the_loop_would_be_found(gateway: Gateway) -> None:
    """A callback that blocks on the loop itself is told, so the tests above can fail."""
    gateway.on("query", tell(OPENAI.seen("completed")))
    ticker = Ticker()
    with pytest.raises(AssertionError, match="this blocks the event loop"):
        _run(
            gateway,
            ticker,
            lambda hub: hub.videos.wait(OPENAI.task(), on_update=lambda _: ticker.block()),
        )


def test_many_jobs_at_once(gateway: Gateway, video: bytes, tmp_path: Path) -> None:
    """Twenty tasks on one client and one loop all end in whole videos, none mixed up with another."""
    echo(gateway)
    gateway.on("content", say(200, video, MP4))
    arguments: dict[str, Any] = {"model": "veo_3_1", "size": "1280x720", "image": png()}
    saved: list[SavedVideo] = []

    async def job(hub: AsyncChainHub) -> None:
        generate = hub.videos.generate
        saved.extend(
            await asyncio.gather(
                *(
                    generate(f"video_{number}", **arguments, save_to=tmp_path / f"{number}.mp4")
                    for number in range(20)
                )
            )
        )

    _run(gateway, Ticker(), job)
    told = [(one.task.id, one.path.name) for one in saved]
    assert told == [(f"video_{number}", f"{number}.mp4") for number in range(20)]
    assert all(one.path.read_bytes() == video for one in saved)
    assert gateway.count("create") == 20
    assert not list(tmp_path.glob("*.part"))


def test_hashing_a_large_file_holds_up_no_cancellation(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, target: Path, video: bytes
) -> None:
    """Whoever cancels a job that compares its saved file is out at once; what changes nothing is left to itself."""
    started, released, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly(*_: Any) -> bool:
        started.set()
        released.wait(10)
        ended.set()
        return True

    script(gateway, UNIFIED, video)
    with ChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:
        hub.videos.generate(**UNIFIED.arguments, save_to=target)
    monkeypatch.setattr(output, "file_matches", slowly)

    async def cancelled() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key") as hub:
            job = asyncio.create_task(hub.videos.generate(**UNIFIED.arguments, save_to=target))
            await asyncio.to_thread(started.wait, 10)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
            assert not ended.is_set()
            released.set()

    asyncio.run(cancelled())
