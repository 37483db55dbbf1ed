"""Many at once for one output: one of them pays, and all of them get what was paid for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ReceiptConflict,
)

from tests.support.colours import POLL, RETRY
from tests.support.jobs import Job
from tests.support.receipted import ago, leave, path_of, read, script
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import OPENAI, UNIFIED

MANY = 16


def test_many_threads_and_one_output_are_one_create(
    gateway: Gateway, target: Path, video: bytes
) -> None:
    """Of many threads of one client one pays, and all of them get the video."""
    script(gateway, OPENAI, video, look=lambda: time.sleep(0.1))
    with (
        ChainHub(base_url=gateway.url, api_key="the-key", retry=RETRY, poll=POLL) as hub,
        ThreadPoolExecutor(MANY) as pool,
    ):
        jobs = [pool.submit(OPENAI.generate, hub, save_to=target) for _ in range(MANY)]
        assert {job.result().sha256 for job in jobs} == {read(target)["result"]["sha256"]}
    assert gateway.count("create") == 1
    assert names(target.parent) == [target.name, path_of(target).name]


def test_many_asyncio_tasks_and_one_output_are_one_create(
    gateway: Gateway, target: Path, video: bytes
) -> None:
    """Of many tasks of one loop one pays, and all of them get the video."""
    script(gateway, UNIFIED, video, look=lambda: time.sleep(0.1))

    async def race() -> None:
        client = AsyncChainHub(base_url=gateway.url, api_key="the-key", retry=RETRY, poll=POLL)
        async with client as hub:
            jobs = (UNIFIED.generate(hub, save_to=target) for _ in range(MANY))
            saved = await asyncio.gather(*jobs)
        assert {one.path.read_bytes() for one in saved} == {video}

    asyncio.run(race())
    assert gateway.count("create") == 1


_RACE = """
    import functools, json, os, sys
    import httpx
    from chainhub_video import ChainHub, ChainHubError, PollPolicy
    httpx.create_ssl_context = functools.cache(httpx.create_ssl_context)
    httpx.create_ssl_context(trust_env=False)  # slow, so it is done before the race
    url, count, arguments = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    start, go = os.pipe()
    for _ in range(count):
        if os.fork() == 0:
            os.close(go)
            os.read(start, 1)  # until the parent opens the gate for all of them
            poll = PollPolicy(first=0.01, interval=0.05, minimum=0.01)
            with ChainHub(base_url=url, api_key="the-key", poll=poll) as hub:
                try:
                    told = hub.videos.generate(**arguments).sha256
                except ChainHubError as error:
                    told = type(error).__name__
            os.write(1, (told + "\\n").encode())
            os._exit(0)
    os.close(go)
    for _ in range(count):
        os.wait()
"""


def _race(gateway: Gateway, target: Path, count: int, **options: Any) -> list[str]:
    """Let processes call generate at the same moment; return what each got: a digest, or an error's name."""
    arguments = {**UNIFIED.arguments, "save_to": str(target), **options}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_RACE), gateway.url, str(count), json.dumps(arguments)],
        stdout=subprocess.PIPE, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize("before", ["nothing", "uncertain", "submitting"])
def test_many_processes_and_one_output_are_one_create(
    gateway: Gateway, target: Path, video: bytes, before: str
) -> None:
    """One process pays, and all of them return the video, even if all release an earlier create.

    The one that takes the receipt over pays; for the others it is a create of another process.
    """
    count, options = (8, {}) if before == "nothing" else (4, {"resubmit_uncertain": True})
    if before != "nothing":
        with ChainHub(base_url=gateway.url, api_key="the-key") as hub:
            leave(gateway, hub, UNIFIED, target, before, expires=ago(5))
    script(gateway, UNIFIED, video, look=lambda: time.sleep(0.1))
    told = _race(gateway, target, count, **options)
    assert told == [read(target)["result"]["sha256"]] * count
    assert gateway.count("create") == 1
    assert target.read_bytes() == video


def test_a_process_that_dawdles_before_sending_does_not_send_under_anothers_receipt(
    job: Job,
) -> None:
    """If the receipt was taken over while `confirm` was pondering, the slow call sends nothing."""
    job.script()

    def ponder(_: object) -> bool:
        times = {"times": {"submitting": ago(60)}, "expires": ago(1)}
        job.receipt.write_text(json.dumps({**job.read(), **times}))
        url = job.gateway.url
        with ChainHub(base_url=url, api_key="the-key", retry=RETRY, poll=POLL) as other:
            job.wire.generate(other, save_to=job.target, resubmit_uncertain=True)
        return True

    with pytest.raises(ReceiptConflict, match="nothing was sent"):
        job.of(confirm=ponder).generate()
    assert job.creates == 1
    assert job.generate().path.read_bytes() == job.video
    assert job.creates == 1
