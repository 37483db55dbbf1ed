"""A web service: POST starts a video, server-sent events tell its progress, and GET fetches the file.

An order has a number of the caller's own: a POST that is repeated, or sent again after a restart, pays nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chainhub_video import AsyncChainHub, SavedVideo, VideoTask
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, StreamingResponse

jobs: dict[int, asyncio.Task[SavedVideo]] = {}
changes: dict[int, list[VideoTask]] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open one client for all requests; at the end, receipts keep what was not finished."""
    async with AsyncChainHub(max_creates=100) as app.state.hub:
        yield
        for job in jobs.values():
            job.cancel()
        await asyncio.gather(*jobs.values(), return_exceptions=True)


app = FastAPI(lifespan=lifespan)


@app.post("/orders/{number}", status_code=202)
async def start(number: int, prompt: str) -> None:
    """Start the video of an order, unless it is in the making."""
    if number not in jobs or jobs[number].done():
        call = app.state.hub.videos.generate(
            prompt, model="grok-video-3", aspect_ratio="3:2", save_to=f"{number}.mp4",
            on_update=changes.setdefault(number, []).append,
        )  # fmt: skip
        jobs[number] = asyncio.create_task(call)


@app.get("/orders/{number}/events")
async def events(number: int) -> StreamingResponse:
    """Tell each change, from the first one on, and then `saved` or `failed`."""

    async def tell(job: asyncio.Task[SavedVideo]) -> AsyncIterator[str]:
        told = 0
        while not job.done() or told < len(changes[number]):
            for task in changes[number][told:]:
                told += 1
                yield f"event: progress\ndata: {task.progress}\n\n"
            await asyncio.wait([job], timeout=0.5)
        yield f"event: {'failed' if job.exception() else 'saved'}\ndata: {number}\n\n"

    if number not in jobs:
        raise HTTPException(404, "there is no such order, or not since the server was started")
    return StreamingResponse(tell(jobs[number]), media_type="text/event-stream")


@app.get("/orders/{number}.mp4")
def video(number: int) -> FileResponse:
    """Return the file, which is there only when it is whole."""
    if not Path(f"{number}.mp4").exists():
        raise HTTPException(404, "there is no video yet")
    return FileResponse(f"{number}.mp4", media_type="video/mp4")
