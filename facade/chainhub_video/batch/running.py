"""Run a batch on asyncio: read rows as they come, start them within the limits, and count what becomes of them."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chainhub_video import runtime
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.batch.brakes import INTERRUPTED, Brakes, Interruption
from chainhub_video.batch.checking import Checked, Stopped, check, refuse, request_of
from chainhub_video.batch.looks import Looks
from chainhub_video.batch.making import Outcome, RowOptions, RowResult, reason_of, run_row
from chainhub_video.batch.manifest import Source, source_of
from chainhub_video.batch.options import BatchOptions
from chainhub_video.batch.places import Place, place_of
from chainhub_video.batch.report import BatchEvent, BatchReport, RowFailure, Tally
from chainhub_video.batch.rows import Row
from chainhub_video.batch.status import Look, RowStatus, look_at
from chainhub_video.errors import ChainHubError
from chainhub_video.io import IO

if TYPE_CHECKING:
    from chainhub_video.batch.cluster import Cluster
    from chainhub_video.drivers.asynchronous import AsyncDriver
    from chainhub_video.settings import Settings
    from chainhub_video.task import VideoTask

LEAST_ROOM = 50_000_000  # bytes that a disk must have left for another create


async def run_batch(
    driver: AsyncDriver,
    rows: Any,
    out: Any,
    options: BatchOptions,
    on_event: Callable[[BatchEvent], Any] | None,
    interruption: Interruption | None = None,
    cluster: Any = None,
) -> BatchReport:
    """Check a manifest whole, then make its rows; see `Batch.run`."""
    settings = driver.settings
    place = place_of(out, settings.receipts)
    workers: Cluster | None = None
    if cluster is not None:
        workers = await asyncio.to_thread(_cluster, cluster, driver, options)
    wake = asyncio.Event()
    brakes = Brakes(options.max_creates, options.stop_after_failures, wake.set)
    if interruption is not None:
        interruption.bind(brakes)
    given_up = threading.Event()
    try:
        source = await asyncio.to_thread(source_of, rows)
        checked = await asyncio.to_thread(
            check, source, settings, lambda: brakes.interrupted or given_up.is_set()
        )
        if not options.skip_invalid:
            refuse(checked, source)
        if not options.dry_run:
            await asyncio.to_thread(place.prepare)
    except Stopped:
        return BatchReport(stopped=INTERRUPTED, interrupted=True, dry_run=options.dry_run)
    finally:
        given_up.set()  # the thread of a caller who was cancelled
    run = _Run(driver, source, checked, place, options, brakes, wake, on_event)
    if workers is None:
        return await run.run()
    await workers.begin()
    try:
        return await run.run(workers)
    finally:
        workers.end()


def _cluster(client: Any, driver: AsyncDriver, options: BatchOptions) -> Cluster:
    from chainhub_video.batch.cluster import Cluster  # of no use to a single machine

    cluster = Cluster(client, driver, options)
    if not options.dry_run:
        cluster.check()
    return cluster


class _Run:
    """One run of a batch whose manifest was checked."""

    def __init__(
        self,
        driver: AsyncDriver,
        source: Source,
        checked: Checked,
        place: Place,
        options: BatchOptions,
        brakes: Brakes,
        wake: asyncio.Event,
        on_event: Callable[[BatchEvent], Any] | None,
    ) -> None:
        self._driver, self._videos = driver, AsyncVideos(driver)
        self._checked, self._place, self._options = checked, place, options
        self._brakes, self._wake, self._on_event = brakes, wake, on_event
        self._clock = runtime.current().clock
        self._began = self._clock.monotonic()
        self._tally = Tally()
        self._tasks: set[asyncio.Task[None]] = set()
        self._creating = 0
        self._next_create = self._began
        self._trouble: BaseException | None = None
        self._stopped: str | None = None
        self._told: str | None = None
        self._cluster: Cluster | None = None
        self._looks = Looks(source, checked, place, options, driver.settings, brakes)
        self._row_options = RowOptions(
            out=place.name,
            timeout=options.timeout,
            resubmit_uncertain=options.resubmit_uncertain,
            retry_failed=options.retry_failed,
            began=datetime.now(UTC),
        )

    async def run(self, cluster: Cluster | None = None) -> BatchReport:
        """Start the rows, here or on a cluster, wait for them, and return the report."""
        self._cluster = cluster
        self._count_invalid()
        await self._tell(BatchEvent(kind="begin", report=self._report()))
        try:
            self._stopped = await self._start_rows()
            while self._tasks:
                self._wake.clear()
                await self._tell_stop()
                if self._tasks:
                    await self._wake.wait()
        except BaseException:
            self._brakes.interrupt()
            await self._cancel_rows()
            raise
        finally:
            await self._tell_stop()
            report = self._report()
            await self._tell(BatchEvent(kind="finish", report=report, seconds=report.seconds))
        if self._trouble is not None:
            raise self._trouble
        return report

    def _report(self) -> BatchReport:
        interrupted = self._brakes.interrupted
        return self._tally.report(
            self._checked.rows,
            seconds=self._clock.monotonic() - self._began,
            stopped=INTERRUPTED if interrupted else self._stopped or self._brakes.why_held,
            interrupted=interrupted,
            dry_run=self._options.dry_run,
        )

    async def _tell_stop(self) -> None:
        """Tell, once, why no further row is started."""
        report = self._report()
        if report.stopped not in (None, self._told):
            self._told = report.stopped
            await self._tell(BatchEvent(kind="stop", reason=self._told, seconds=report.seconds))

    def _count_invalid(self) -> None:
        for one in self._checked.problems:
            self._tally.fail(
                RowFailure(
                    row=one.number, where=one.where, name=None, outcome="invalid",
                    reason="InvalidRequest", message=str(one),
                )
            )  # fmt: skip
        more = self._checked.invalid - len(self._checked.problems)
        if more:
            self._tally.add("invalid", more)
            self._tally.reasons["InvalidRequest"] += more

    async def _start_rows(self) -> str | None:
        """Read rows in their order, and start each as soon as the limits allow; return why some were not started."""
        ended = False
        while not ended:
            await self._until(lambda: len(self._tasks) < self._options.concurrency)
            if self._brakes.stopped:
                return self._brakes.reason
            passed, found, ended = await asyncio.to_thread(self._looks.next)
            for row, look in passed:
                await self._pass_over(row, look)
            if found is not None and not await self._start(*found):
                return self._brakes.reason
        return self._looks.trouble

    async def _start(self, row: Row, look: Look) -> bool:
        """Start a row when it may be; return whether it was."""
        creates = self._looks.needs_create(look)
        if creates and not await self._may_create():
            return False
        if creates:
            self._brakes.reserve()
            self._creating += 1
        task = asyncio.create_task(self._make(row, look, creates=creates))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._trouble = self._trouble or error
            told = str(error) if isinstance(error, ChainHubError) else None
            self._brakes.stop(told or f"a mistake of this program: {error!r:.200}")

    async def _may_create(self) -> bool:
        """Wait until another create may be sent; return whether it may."""
        room = self._looks.room
        if room is not None and room < LEAST_ROOM:
            self._brakes.stop(
                f"only {room // 1_000_000} MB are free in {self._place.name}: make room"
            )
        # Until one create was accepted they go one by one, so that a wrong key fails once and not a dozen times.
        await self._until(lambda: self._brakes.proved or not self._creating)
        if self._options.rate is not None and not self._brakes.stopped:
            await self._wait_for_turn(60 / self._options.rate)
        if self._cluster is not None:
            return await self._cluster.admit(lambda: not self._brakes.stopped)
        return not self._brakes.stopped

    async def _wait_for_turn(self, interval: float) -> None:
        clock = self._clock.monotonic()
        if (pause := self._next_create - clock) > 0:
            sleep = asyncio.create_task(self._driver.run(_pause, pause))
            sleep.add_done_callback(lambda _: self._wake.set())
            try:
                await self._until(sleep.done)
            finally:
                sleep.cancel()
        self._next_create = max(self._next_create, clock) + interval

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, or no further row is started."""
        while not holds() and not self._brakes.stopped:
            self._wake.clear()
            await self._wake.wait()

    async def _make(self, row: Row, look: Look, *, creates: bool) -> None:
        """Make one row, and count what became of it."""
        accepted = not creates

        async def on_update(task: VideoTask) -> None:
            nonlocal accepted
            if not accepted:
                accepted = True
                self._brakes.accepted()
                self._give_back()
            await self._tell(self._about(row, "update", task=task))

        await self._tell(self._about(row, "start", status=look.status.value))
        try:
            if self._cluster is None:
                result = await run_row(self._videos, row, self._row_options, on_update)
            else:
                result = await self._cluster.run_row(
                    row, self._row_options, on_update, creates=creates
                )
        except asyncio.CancelledError:
            self._count_cancelled(row, creates=creates)
            raise
        finally:
            self._creating -= creates
            if not accepted:
                self._give_back()
        paid = creates and (result.task_id is not None or result.outcome is Outcome.UNCERTAIN)
        created = paid and look.status is not RowStatus.SENDING  # that one was another process's
        self._tally.creates += created
        if creates and not paid:
            self._brakes.release()
        if not accepted and result.outcome is Outcome.SAVED:
            self._brakes.accepted()
        self._count(result)
        self._brakes.ended(result, created=created)
        await self._tell(_end_of(result))

    def _give_back(self) -> None:
        """Let the cluster send another create."""
        if self._cluster is not None:
            self._cluster.accepted()

    def _count(self, result: RowResult) -> None:
        if result.outcome is Outcome.SAVED:
            self._tally.add(result.outcome)
            self._tally.bytes += result.size
        elif result.outcome is Outcome.NOT_STARTED:
            return
        else:
            self._tally.fail(
                RowFailure(
                    row=result.row, where=result.where, name=result.name, outcome=result.outcome,
                    reason=result.reason, message=result.message, task_id=result.task_id,
                )
            )  # fmt: skip

    def _count_cancelled(self, row: Row, *, creates: bool) -> None:
        """Count a row that was stopped at once, by the receipt that it has left."""
        receipt = look_at(row, self._place, self._driver.settings.base_url).receipt
        if receipt is None:
            return
        self._tally.creates += creates
        uncertain = receipt.task is None
        self._tally.fail(
            RowFailure(
                row=row.number, where=row.where, name=row.name,
                outcome=Outcome.UNCERTAIN if uncertain else Outcome.RUNNING, reason=INTERRUPTED,
                message=receipt.reason or "its task goes on at the gateway: run the batch again",
                task_id=(receipt.task or {}).get("id"),
            )
        )  # fmt: skip

    async def _pass_over(self, row: Row, look: Look) -> None:
        """Count a row for which nothing is sent."""
        if self._options.dry_run:
            if self._on_event is not None:
                status, request = look.status.value, request_of(row)
                await self._tell(self._about(row, "plan", status=status, request=request))
            if self._looks.is_planned(look):
                self._tally.add("planned")
                self._tally.creates += self._looks.needs_create(look)
                return None
        if look.status is RowStatus.SAVED:
            self._tally.add(Outcome.PRESENT)
            size = None if look.receipt is None else (look.receipt.result or {}).get("size")
            path = self._place.target(row.name)
            event = self._about(row, "end", outcome=Outcome.PRESENT.value, path=path, size=size)
            return await self._tell_unless_dry(event)
        if look.status in (RowStatus.NEW, RowStatus.SENDING):  # beyond max_creates
            return None
        outcome = Outcome.UNCERTAIN if look.status is RowStatus.UNCERTAIN else Outcome.FAILED
        known = (look.receipt and look.receipt.reason) or look.status.value
        failure = RowFailure(
            row=row.number, where=row.where, name=row.name, outcome=outcome, **_reason_of(look, known),
            task_id=None if look.receipt is None else (look.receipt.task or {}).get("id"),
        )  # fmt: skip
        self._tally.fail(failure)
        event = self._about(
            row, "end", outcome=failure.outcome, reason=failure.reason, message=failure.message,
            task_id=failure.task_id,
        )  # fmt: skip
        return await self._tell_unless_dry(event)

    async def _cancel_rows(self) -> None:
        """Stop the rows that run, and wait until each has left a true receipt."""
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(self._tasks)

    def _about(self, row: Row, kind: Any, **fields: Any) -> BatchEvent:
        seconds = self._clock.monotonic() - self._began
        return BatchEvent(
            kind=kind, row=row.number, where=row.where, name=row.name, seconds=seconds, **fields
        )

    async def _tell_unless_dry(self, event: BatchEvent) -> None:
        if not self._options.dry_run:
            await self._tell(event)

    async def _tell(self, event: BatchEvent) -> None:
        """Call the caller's function; one that fails ends the run, but no row that runs."""
        if self._on_event is None or self._trouble is not None:
            return
        try:
            result = self._on_event(event)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - it is raised again when the rows that run are done
            self._trouble = error
            self._brakes.stop(f"on_event failed: {reason_of(error)}")


async def _pause(io: IO, _settings: Settings, seconds: float) -> None:
    await io.sleep(seconds)


def _end_of(result: RowResult) -> BatchEvent:
    return BatchEvent(
        kind="end", row=result.row, where=result.where, name=result.name, outcome=result.outcome.value,
        path=result.path, size=result.size or None, sha256=result.sha256 or None, task_id=result.task_id,
        reason=result.reason or None, message=result.message or None, seconds=result.seconds,
    )  # fmt: skip


def _reason_of(look: Look, known: str) -> dict[str, str]:
    """Return reason and message for a row whose receipt is in the way."""
    if look.status is RowStatus.FAILED:
        return {
            "reason": f"TaskFailed: {known:.60}",
            "message": f"its task had failed already: {known}. retry_failed=True (--retry-failed) pays for another",
        }
    if look.status is RowStatus.UNCERTAIN:
        return {
            "reason": "SubmissionUncertain",
            "message": f"its create has an unknown outcome: {known}",
        }
    return {
        "reason": "ReceiptConflict",
        "message": "its receipt belongs to another request, or cannot be read",
    }
