"""Large bodies and busy threads do not get in the way of quick answers."""

from __future__ import annotations

import hashlib
import os
import statistics
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_picture_of_100_megabytes(fresh_caller: Caller, tmp_path: Path) -> None:
    """A very large picture is let through, and held on disk instead of in memory."""
    size = 100 * MEBIBYTE
    # A PNG ends with its IEND chunk: whatever follows is carried along and ignored.
    large = tmp_path / "large.png"
    large.write_bytes(KITTEN)
    os.truncate(large, size)
    fields = {"model": "veo_3_1", "prompt": "Large", "seconds": "1", "size": "16x9"}
    tracemalloc.start()
    try:
        with large.open("rb") as file:
            files = {"input_reference": file}
            answer = fresh_caller.http.post("/v1/videos", data=fields, files=files)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200, answer.text
    (record,) = fresh_caller.gateway.requests[0].pictures
    assert record.size == size
    with large.open("rb") as file:
        assert record.sha256 == hashlib.file_digest(file, "sha256").hexdigest()
    assert peak < 32 * MEBIBYTE
