"""Kill workers of a Dask cluster while a batch keeps its videos in a bucket: `python -m tests.facade.batch.clustered`.

A real scheduler and real worker processes, the sandbox gateway, and an S3 server that answers some requests with 503.
The exit status says whether nothing was paid twice unreported, and nothing was lost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import attrs
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import BatchEvent, BatchReport, ChainHub, PollPolicy, Timeouts

from tests.facade.objects.s3server import BUCKET, Application, Environ, S3Server, refuse, s3server

from .conftest import kittens

OUT = f"s3://{BUCKET}/nightly"
QUICK = Timeouts(connect=2, read=10, write=2, create=4)  # a claim of a dead worker lasts 17 seconds
POLL = PollPolicy(interval=0.5, jitter=0)


@attrs.frozen
class Verdict:
    """What came of it.

    Attributes:
        rows: of the manifest.
        paid: creates, in the first run and in the second.
        uncertain: rows that the first run told as uncertain.
        saved: whole videos in the bucket, each with the sha256 that its receipt and the gateway tell.
        killed: workers.
        refused: requests that the S3 server answered with 503.
        seconds: of the first run.
    """

    rows: int
    paid: tuple[int, int]
    uncertain: int
    saved: int
    killed: int
    refused: int
    seconds: float

    def faults(self) -> list[str]:
        """Return what is wrong, in words."""
        first, second = self.paid
        wrong = []
        if first > self.rows:
            wrong.append(f"{first} creates were paid in the first run")
        if second > self.uncertain + (self.rows - first):
            wrong.append(f"{second} creates were paid in the second run")
        if self.saved != self.rows:
            wrong.append(f"{self.saved} videos are whole")
        return wrong


def played(
    rows: int, workers: int, kills: int, seed: int, *, pace: float = 1.0, late: bool = False
) -> Verdict:
    """Run a batch, kill workers in the middle, and run it again for what is uncertain.

    Args:
        rows: of the manifest.
        workers: processes.
        kills: workers that are killed.
        seed: of which, when, and what the S3 server refuses.
        pace: seconds that a task stays in each state.
        late: whether workers are killed only when the receipts of all rows tell their tasks, and before any video is
            there. In a bucket, the claim of a worker that dies in the middle of a create lasts for minutes: nobody can
            know whether it is still on its way.
    """
    chance = random.Random(seed)
    with ExitStack() as stack:
        s3 = stack.enter_context(s3server())
        refused = _refuse_some(s3, random.Random(seed + 1))
        gateway = stack.enter_context(Sandbox(fast=True, pace=pace))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, text in {**s3.environment, "CHAINHUB_API_KEY": "sandbox"}.items():
            patch.setenv(name, text)
        client = stack.enter_context(_cluster(workers))
        stack.callback(client.cluster.close)
        hub = stack.enter_context(ChainHub(base_url=gateway.url, timeout=QUICK, poll=POLL))
        killer = _Killer(client, gateway, rows, kills, chance, late=late)

        def run(**options: Any) -> BatchReport:
            options |= {"cluster": client, "concurrency": 64, "on_event": killer.watch}
            return hub.batch.run(kittens(rows), OUT, **options)

        killer.start()
        began = time.monotonic()
        report = run()
        seconds = time.monotonic() - began
        killer.join()
        while report.running or report.not_started:  # the claim of a dead worker still lasts
            report = run()
        first = gateway.paid
        uncertain = report.uncertain
        if uncertain:
            report = run(resubmit_uncertain=True)
        second = gateway.paid - first
        s3.fault = None
        whole = sum(_is_whole(s3, row["name"]) for row in kittens(rows))
        return Verdict(rows, (first, second), uncertain, whole, kills, refused[0], seconds)


class _Killer(threading.Thread):
    """Kill a worker each time that another part of the creates was paid, or when the receipts tell of all tasks."""

    def __init__(
        self,
        client: Any,
        gateway: Sandbox,
        rows: int,
        kills: int,
        chance: random.Random,
        *,
        late: bool,
    ) -> None:
        super().__init__()
        self._client, self._gateway, self._chance = client, gateway, chance
        self._rows, self._kills, self._late = rows, kills, late
        self._submitted: set[int | None] = set()  # rows whose receipts tell a task
        if late:
            gateway.hold()

    def watch(self, event: BatchEvent) -> None:
        """Take note of a row whose task is known."""
        if event.kind == "update":
            self._submitted.add(event.row)

    def run(self) -> None:
        """Kill as many as are to be killed."""
        for number in range(self._kills):
            while not self._is_time(number):
                time.sleep(0.05)
            found = [*self._client.run(os.getpid).values()]
            os.kill(self._chance.choice(found), signal.SIGKILL)
        self._gateway.release()

    def _is_time(self, number: int) -> bool:
        if self._late:
            return len(self._submitted) == self._rows
        return self._gateway.paid >= self._rows * (number + 1) // (self._kills + 2)


def _cluster(workers: int) -> Any:
    from distributed import Client, LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: Any = LocalCluster
        cluster = made(workers, threads_per_worker=4, processes=True, dashboard_address=None)
        client: Any = Client
        return client(cluster)


def _refuse_some(s3: S3Server, chance: random.Random) -> list[int]:
    """Answer one request in thirty with 503; return a list whose only item counts them."""
    count = [0]

    def fault(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        if chance.random() < 1 / 30:
            count[0] += 1
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return refuse(start, "503 Slow Down", "SlowDown")
        return server(environ, start)

    s3.fault = fault
    return count


def _is_whole(s3: S3Server, name: str) -> bool:
    """Return whether a row's video is what its receipt says."""
    key = f"nightly/{name}.mp4"
    result = json.loads(s3.read(f"{key}.task.json")).get("result")
    return bool(result) and hashlib.sha256(s3.read(key)).hexdigest() == result["sha256"]


def main() -> int:
    """Play it, and print the verdict."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.facade.batch.clustered", description=__doc__
    )
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    verdict = played(options.rows, options.workers, options.kills, options.seed)
    print(verdict)
    for fault in verdict.faults():
        print(f"wrong: {fault}")
    return bool(verdict.faults())


if __name__ == "__main__":
    sys.exit(main())
