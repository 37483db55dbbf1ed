"""The soak's client processes: they run jobs until all are saved, or until they are killed.

They are forked from a process that has imported everything, so that a killed client is replaced within milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ChainHubError,
    PollPolicy,
    RetryPolicy,
    SubmissionUncertain,
    TaskFailed,
    Timeouts,
)

from tests.faults.jobs import EVENTS, arguments_of

AT_ONCE = 8  # jobs that one client runs at the same time
TIMEOUTS = Timeouts(connect=1.0, read=1.0, write=1.0, create=1.0)
_SETTINGS: dict[str, Any] = {
    "api_key": "sandbox",
    "timeout": TIMEOUTS,
    "retry": RetryPolicy(attempts=6, first=0.02, maximum=0.3),
    "poll": PollPolicy(first=0.02, interval=0.1, minimum=0.02, settle=4.0),
}
_PAUSE = 0.05  # seconds before a job is called again


@dataclass(frozen=True)
class Assignment:
    """What a client is to do.

    Attributes:
        url: of the gateway.
        folder: where outputs, receipts and the events are.
        driver: `blocking` or `asyncio`.
        jobs: the numbers of its jobs.
        seed: of what the jobs draw.
    """

    url: str
    folder: str
    driver: str
    jobs: list[int]
    seed: int


class _Client:
    """One client and its jobs. The blocking one is called in threads, so that both are driven by one loop.

    Args:
        assignment: what it is to do.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._folder = Path(assignment.folder)
        self._turns = asyncio.Semaphore(AT_ONCE)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._events = os.open(self._folder / EVENTS, flags, 0o644)

    async def run(self) -> None:
        """Run all jobs to their ends."""
        url = self._assignment.url
        if self._assignment.driver == "blocking":
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))
            with ChainHub(base_url=url, **_SETTINGS) as hub:
                await self._run_all(lambda **job: asyncio.to_thread(hub.videos.generate, **job))
        else:
            async with AsyncChainHub(base_url=url, **_SETTINGS) as async_hub:
                await self._run_all(async_hub.videos.generate)

    async def _run_all(self, generate: Callable[..., Awaitable[object]]) -> None:
        async with asyncio.TaskGroup() as group:
            for job in self._assignment.jobs:
                group.create_task(self._run_job(job, generate))

    async def _run_job(self, job: int, generate: Callable[..., Awaitable[object]]) -> None:
        """Call one job until it is saved; an uncertain create is released by the next call.

        Raises:
            TaskFailed: the task failed, which no fault of the soak can cause.
        """
        arguments = arguments_of(job, self._folder, self._assignment.seed)
        releases = False
        async with self._turns:
            while True:
                self._write(job, "release" if releases else "call")
                try:
                    await generate(**arguments, resubmit_uncertain=releases, timeout=60)
                except TaskFailed:
                    raise
                except ChainHubError as error:
                    releases = isinstance(error, SubmissionUncertain)
                    event = "uncertain" if releases else "trouble"
                    self._write(job, event, f"{type(error).__name__}: {error}")
                    await asyncio.sleep(_PAUSE)
                else:
                    return self._write(job, "saved")

    def _write(self, job: int, event: str, text: str = "") -> None:
        """Write one line of events, whole or not at all; it outlives the client."""
        told = {"pid": os.getpid(), "job": job, "event": event, "text": text}
        os.write(self._events, json.dumps(told).encode() + b"\n")


def _run(assignment: Assignment) -> None:
    asyncio.run(_Client(assignment).run())


def start(assignment: Assignment) -> BaseProcess:
    """Start a client in a process of its own; its exit status is not 0 if it crashes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.verdict"])  # imports all that a client needs
    process = context.Process(target=_run, args=(assignment,), daemon=True)
    process.start()
    return process
