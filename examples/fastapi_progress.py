"""A web service: POST starts an order's video, once; server-sent events tell its progress; GET fetches the file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chainhub_video import AsyncChainHub, SavedVideo, VideoTask
from fastapi import FastAPI, HTTPException, responses

orders: dict[int, tuple[asyncio.Task[SavedVideo], list[VideoTask]]] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open one client for all requests; at the end, receipts keep what was not finished."""
    async with AsyncChainHub(max_creates=100) as app.state.hub:
        yield
        stopped = [job for job, _ in orders.values() if job.cancel()]
        await asyncio.gather(*stopped, return_exceptions=True)


app = FastAPI(lifespan=lifespan)


@app.post("/orders/{number}", status_code=202)
async def start(number: int, prompt: str) -> None:
    """Start the video of an order, unless it is in the making; again after a restart, it goes on and is free."""
    if number not in orders or orders[number][0].done():
        changes: list[VideoTask] = []
        ways = {"model": "grok-video-3", "aspect_ratio": "3:2", "save_to": f"{number}.mp4"}
        call = app.state.hub.videos.generate(prompt, **ways, on_update=changes.append)
        orders[number] = asyncio.create_task(call), changes


@app.get("/orders/{number}/events")
async def events(number: int) -> responses.StreamingResponse:
    """Tell each change, from the first one on, and then `saved` or `failed`."""
    if number not in orders:
        raise HTTPException(404)
    return responses.StreamingResponse(tell(*orders[number]), media_type="text/event-stream")


async def tell(job: asyncio.Task[SavedVideo], changes: list[VideoTask]) -> AsyncIterator[str]:
    """Give the events of an order."""
    told = 0
    while not job.done() or told < len(changes):
        for task in changes[told:]:
            yield f"event: progress\ndata: {task.progress}\n\n"
            told += 1
        await asyncio.wait([job], timeout=0.5)
    yield f"event: {'failed' if job.exception() else 'saved'}\ndata:\n\n"


@app.get("/orders/{number}.mp4")
def video(number: int) -> responses.FileResponse:
    """Return the file, which is there only when it is whole."""
    return responses.FileResponse(f"{number}.mp4", media_type="video/mp4")
