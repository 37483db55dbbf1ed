"""One client with many tasks at once: a program of its own, which prints what that took as a JSON object.

Its arguments are the subject (`ours` or `bare`), what is done (`waits` or `generates`), how often, the server's
address, and a folder for files.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82" + bytes(64 * 1024)
FIELDS = {"model": "veo_3_1", "prompt": "The kitten is eating fish", "size": "1280x720"}
WARM = 8  # tasks that come first, and do not count
AT_ONCE = 16  # requests of the bare loop
LOOK_EVERY = 3.0  # seconds

Job = Callable[[int], Awaitable[Any]]


async def ours(
    kind: str, url: str, folder: Path, perform: Callable[[Job], Awaitable[None]]
) -> None:
    """Do it through `AsyncChainHub`; waits at its own pace, whole jobs at that of the bare loop."""
    from chainhub_video import AsyncChainHub, PollPolicy, VideoTask

    same = PollPolicy(interval=LOOK_EVERY, jitter=0, rate=None)
    poll = same if kind == "generates" else None
    async with AsyncChainHub(base_url=url, api_key="bench", poll=poll) as hub:

        def wait(number: int) -> Awaitable[Any]:
            return hub.videos.wait(VideoTask(id=f"video_w{number}", format="openai"), timeout=600)

        def generate(number: int) -> Awaitable[Any]:
            return hub.videos.generate(
                FIELDS["prompt"],
                model="veo_3_1",
                size="1280x720",
                image=PNG,
                save_to=folder / f"{number}.mp4",
                timeout=600,
            )

        await perform(wait if kind == "waits" else generate)


async def bare(
    _kind: str, url: str, folder: Path, perform: Callable[[Job], Awaitable[None]]
) -> None:
    """Do it with httpx and a semaphore, as someone would who needs none of the care."""
    import httpx

    turns = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer bench"}) as client:

        async def generate(number: int) -> None:
            files = {"input_reference": ("picture.png", PNG, "image/png")}
            async with turns:
                created = await client.post("/v1/videos", data=FIELDS, files=files)
            task = created.raise_for_status().json()
            while task["status"] != "completed":
                await asyncio.sleep(LOOK_EVERY)
                async with turns:
                    seen = await client.get(f"/v1/videos/{task['id']}")
                task = seen.raise_for_status().json()
            async with turns, client.stream("GET", f"/v1/videos/{task['id']}/content") as answer:
                with (folder / f"{number}.mp4").open("wb") as file:
                    async for data in answer.raise_for_status().aiter_bytes():
                        file.write(data)

        await perform(generate)


async def _late(worst: list[float]) -> None:
    """Note how late the event loop wakes a sleeper, at worst."""
    while True:
        began = perf_counter()
        await asyncio.sleep(0.01)
        worst.append(perf_counter() - began - 0.01)


async def measured(count: int, job: Job) -> dict[str, float]:
    """Do something many times at once, and return what it took, each."""
    await asyncio.gather(*(job(count + number) for number in range(WARM)))
    memory, cpu, began = _resident(), process_time(), perf_counter()
    worst: list[float] = []
    watching = asyncio.create_task(_late(worst))
    ended: Sequence[Any] = await asyncio.gather(
        *(job(number) for number in range(count)), return_exceptions=True
    )
    watching.cancel()
    return {
        "seconds": perf_counter() - began,
        "lag": max(worst),
        "cpu": (process_time() - cpu) / count,
        "kilobytes": (_resident() - memory) / 1024 / count,
        "trouble": sum(isinstance(each, BaseException) for each in ended),
    }


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def main() -> None:
    """Do what the command line says."""
    subject, kind, count, url, folder = sys.argv[1:]

    async def perform(job: Job) -> None:
        print(json.dumps(await measured(int(count), job)), flush=True)

    asyncio.run({"ours": ours, "bare": bare}[subject](kind, url, Path(folder), perform))


if __name__ == "__main__":
    main()
