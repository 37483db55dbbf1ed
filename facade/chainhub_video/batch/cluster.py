"""Make the rows of a batch on the workers of a Dask cluster.

The process that runs the batch decides which row is started when, as it does without a cluster. A row goes to a worker
as a task. All rows of a worker share one event loop, in a thread, and one client. The task itself is a plain function
that waits for its row, and secedes: Dask lets a worker run as many tasks as it has threads, coroutines included, and
only a thread that secedes makes room for the next one. So a row that waits costs a sleeping thread, and no place.
"""

from __future__ import annotations

import asyncio
import pickle
import secrets
from collections.abc import Callable, Coroutine
from concurrent import futures
from contextlib import suppress
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from chainhub_video.batch.making import Outcome, RowOptions, RowResult
from chainhub_video.batch.places import place_of
from chainhub_video.batch.status import RowStatus, look_at
from chainhub_video.batch.worker import (
    PACKAGE,
    TOPIC,
    Order,
    distributed,
    make,
    mistake_of,
    not_made,
)
from chainhub_video.drivers.asynchronous import AsyncDriver
from chainhub_video.errors import (
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    SpendLimitReached,
)
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.task import VideoTask

if TYPE_CHECKING:
    from distributed import Client

    from chainhub_video.batch.options import BatchOptions
    from chainhub_video.batch.rows import Row

T = TypeVar("T")

ATTEMPTS = 5  # tasks for one row, each of which Dask gives up when some workers have died with it
_PATIENCE = 30.0  # seconds until there must be a worker
_LOOK = 0.5  # seconds that a wait is not broken off
_MINUTE = 60.0  # seconds
_OWN = ("confirm", "image_host", "receipts")  # settings that are functions of this process

_runs: dict[str, Callable[[dict[str, Any]], None]] = {}  # who listens to its workers, by run


def connected(address: str) -> Client:
    """Return a client of the scheduler at an address; close it.

    Args:
        address: such as `tcp://10.0.0.1:8786`.

    Raises:
        ConfigurationError: the extra `cluster` is missing, or the scheduler does not answer.
    """
    make_client = distributed().Client
    try:
        client: Client = make_client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the Dask scheduler at {address} does not answer ({error}): check the address, and that it runs"
        ) from error
    return client


class Cluster:
    """The cluster, for one run of a batch.

    Creates in flight and creates a minute are bounded by semaphores of the cluster, which runs with the same limits
    share. This process holds their leases, and not the worker, so that a worker's death leaves none; those of a
    process that has died lapse (`distributed.scheduler.locks.lease-timeout`).

    Args:
        client: of the scheduler, not an asynchronous one.
        driver: of the client.
        options: of the run.

    Raises:
        ConfigurationError: `client` is none; or the client has functions or connections, which stay in this process.
    """

    def __init__(self, client: Any, driver: AsyncDriver, options: BatchOptions) -> None:
        if not isinstance(client, distributed().Client) or client.asynchronous:
            raise ConfigurationError(
                f"cluster must be a distributed.Client, not an asynchronous one, and is {client!r:.100}"
            )
        settings = driver.settings
        own = [name for name in _OWN if getattr(settings, name) not in (None, LocalReceipt)]
        if driver.lent is not None:
            own.append("http_client")
        if own:
            raise ConfigurationError(
                f"{own[0]}= belongs to this process, and cannot be used on a cluster: leave it out"
            )
        self._client, self._settings = client, settings
        self._order = Order.of(settings)
        self._run = secrets.token_hex(8)
        self._creating = self._semaphore(options.concurrency, "creates in flight")
        self._starting: Any = None
        if options.rate is not None:
            self._starting = self._semaphore(max(1, int(options.rate)), "creates a minute")
        self._updates: dict[int, Callable[[VideoTask], None]] = {}
        self._threads = futures.ThreadPoolExecutor(4, "chainhub-video cluster")

    def _semaphore(self, limit: int, what: str) -> Any:
        # Dask keeps the limit of a name for ever, and refuses another one: so it is part of the name.
        name = f"chainhub-video: {limit} {what}, {self._settings.base_url}"
        return distributed().Semaphore(limit, name, self._client.scheduler, self._client.loop)

    def check(self) -> None:
        """Make sure, before anything is sent, that every worker can make rows.

        Raises:
            ConfigurationError: there is none; or one lacks the package or the key, or has another version or gateway.
        """
        wanted = self._order.version
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
            # The first question is put without our own functions, which a worker without the package cannot read.
            versions = self._client.run(metadata.version, PACKAGE, on_error="return")
            self._client.run_on_scheduler(metadata.version, PACKAGE)
        except metadata.PackageNotFoundError as error:
            raise ConfigurationError(
                f"the scheduler of the cluster has no {PACKAGE}: install {PACKAGE} {wanted} there"
            ) from error
        except (OSError, TimeoutError) as error:
            raise ConfigurationError(f"the cluster has no worker that answers ({error})") from error
        for worker, version in versions.items():
            if version != wanted:
                has = "no" if isinstance(version, Exception) else f"version {version} of"
                raise ConfigurationError(
                    f"worker {worker} has {has} {PACKAGE}: install {PACKAGE} {wanted} there"
                )
        for worker, mistake in self._client.run(mistake_of, self._order).items():
            if mistake:
                raise ConfigurationError(f"worker {worker} {mistake}")

    async def begin(self) -> None:
        """Listen to what workers tell of their tasks. The client stays subscribed, as other runs may share it."""
        loop = asyncio.get_running_loop()

        def heard(told: dict[str, Any]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._heard, told)

        _runs[self._run] = heard
        await self._in_thread(self._client.subscribe_topic, TOPIC, _dispatch)

    def end(self) -> None:
        """Stop listening. Leases that are left lapse."""
        del _runs[self._run]
        for semaphore in (self._creating, self._starting):
            # It would go on refreshing its leases, when the client has been closed.
            if (refreshing := getattr(semaphore, "refresh_callback", None)) is not None:
                self._client.loop.add_callback(refreshing.stop)
        self._threads.shutdown(wait=False)

    def _heard(self, told: dict[str, Any]) -> None:
        if (update := self._updates.get(told["row"])) is not None:
            update(VideoTask.from_json(told["task"]))

    async def admit(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait until the cluster's limits leave room for another create, those of other runs on it included.

        Args:
            is_wanted: whether the create may still be begun.

        Returns:
            Whether it may be begun; then `accepted` has to follow.

        Raises:
            ConnectionFailed: the scheduler is gone.
        """
        try:
            if self._starting is not None:
                if not await self._acquire(self._starting, is_wanted):
                    return False
                loop, starting = asyncio.get_running_loop(), self._starting
                loop.call_later(_MINUTE, self._give_back, starting)
            if not await self._acquire(self._creating, is_wanted):
                return False
        except (OSError, RuntimeError) as error:
            raise self._gone(error) from error
        if not is_wanted():
            self.accepted()
            return False
        return True

    async def _acquire(self, semaphore: Any, is_wanted: Callable[[], bool]) -> bool:
        while is_wanted():
            if await self._in_thread(semaphore.acquire, _LOOK):
                return True
        return False

    def accepted(self) -> None:
        """Give back what `admit` took: the create has its answer, or has come to nothing."""
        self._give_back(self._creating)

    def _give_back(self, semaphore: Any) -> None:
        with suppress(RuntimeError):  # the run has ended, and its leases lapse
            self._threads.submit(_release, semaphore)

    async def run_row(
        self,
        row: Row,
        options: RowOptions,
        on_update: Callable[[VideoTask], Coroutine[Any, Any, None]],
        *,
        creates: bool,
    ) -> RowResult:
        """Have a row made by some worker; if that dies, by another one, which goes on by the receipt.

        Args:
            row: one that was checked. Its pictures must be ones that can be pickled.
            options: those of the run.
            on_update: is awaited with the task at each visible change.
            creates: whether a create is to be sent, which then counts in the client's own `max_creates`.

        Returns:
            What became of it.

        Raises:
            ConnectionFailed: the scheduler is gone.
        """
        spending = self._settings.spending
        if creates:
            try:
                spending.reserve()
            except SpendLimitReached as error:
                return not_made(row, Outcome.NOT_STARTED, error)
        updates: asyncio.Queue[VideoTask | None] = asyncio.Queue()
        self._updates[row.number] = updates.put_nowait
        teller = asyncio.create_task(_tell(updates, on_update))
        try:
            result = await self._made(row, options)
        finally:
            del self._updates[row.number]
            updates.put_nowait(None)
            await teller
        if creates and result.task_id is None and result.outcome is not Outcome.UNCERTAIN:
            spending.release()
        return result

    async def _made(self, row: Row, options: RowOptions) -> RowResult:
        trouble: Exception | None = None
        for attempt in range(ATTEMPTS):
            try:
                return await self._attempt(row, options, f"{row.name}-{self._run}-{attempt}")
            except (
                distributed().KilledWorker
            ) as error:  # Dask gives up after few, and the receipt tells the rest
                trouble = error
            except ConnectionFailed:
                raise
            except Exception as error:  # noqa: BLE001 - such as a picture that cannot be pickled: one row's trouble
                trouble = error
                break
        assert trouble is not None
        return await self._in_thread(self._lost, row, options, trouble)

    async def _attempt(self, row: Row, options: RowOptions, key: str) -> RowResult:
        """Have one task make a row.

        Raises:
            KilledWorker: too many workers have died with it.
            ConnectionFailed: the scheduler is gone.
            Exception: it could not be sent.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell(_future: Any) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(ended.set)

        future: Any = await self._in_thread(self._submit, row, options, key)
        try:
            future.add_done_callback(tell)
            await ended.wait()
            return await self._in_thread(self._result_of, future)
        except asyncio.CancelledError:
            if not future.done():  # one that runs already runs on, to a true receipt
                await self._in_thread(future.cancel)
            raise

    def _submit(self, row: Row, options: RowOptions, key: str) -> Any:
        try:
            pickle.dumps(row)  # Dask would log its whole graph before it says so
        except Exception as error:
            raise InvalidRequest(
                f"a picture cannot be sent to a worker ({error}): give a path or a link"
            ) from error
        return self._client.submit(
            make, row, options, self._order, self._run, key=key, pure=False
        )  # fmt: skip

    def _result_of(self, future: Any) -> RowResult:
        while True:
            try:
                result: RowResult = future.result(timeout=_PATIENCE)
            except TimeoutError as error:
                if self._client.status != "running":
                    raise self._gone(error) from error
                continue  # its worker died with the result, and another one makes it again
            except (OSError, asyncio.CancelledError, futures.CancelledError) as error:
                raise self._gone(error) from error
            return result

    def _gone(self, error: BaseException) -> ConnectionFailed:
        told = str(error) or type(error).__name__
        return ConnectionFailed(
            f"the scheduler of the cluster is gone ({told:.200}): run the same command again, it goes on where it "
            "stopped"
        )

    def _lost(self, row: Row, options: RowOptions, error: Exception) -> RowResult:
        """Return what became of a row whose task gave no result, by its receipt."""
        look = look_at(row, place_of(options.out), self._settings.base_url)
        task_id = None if look.receipt is None else (look.receipt.task or {}).get("id")
        outcome = Outcome.FAILED
        if look.status in (RowStatus.SENDING, RowStatus.UNCERTAIN):
            outcome = Outcome.UNCERTAIN
        elif task_id is not None:
            outcome = Outcome.RUNNING
        return attrs.evolve(not_made(row, outcome, error), task_id=task_id)

    async def _in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call what waits for the scheduler."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


def _dispatch(event: tuple[Any, Any]) -> None:
    """Hand on what a worker tells; in the thread of a client, which may belong to several runs."""
    if (heard := _runs.get(event[1]["run"])) is not None:
        heard(event[1])


async def _tell(
    updates: asyncio.Queue[VideoTask | None],
    on_update: Callable[[VideoTask], Coroutine[Any, Any, None]],
) -> None:
    while (task := await updates.get()) is not None:
        await on_update(task)


def _release(semaphore: Any) -> None:
    with suppress(OSError, RuntimeError):  # the scheduler is gone, and the lease with it
        semaphore.release()
