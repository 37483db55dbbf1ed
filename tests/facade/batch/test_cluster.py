"""The workers of a Dask cluster make the rows, a dead one's go on elsewhere, and the key stays where it is."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import distributed
import httpx
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import AsyncChainHub, BatchEvent, ChainHub, ConfigurationError
from chainhub_video.batch.cluster import connected
from chainhub_video.batch.making import RowOptions
from chainhub_video.batch.rows import Row
from chainhub_video.batch.worker import Order, make
from chainhub_video.cli.app import run as command

from tests.support.places import KITTEN

from .child import POLL
from .clustered import _cluster, played
from .conftest import creates, kittens

KEY = "very-secret"
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """A cluster with one worker, which has a key of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINHUB_API_KEY", KEY)
        client = _cluster(1)
    yield client
    client.cluster.close()
    client.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sandbox]:
    """A gateway that lets in the worker's key alone."""
    with Sandbox(fast=True, pace=0.005, api_key=KEY) as sandbox:
        yield sandbox


Of = Callable[..., ChainHub]


@pytest.fixture
def hub_of(guarded: Sandbox) -> Iterator[Of]:
    """Make clients of that gateway; their own key is another one."""
    with ExitStack() as stack:

        def made(**options: Any) -> ChainHub:
            client = ChainHub(base_url=guarded.url, api_key="another", poll=POLL, **options)
            return stack.enter_context(client)

        yield made


@contextmanager
def changed(client: Any, change: str) -> Iterator[None]:
    """Run Python in the worker, and put its environment and its path back at the end."""
    client.run(exec, f"import os, sys; sys.kept = dict(os.environ), [*sys.path]; {change}")
    try:
        yield
    finally:
        client.run(exec, "import os, sys; os.environ.clear(); os.environ.update(sys.kept[0])")
        client.run(exec, "import sys; sys.path[:] = sys.kept[1]")


def test_a_worker_that_cannot_make_rows_is_named(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """Before anything is sent: without a key, with that of another gateway, with another version."""
    package = tmp_path / "chainhub_video-9.9.9.dist-info"
    package.mkdir()
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: chainhub-video\nVersion: 9.9.9\n"
    )
    for change, told in (
        ("os.environ['CHAINHUB_API_KEY'] = ' '", "has no CHAINHUB_API_KEY"),
        ("os.environ['CHAINHUB_BASE_URL'] = 'https://staging.example'", "has a CHAINHUB_BASE_URL"),
        (f"sys.path.insert(0, {str(tmp_path)!r})", r"has version 9\.9\.9 of chainhub-video"),
    ):
        with (
            changed(workers, change),
            pytest.raises(ConfigurationError, match=f"worker tcp://.* {told}"),
        ):
            hub_of().batch.run(kittens(2), tmp_path, cluster=workers)
    assert creates(guarded) == 0


def test_a_worker_that_comes_later_without_a_key_is_named(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """Its row fails, no further one is started, and nothing is sent."""

    def take_it_away(event: BatchEvent) -> None:
        if event.kind == "begin":
            workers.run(exec, "import os; del os.environ['CHAINHUB_API_KEY']")

    before = creates(guarded)
    with changed(workers, "pass"):
        report = hub_of().batch.run(
            kittens(3), tmp_path, cluster=workers, on_event=take_it_away, concurrency=1
        )
    assert (report.failed, report.not_started, report.creates) == (1, 2, 0)
    assert re.search(r"worker tcp://.* has no CHAINHUB_API_KEY", report.stopped or "")
    assert creates(guarded) == before


def test_what_belongs_to_this_process_is_refused(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """Functions and connections cannot go to a worker; and a cluster is a client of one."""
    for name in ("confirm", "image_host", "receipts"):
        with pytest.raises(ConfigurationError, match=f"{name}= belongs to this process"):
            hub_of(**{name: repr}).batch.run(kittens(1), tmp_path, cluster=workers)

    async def lent() -> None:
        async with httpx.AsyncClient() as client:
            hub = AsyncChainHub(base_url=guarded.url, api_key="another", http_client=client)
            await hub.batch.run(kittens(1), tmp_path, cluster=workers)

    with pytest.raises(ConfigurationError, match="http_client= belongs to this process"):
        asyncio.run(lent())
    no_client: Any = "tcp://127.0.0.1:9"
    with pytest.raises(ConfigurationError, match=r"must be a distributed\.Client"):
        hub_of().batch.run(kittens(1), tmp_path, cluster=no_client)


def test_a_key_stays_where_it_is(workers: Any, hub_of: Of, tmp_path: Path) -> None:
    """Rows are made with the worker's key; neither it nor ours is in what is pickled or in what the scheduler knows."""
    hub = hub_of()
    seen: list[BatchEvent] = []
    report = hub.batch.run(kittens(3), tmp_path, cluster=workers, on_event=seen.append)
    assert (report.saved, report.creates) == (3, 3), report.failures
    kinds = [event.kind for event in seen if event.row == 1]
    assert (kinds[0], kinds[1], kinds[-1]) == ("start", "update", "end")
    row = Row(1, "row 1", "kitten", kittens(1)[0])
    options = RowOptions(
        out="videos",
        timeout=60,
        resubmit_uncertain=False,
        retry_failed=False,
        began=datetime.now(UTC),
    )
    order = Order.of(hub._settings)
    sent = pickle.dumps((make, row, options, order, "run"))
    assert pickle.loads(sent)[1:] == (row, options, order, "run")
    known = workers.run_on_scheduler(_everything)
    assert "kitten-1" in known
    for told in (sent.decode("latin-1"), repr((row, options, order)), known):
        assert KEY not in told
        assert "another" not in told


def _everything(dask_scheduler: Any) -> str:
    """Return what a scheduler remembers, as text."""
    return repr((dask_scheduler.get_events(), [*dask_scheduler.transition_log]))


def test_the_clients_own_limit_holds_on_a_cluster(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """A client that may pay for two creates pays for two, in one run or more; a row that is not sent costs nothing."""
    before = creates(guarded)
    hub = hub_of(max_creates=2)
    with KITTEN.open("rb") as picture:
        (odd,) = kittens(
            1, model="veo_3_1", aspect_ratio=None, size="1280x720", image=picture, name="odd"
        )
        report = hub.batch.run([odd, *kittens(1)], tmp_path, cluster=workers)
    assert (report.saved, report.failed, report.creates) == (1, 1, 1)
    assert "give a path or a link" in report.failures[0].message
    report = hub.batch.run(kittens(4), tmp_path, cluster=workers, concurrency=3, rate=1000)
    assert (report.saved, report.present, report.not_started) == (1, 1, 2)
    assert creates(guarded) - before == 2
    assert "max_creates is 2" in (report.stopped or "")


def test_runs_on_one_cluster_share_their_limits(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """A run whose limit another one has used up sends nothing, can be stopped, and goes on when there is room."""
    before = creates(guarded)
    name = f"chainhub-video: 2 creates in flight, {guarded.url}"
    make_semaphore: Any = distributed.Semaphore
    other = make_semaphore(2, name, workers.scheduler, workers.loop)
    assert other.acquire()
    assert other.acquire()
    options = {"cluster": workers, "concurrency": 2}

    async def stopped() -> None:
        async with AsyncChainHub(base_url=guarded.url, api_key="another") as hub:
            async with asyncio.timeout(1):
                await hub.batch.run(kittens(2), tmp_path, **options)

    with pytest.raises(TimeoutError):
        asyncio.run(stopped())
    assert creates(guarded) == before
    other.release()
    other.release()
    report = hub_of().batch.run(kittens(2), tmp_path, **options)
    assert (report.saved, report.creates) == (2, 2)


def test_a_scheduler_that_dies_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with what to do; run again, here without a cluster, it goes on with the tasks that are paid."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "sandbox")
    found, manifest = tmp_path / "scheduler.json", tmp_path / "rows.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in kittens(4)))
    program = ["batch", "run", str(manifest), "--out", str(tmp_path / "out"), "--concurrency", "2"]
    with ExitStack() as stack:
        gateway = stack.enter_context(Sandbox(fast=True, pace=0.01))
        monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
        gateway.hold()
        scheduler = stack.enter_context(
            _process("scheduler", "--host=127.0.0.1", "--port=0", found)
        )
        stack.enter_context(_process("worker", "--no-nanny", "--nthreads=2", found))
        killer = threading.Thread(target=_kill_after, args=(scheduler, gateway, 2))
        killer.start()
        while not found.exists():
            time.sleep(0.05)
        address = json.loads(found.read_text())["address"]
        assert command([*program, "--dask", address]) == 1
        killer.join()
        gateway.release()
        assert "run the same command again" in capsys.readouterr().err
        assert command(program) == 0
        assert gateway.paid == 4
    assert "4 rows: 4 saved\n2 creates paid for" in capsys.readouterr().out


def test_what_a_worker_has_begun_it_finishes(
    workers: Any, guarded: Sandbox, hub_of: Of, tmp_path: Path
) -> None:
    """A call that is cancelled ends at once; the paid videos are saved all the same, and the next run finds them."""
    before = creates(guarded)

    async def cancelled() -> None:
        updated: set[int | None] = set()
        enough = asyncio.Event()

        def watch(event: BatchEvent) -> None:
            if event.kind == "update":
                updated.add(event.row)
            if len(updated) == 2:
                enough.set()

        async with AsyncChainHub(base_url=guarded.url, api_key="another", poll=POLL) as hub:
            run = hub.batch.run(kittens(2), tmp_path, cluster=workers, on_event=watch)
            running = asyncio.create_task(run)
            await asyncio.wait_for(enough.wait(), 60)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    guarded.hold()
    asyncio.run(cancelled())
    guarded.release()
    ends = time.monotonic() + 60
    while len([*tmp_path.glob("*.mp4")]) < 2:
        assert time.monotonic() < ends
        time.sleep(0.02)
    report = hub_of().batch.run(kittens(2), tmp_path, cluster=workers)
    assert (report.ok, report.creates, creates(guarded) - before) == (True, 0, 2)


def test_a_dead_workers_rows_go_on_elsewhere() -> None:
    """Two workers, one of which is killed, and a bucket that answers 503 now and then: all whole, each paid once."""
    verdict = played(8, workers=2, kills=1, seed=3, pace=0.02, late=True)
    assert verdict.faults() == []
    assert (verdict.paid, verdict.uncertain, verdict.saved) == ((8, 0), 0, 8)


@contextmanager
def _process(kind: str, *options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of Dask's programs; its last option is the file that leads to the scheduler."""
    program = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard"]
    *others, found = map(str, options)
    process = subprocess.Popen(
        [*program, *others, "--scheduler-file", found], stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _kill_after(process: subprocess.Popen[bytes], gateway: Sandbox, creates: int) -> None:
    while gateway.paid < creates:
        time.sleep(0.02)
    process.kill()


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address."""
    monkeypatch.setattr("chainhub_video.batch.cluster._PATIENCE", 0.5)
    with pytest.raises(ConfigurationError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        connected("tcp://127.0.0.1:9")
