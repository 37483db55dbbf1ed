"""Large bodies and busy threads do not get in the way of quick answers."""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import time
import tracemalloc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from chainhub_sandbox.clips import ClipRenderer
from chainhub_sandbox.clock import RealClock
from chainhub_sandbox.faults import FaultPlan
from chainhub_sandbox.gateway import Gateway, Settings
from chainhub_sandbox.ledger import Ledger
from chainhub_sandbox.tasks import TaskStore
from starlette.types import ASGIApp

from tests.support.sandbox_caller import KITTEN, Caller

MEBIBYTE = 1024 * 1024


def test_queries_are_quick_while_two_clips_are_rendered(full_caller: Caller) -> None:
    """Rendering leaves the event loop its turn, also in full size."""
    idle = statistics.median(_latency(full_caller, "nothing") for _ in range(20))
    created = [full_caller.create_unified(prompt=f"busy {number}") for number in (1, 2)]
    latencies: list[float] = []
    running = {answer.json()["id"] for answer in created}
    while running:
        for task_id in tuple(running):
            started = time.perf_counter()
            state = full_caller.query(task_id).json()["status"]
            latencies.append(time.perf_counter() - started)
            assert state != "failed"
            if state == "completed":
                running.remove(task_id)
        time.sleep(0.01)
    assert len(latencies) > 20
    assert full_caller.watch(created[0], every=100).size == (1080, 720)
    assert statistics.median(latencies) < max(0.1, 20 * idle)


def _latency(caller: Caller, task_id: str) -> float:
    """Return the seconds that a query takes."""
    started = time.perf_counter()
    caller.query(task_id)
    return time.perf_counter() - started


def test_identical_creates_at_the_same_time(caller: Caller) -> None:
    """Twenty equal creates at once are twenty tasks that all complete."""
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: caller.create_openai(prompt="rush"), range(20)))
        states = list(pool.map(caller.finish, created))
    assert len({state["id"] for state in states}) == 20
    assert {state["status"] for state in states} == {"completed"}


def test_picture_of_100_megabytes(tmp_path: Path) -> None:
    """A very large picture is let through, and held on disk instead of in memory."""
    size = 100 * MEBIBYTE
    # A PNG ends with its IEND chunk: whatever follows is carried along and ignored.
    large = tmp_path / "large.png"
    large.write_bytes(KITTEN)
    os.truncate(large, size)
    renderer, ledger = ClipRenderer(fast=True), Ledger()
    settings = Settings(api_key="sandbox", pace=0.01, poll_after_ms=10, clock=RealClock())
    links_url = "http://127.0.0.1:1"
    gateway = Gateway(TaskStore(), ledger, FaultPlan(), settings, renderer, links_url)
    answer, peak = asyncio.run(_upload(gateway.app(), large))
    renderer.close()
    assert answer.status_code == 200, answer.text
    (record,) = ledger.requests[0].pictures
    assert record.size == size
    with large.open("rb") as file:
        assert record.sha256 == hashlib.file_digest(file, "sha256").hexdigest()
    assert peak < 32 * MEBIBYTE


async def _upload(app: ASGIApp, picture: Path) -> tuple[httpx.Response, int]:
    """Creates a task without a socket between, and says the most memory that took."""
    fields = {"model": "veo_3_1", "prompt": "Large", "seconds": "1", "size": "16x9"}
    headers = {"Authorization": "Bearer sandbox"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=60
    ) as http:
        with picture.open("rb") as file:
            request = http.build_request(
                "POST", "/v1/videos", data=fields, files={"input_reference": file}
            )
            # The client's own stream of a form is made for blocking clients.
            body = request.stream
            assert isinstance(body, httpx.SyncByteStream)
            content = _unhurried(body)
            headers = dict(request.headers)
            tracemalloc.start()
            try:
                answer = await http.post("/v1/videos", content=content, headers=headers)
                return answer, tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()


async def _unhurried(body: httpx.SyncByteStream) -> AsyncIterator[bytes]:
    for chunk in body:
        yield chunk
