"""`ChainHub.batch` and `AsyncChainHub.batch`. A test keeps the two equal."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

from chainhub_video.batch.brakes import Interruption
from chainhub_video.batch.options import BatchOptions
from chainhub_video.batch.running import run_batch
from chainhub_video.drivers import http
from chainhub_video.drivers.asynchronous import AsyncDriver
from chainhub_video.errors import ConfigurationError

if TYPE_CHECKING:
    from distributed import Client

    from chainhub_video.batch.report import BatchEvent, BatchReport
    from chainhub_video.drivers.blocking import BlockingDriver


class Batch:
    """Making many videos. Reached as `ChainHub.batch`."""

    def __init__(self, driver: BlockingDriver) -> None:
        self._driver = driver

    def run(
        self,
        rows: str | PathLike[str] | Iterable[Mapping[str, Any]],
        out: str | PathLike[str],
        *,
        concurrency: int = 16,
        rate: float | None = None,
        max_creates: int | None = None,
        stop_after_failures: int | None = None,
        dry_run: bool = False,
        resubmit_uncertain: bool = False,
        retry_failed: bool = False,
        skip_invalid: bool = False,
        timeout: float | None = 1200,
        on_event: Callable[[BatchEvent], Any] | None = None,
        cluster: Client | None = None,
    ) -> BatchReport:
        """Make a video of each row, once: run again, it goes on where it stopped.

        All rows are checked before the first create. Each then is one `generate` with a receipt beside its output. The
        failure of a row stops no other; one that every row would meet starts no further row. Ctrl-C starts no further
        row, and waits for those that run; a second one stops at once. Both can be run again.

        The blocking client runs this on an event loop of its own, with HTTP connections of its own.

        Args:
            rows: the path of a manifest, `.csv` or `.jsonl`; or mappings with the parameters of `generate`, and `name`
                for the output's name without `.mp4`.
            out: the folder of the videos and their receipts; made if it is not there.
            concurrency: rows that are under way at once.
            rate: creates that are begun in a minute; None for as many as come.
            max_creates: creates that this run may pay for; None for any number. Those of unknown outcome count.
            stop_after_failures: rows that may fail, or end with an unknown outcome, before no further one is started;
                None for any number.
            dry_run: only tell what would be done; nothing is sent or written.
            resubmit_uncertain: send creates again whose outcome is unknown: for when you have looked, and they were not
                paid.
            retry_failed: pay for another attempt where the task had failed.
            skip_invalid: leave out the rows that cannot be made, instead of refusing all.
            timeout: seconds for each row, None for ever. One that takes longer goes on when this is run again.
            on_event: is called with each `BatchEvent`.
            cluster: a `distributed.Client` of a Dask cluster whose workers make the rows (extra `cluster`). Each worker
                takes the key from its own environment, and must see `out` and the pictures.

        Returns:
            What became of the rows. Failures of single rows are in it, and raise nothing.

        Raises:
            InvalidManifest: some rows cannot be made; nothing was sent.
            InvalidRequest: the manifest cannot be read, or another argument is wrong; nothing was sent.
            ConfigurationError: the blocking client was made with an `http_client`, or is closed; or a worker of the
                cluster cannot make rows.
            ConnectionFailed: the scheduler of the cluster is gone; run it again.
            KeyboardInterrupt: Ctrl-C; the rows that ran are done, or can be gone on with.
        """
        if self._driver.lent is not None:
            raise ConfigurationError(
                "a batch runs on asyncio, and cannot send with the blocking http_client= of this ChainHub: make one "
                "without it, or use AsyncChainHub(http_client=httpx.AsyncClient(...)) and await its batch.run"
            )
        http.open_client(None, closed=self._driver._closed)
        options = BatchOptions(
            concurrency=concurrency,
            rate=rate,
            max_creates=max_creates,
            stop_after_failures=stop_after_failures,
            dry_run=dry_run,
            resubmit_uncertain=resubmit_uncertain,
            retry_failed=retry_failed,
            skip_invalid=skip_invalid,
            timeout=timeout,
        )
        interruption = Interruption()

        async def main() -> BatchReport:
            driver = AsyncDriver(self._driver.settings)
            try:
                return await run_batch(driver, rows, out, options, on_event, interruption, cluster)
            finally:
                await driver.close()

        report = _completed(main, interruption)
        if report.interrupted:
            raise KeyboardInterrupt
        return report


class AsyncBatch:
    """Making many videos. Reached as `AsyncChainHub.batch`."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver

    async def run(
        self,
        rows: str | PathLike[str] | Iterable[Mapping[str, Any]],
        out: str | PathLike[str],
        *,
        concurrency: int = 16,
        rate: float | None = None,
        max_creates: int | None = None,
        stop_after_failures: int | None = None,
        dry_run: bool = False,
        resubmit_uncertain: bool = False,
        retry_failed: bool = False,
        skip_invalid: bool = False,
        timeout: float | None = 1200,
        on_event: Callable[[BatchEvent], Any] | None = None,
        cluster: Client | None = None,
    ) -> BatchReport:
        """Make a video of each row, once: run again, it goes on where it stopped.

        All rows are checked before the first create. Each then is one `generate` with a receipt beside its output. The
        failure of a row stops no other; one that every row would meet starts no further row. Ctrl-C starts no further
        row, and waits for those that run; a second one stops at once. Both can be run again.

        The blocking client runs this on an event loop of its own, with HTTP connections of its own.

        Args:
            rows: the path of a manifest, `.csv` or `.jsonl`; or mappings with the parameters of `generate`, and `name`
                for the output's name without `.mp4`.
            out: the folder of the videos and their receipts; made if it is not there.
            concurrency: rows that are under way at once.
            rate: creates that are begun in a minute; None for as many as come.
            max_creates: creates that this run may pay for; None for any number. Those of unknown outcome count.
            stop_after_failures: rows that may fail, or end with an unknown outcome, before no further one is started;
                None for any number.
            dry_run: only tell what would be done; nothing is sent or written.
            resubmit_uncertain: send creates again whose outcome is unknown: for when you have looked, and they were not
                paid.
            retry_failed: pay for another attempt where the task had failed.
            skip_invalid: leave out the rows that cannot be made, instead of refusing all.
            timeout: seconds for each row, None for ever. One that takes longer goes on when this is run again.
            on_event: is called with each `BatchEvent`.
            cluster: a `distributed.Client` of a Dask cluster whose workers make the rows (extra `cluster`). Each worker
                takes the key from its own environment, and must see `out` and the pictures.

        Returns:
            What became of the rows. Failures of single rows are in it, and raise nothing.

        Raises:
            InvalidManifest: some rows cannot be made; nothing was sent.
            InvalidRequest: the manifest cannot be read, or another argument is wrong; nothing was sent.
            ConfigurationError: the blocking client was made with an `http_client`, or is closed; or a worker of the
                cluster cannot make rows.
            ConnectionFailed: the scheduler of the cluster is gone; run it again.
            KeyboardInterrupt: Ctrl-C; the rows that ran are done, or can be gone on with.
        """
        options = BatchOptions(
            concurrency=concurrency,
            rate=rate,
            max_creates=max_creates,
            stop_after_failures=stop_after_failures,
            dry_run=dry_run,
            resubmit_uncertain=resubmit_uncertain,
            retry_failed=retry_failed,
            skip_invalid=skip_invalid,
            timeout=timeout,
        )
        return await run_batch(self._driver, rows, out, options, on_event, cluster=cluster)


def _completed(
    main: Callable[[], Coroutine[Any, Any, BatchReport]], interruption: Interruption
) -> BatchReport:
    """Run a coroutine on an event loop of its own: in this thread, unless it has one that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(main, interruption)
    # In a notebook. An interruption reaches this thread, which only waits.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run, main, interruption)
        while True:
            try:
                return running.result()
            except KeyboardInterrupt:
                if running.done():
                    raise
                interruption.press()


def _run(
    main: Callable[[], Coroutine[Any, Any, BatchReport]], interruption: Interruption
) -> BatchReport:
    try:
        with _signals(interruption), asyncio.Runner() as runner:
            return runner.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _signals(interruption: Interruption) -> Iterator[None]:
    """Have Ctrl-C stop the batch while the block runs, unless the program has its own use for it."""
    default = signal.default_int_handler
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not default:
        yield
        return

    def press(*_: object) -> None:
        if interruption.press() > 1:  # a third one ends it as Python does
            signal.signal(signal.SIGINT, default)

    signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, default)
