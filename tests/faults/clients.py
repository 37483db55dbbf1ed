"""The soak's client processes: they run jobs until all are saved, or until they are killed.

They are forked from a process that has imported everything, so that a killed client is replaced within milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import time
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


class EventLog:
    """The events of one client, which outlive it.

    Args:
        folder: where they are written, together with those of all others.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file = os.open(folder / EVENTS, flags, 0o644)

    def write(self, job: int, event: str, text: str = "") -> None:
        """Writes one line, whole or not at all."""
        told = {"pid": os.getpid(), "job": job, "event": event, "text": text}
        os.write(self._file, json.dumps(told).encode() + b"\n")


class Caller:
    """How one job is called until it is saved: what follows from each outcome.

    Args:
        log: takes its events.
        job: its number.
    """

    def __init__(self, log: EventLog, job: int) -> None:
        self._log = log
        self._job = job
        self._releases = False

    def before(self) -> dict[str, Any]:
        """What the next call is told."""
        releases, self._releases = self._releases, False
        self._log.write(self._job, "release" if releases else "call")
        return {"resubmit_uncertain": releases}

    def failed(self, error: ChainHubError) -> None:
        """Takes note of a failure; one that is uncertain is released by the next call.

        Raises:
            TaskFailed: the task failed, which no fault of the soak can cause.
        """
        if isinstance(error, TaskFailed):
            raise error
        self._releases = isinstance(error, SubmissionUncertain)
        event = "uncertain" if self._releases else "trouble"
        self._log.write(self._job, event, f"{type(error).__name__}: {error}")

    def saved(self) -> None:
        """Takes note of the end."""
        self._log.write(self._job, "saved")


def _run_blocking(assignment: Assignment, log: EventLog) -> None:
    with (
        ChainHub(base_url=assignment.url, **_SETTINGS) as hub,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def run(job: int) -> None:
            caller = Caller(log, job)
            arguments = arguments_of(job, Path(assignment.folder), assignment.seed)
            while True:
                try:
                    hub.videos.generate(**arguments, **caller.before(), timeout=60)
                except ChainHubError as error:
                    caller.failed(error)
                    time.sleep(_PAUSE)
                else:
                    return caller.saved()

        for done in [pool.submit(run, job) for job in assignment.jobs]:
            done.result()


async def _run_asyncio(assignment: Assignment, log: EventLog) -> None:
    turns = asyncio.Semaphore(AT_ONCE)
    async with AsyncChainHub(base_url=assignment.url, **_SETTINGS) as hub:

        async def run(job: int) -> None:
            caller = Caller(log, job)
            arguments = arguments_of(job, Path(assignment.folder), assignment.seed)
            async with turns:
                while True:
                    try:
                        await hub.videos.generate(**arguments, **caller.before(), timeout=60)
                    except ChainHubError as error:
                        caller.failed(error)
                        await asyncio.sleep(_PAUSE)
                    else:
                        return caller.saved()

        async with asyncio.TaskGroup() as group:
            for job in assignment.jobs:
                group.create_task(run(job))


def _run(assignment: Assignment) -> None:
    log = EventLog(Path(assignment.folder))
    if assignment.driver == "blocking":
        _run_blocking(assignment, log)
    else:
        asyncio.run(_run_asyncio(assignment, log))


def start(assignment: Assignment) -> BaseProcess:
    """Start a client in a process of its own; its exit status is not 0 if it crashes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.verdict"])  # imports all that a client needs
    process = context.Process(target=_run, args=(assignment,), daemon=True)
    process.start()
    return process
