"""The public interface as it is used: never run, but read by the type checkers."""

# ruff: noqa: D103 - nothing here is ever called

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal, assert_type

import httpx
import httpx2
from chainhub_api import AuthenticatedClient
from chainhub_video import (
    APIError,
    AsyncChainHub,
    BatchEvent,
    BatchReport,
    ChainHub,
    ChainHubError,
    DownloadFailed,
    ImageSource,
    PollPolicy,
    RateLimited,
    RetryPolicy,
    RowFailure,
    SavedVideo,
    SubmissionUncertain,
    TaskFailed,
    TaskStatus,
    Timeouts,
    UnexpectedResponse,
    VideoRequest,
    VideoTask,
    WaitTimeout,
    __version__,
)
from PIL import Image

version: str = __version__


def make_clients() -> None:
    ChainHub()
    ChainHub(api_key="sk", base_url="https://gateway.example.com", timeout=30)
    ChainHub(timeout=Timeouts(connect=5), retry=RetryPolicy(attempts=2), poll=PollPolicy(first=1))
    ChainHub(http_client=httpx.Client(), inline_images=True)
    ChainHub(http_client=httpx2.Client())
    AsyncChainHub(http_client=httpx2.AsyncClient())
    ChainHub(http_client=httpx2.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ChainHub(image_host=host, max_download=10_000_000)
    AsyncChainHub(http_client=httpx.AsyncClient(), image_host=host_later)
    ChainHub("sk")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ChainHub(http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncChainHub(http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def host(name: str, stream: IO[bytes]) -> str:
    return f"https://pictures.example.com/{name}?{len(stream.read())}"


async def host_later(name: str, stream: IO[bytes]) -> str:
    return host(name, stream)


def wrong_words(hub: ChainHub) -> None:
    hub.videos.retrieve("video_1", format="soap")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    hub.videos.generate("p", model="x", save_too="x.mp4")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def forgotten_await(hub: AsyncChainHub) -> None:
    hub.videos.wait("video_1")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def on_update(task: VideoTask) -> None:
    assert_type(task.progress, float | None)


async def on_update_later(task: VideoTask) -> None:
    assert_type(task.status, TaskStatus)


def on_progress(done: int, total: int | None) -> None: ...


def whole_job() -> SavedVideo:
    with ChainHub() as hub:
        assert_type(hub, ChainHub)
        video = hub.videos.generate(
            "The kitten is eating fish",
            model="grok-video-3",
            image="https://example.com/kitten.png",
            aspect_ratio="3:2",
            save_to="kitten.mp4",
            on_update=print,
            on_progress=on_progress,
        )
        assert_type(video, SavedVideo)
        assert_type(video.path, Path)
        assert_type(video.size, int)
        assert_type(video.sha256, str)
        assert_type(video.url, str | None)
        assert_type(video.task, VideoTask)
        return video


def step_by_step(hub: ChainHub) -> None:
    task = hub.videos.create("p", model="veo_3_1", image=b"", size=(1280, 720), seconds=8)
    assert_type(task, VideoTask)
    assert_type(hub.videos.retrieve(task), VideoTask)
    assert_type(hub.videos.retrieve("grok:1", format="unified"), VideoTask)
    assert_type(hub.videos.wait(task, timeout=None, on_update=on_update), VideoTask)
    changes = hub.videos.watch(task.id, poll=PollPolicy(interval=5))
    assert_type(changes, Iterator[VideoTask])
    for change in changes:
        assert_type(change, VideoTask)
    assert_type(hub.videos.download(task, Path("x.mp4"), timeout=60), SavedVideo)
    assert_type(hub.raw, AuthenticatedClient)
    assert_type(hub.close(), None)


async def step_by_step_async() -> None:
    async with AsyncChainHub() as hub:
        assert_type(hub, AsyncChainHub)
        creating = hub.videos.create("p", model="veo_3_1", image="x.png", size="1280x720")
        coroutine: Coroutine[Any, Any, VideoTask] = creating
        task = await coroutine
        assert_type(await hub.videos.retrieve(task), VideoTask)
        assert_type(await hub.videos.wait(task, on_update=on_update_later), VideoTask)
        changes = hub.videos.watch(task)
        assert_type(changes, AsyncIterator[VideoTask])
        async for change in changes:
            assert_type(change, VideoTask)
        assert_type(await hub.videos.download(task, "x.mp4", on_progress=on_progress), SavedVideo)
        video = await hub.videos.generate("p", model="veo_3_1", save_to=Path("x.mp4"), image=b"")
        assert_type(video, SavedVideo)


async def tasks_of_asyncio(hub: AsyncChainHub) -> None:
    one = asyncio.create_task(hub.videos.wait("video_1"))
    assert_type(await one, VideoTask)
    async with asyncio.TaskGroup() as group:
        two = group.create_task(hub.videos.generate("p", model="veo_3_1", save_to="x.mp4"))
    assert_type(two.result(), SavedVideo)


def runs_of_asyncio(hub: AsyncChainHub) -> None:
    assert_type(asyncio.run(hub.videos.wait("video_1")), VideoTask)


def pictures(hub: ChainHub, picture: Image.Image, file: io.BufferedReader) -> None:
    sources: list[ImageSource] = [
        "x.png", Path("x.png"), b"", bytearray(), memoryview(b""), file, io.BytesIO(), picture,
    ]  # fmt: skip
    hub.videos.create("p", model="grok-video-3", images=sources, extra={"seed": 7})
    hub.videos.create("p", model="another-model", format="unified", size="4K", aspect_ratio="21:9")
    hub.videos.create("p", model="grok-video-3", image=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def many(hub: ChainHub) -> None:
    report = hub.batch.run("rows.csv", Path("videos"), rate=20, on_event=on_event)
    assert_type(report, BatchReport)
    assert_type(report.ok, bool)
    assert_type(report.reasons, Mapping[str, int])
    for failure in report.failures:
        assert_type(failure, RowFailure)
    hub.batch.run([{"prompt": "p", "model": "grok-video-3", "size": (1280, 720)}], "videos")
    hub.batch.run(({"prompt": str(number)} for number in range(9)), "videos", dry_run=True)
    hub.batch.run(["p"], "videos")  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    hub.batch.run("rows.csv")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def on_event(event: BatchEvent) -> None:
    assert_type(event.row, int | None)
    assert_type(event.task, VideoTask | None)
    assert_type(event.report, BatchReport | None)
    assert_type(event.to_json(), dict[str, Any])


async def many_async(hub: AsyncChainHub) -> None:
    assert_type(await hub.batch.run("rows.csv", "videos", max_creates=10), BatchReport)


def a_task(task: VideoTask) -> None:
    assert_type(task.id, str)
    assert_type(task.format, Literal["openai", "unified"])
    assert_type(task.model, str | None)
    assert_type(task.status, TaskStatus)
    assert_type(task.raw_status, str)
    assert_type(task.created_at, datetime | None)
    assert_type(task.updated_at, datetime | None)
    assert_type(task.video_url, str | None)
    assert_type(task.failure_reason, str | None)
    assert_type(task.raw, Mapping[str, Any])
    assert_type(task.done, bool)
    assert_type(task.to_json(), str)
    assert_type(VideoTask.from_json("{}"), VideoTask)
    assert_type(TaskStatus.FAILED.terminal, bool)
    task.id = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def a_request(request: VideoRequest) -> None:
    assert_type(request.images, tuple[ImageSource, ...])
    assert_type(request.extra, Mapping[str, Any])


def errors(hub: ChainHub) -> None:
    try:
        hub.videos.wait("video_1")
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
    except APIError as error:
        assert_type(error.status_code, int)
        assert_type(error.code, str | None)
        assert_type(error.message, str)
        assert_type(error.request_id, str | None)
        assert_type(error.body, str)
    except TaskFailed as error:
        assert_type(error.reason, str)
    except DownloadFailed as error:
        assert_type(error.url, str | None)
    except UnexpectedResponse as error:
        assert_type(error.status_code, int)
    except (WaitTimeout, SubmissionUncertain) as error:
        assert_type(error.task, VideoTask | None)
    except ChainHubError as error:
        assert_type(error.task, VideoTask | None)
