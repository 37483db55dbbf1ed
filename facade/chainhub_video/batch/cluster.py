"""Make the rows of a batch on the workers of a Dask cluster.

The process that runs the batch decides which row is started when, as it does without a cluster. A row goes to a worker
as a task; a worker has one event loop, in a thread, and one client, which all its rows share. A task leaves its place
among the worker's threads while it waits, so that a worker with two threads has any number of rows under way.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from chainhub_video._version import __version__
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.batch.making import Outcome, RowOptions, RowResult, run_row
from chainhub_video.drivers.asynchronous import AsyncDriver
from chainhub_video.errors import ConfigurationError, ConnectionFailed
from chainhub_video.policies import PollPolicy, RetryPolicy
from chainhub_video.settings import Settings, Timeouts, checked_key
from chainhub_video.task import VideoTask

if TYPE_CHECKING:
    from distributed import Client

    from chainhub_video.batch.options import BatchOptions
    from chainhub_video.batch.rows import Row

T = TypeVar("T")

RETRIES = 10  # workers that may die with a row
_PATIENCE = 30.0  # seconds until there must be a worker
_MINUTE = 60.0  # seconds
_FUNCTIONS = ("confirm", "image_host")


def connected(address: str) -> Client:
    """Return a client of the scheduler at an address, such as `tcp://10.0.0.1:8786`.

    Raises:
        ConfigurationError: the extra `cluster` is missing, or the scheduler does not answer.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "a cluster needs one more package: pip install 'chainhub-video[cluster]'"
        ) from error
    try:
        make_client: Any = distributed.Client
        client: Client = make_client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the Dask scheduler at {address} does not answer ({error}): check the address, and that it runs"
        ) from error
    return client


@attrs.frozen
class Order:
    """What a worker's client is set up with: everything but the key, which is the worker's own. Can be pickled."""

    base_url: str
    timeouts: Timeouts
    retry: RetryPolicy
    poll: PollPolicy
    inline_images: bool
    max_download: int
    max_in_flight: int


class Cluster:
    """The cluster, for one run of a batch.

    Args:
        client: of the scheduler, not an asynchronous one.
        settings: the client's.
        options: of the run.

    Raises:
        ConfigurationError: the client's settings have functions, which stay in this process; or `client` is none.
    """

    def __init__(self, client: Any, settings: Settings, options: BatchOptions) -> None:
        from distributed import Client

        if not isinstance(client, Client) or client.asynchronous:
            raise ConfigurationError(
                f"cluster must be a distributed.Client, not an asynchronous one, and is {client!r:.100}"
            )
        kept = [name for name in _FUNCTIONS if getattr(settings, name) is not None]
        if kept:
            raise ConfigurationError(
                f"{kept[0]}= is a function of this process, and cannot be used on a cluster: leave it out"
            )
        self._client: Any = client
        self._settings = settings
        self._order = Order(**{name: getattr(settings, name) for name in attrs.fields_dict(Order)})
        self._topic = f"chainhub-video-{id(self):x}"
        self._creating = self._semaphore("creates in flight", options.concurrency)
        self._starting: Any = None
        if options.rate is not None:
            self._starting = self._semaphore("creates a minute", max(1, int(options.rate)))
        self._leases: deque[asyncio.TimerHandle] = deque()
        self._updates: dict[int, Callable[[VideoTask], Any]] = {}

    def _semaphore(self, what: str, limit: int) -> Any:
        from distributed import Semaphore

        name = f"chainhub-video: {what}, {self._settings.base_url}"
        made: Any = Semaphore
        return made(limit, name, self._client.scheduler, self._client.loop)

    def check(self) -> None:
        """Make sure, before anything is sent, that every worker can make rows.

        Raises:
            ConfigurationError: there is none; or one lacks the package or the key, or has another version.
        """
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
            found: dict[str, tuple[str, bool]] = self._client.run(_standing)
        except (OSError, TimeoutError) as error:
            raise ConfigurationError(f"the cluster has no worker that answers ({error})") from error
        except Exception as error:  # a worker without the package cannot even read the question
            raise ConfigurationError(
                f"a worker of the cluster cannot be used ({error!r:.300}): install chainhub-video {__version__} there"
            ) from error
        for worker, (version, has_key) in found.items():
            if version != __version__:
                raise ConfigurationError(
                    f"worker {worker} has chainhub-video {version}, and this process {__version__}: install the same"
                )
            if not has_key:
                raise ConfigurationError(
                    f"worker {worker} has no CHAINHUB_API_KEY: set it in the environment that the worker starts in"
                )

    async def begin(self) -> None:
        """Listen to what workers tell of their tasks."""
        loop = asyncio.get_running_loop()

        def heard(event: tuple[Any, Any]) -> None:
            loop.call_soon_threadsafe(self._heard, event[1])

        await asyncio.to_thread(self._client.subscribe_topic, self._topic, heard)

    async def end(self) -> None:
        """Stop listening."""
        while self._leases:
            self._leases.popleft().cancel()
        await asyncio.to_thread(self._client.unsubscribe_topic, self._topic)

    def _heard(self, told: dict[str, Any]) -> None:
        if (update := self._updates.get(told["row"])) is not None:
            update(VideoTask.from_json(told["task"]))

    async def admit(self) -> None:
        """Wait until the cluster's limits leave room for another create, those of other runs on it included."""
        await asyncio.to_thread(self._creating.acquire)
        if self._starting is not None:
            await asyncio.to_thread(self._starting.acquire)
            loop = asyncio.get_running_loop()
            self._leases.append(loop.call_later(_MINUTE, self._let_go, self._starting))

    def accepted(self) -> None:
        """Give back what `admit` took: the create has its answer, or has come to nothing."""
        self._let_go(self._creating)

    def _let_go(self, semaphore: Any) -> None:
        """Release a lease, without waiting for it."""
        asyncio.get_running_loop().run_in_executor(None, semaphore.release)

    async def run_row(
        self, row: Row, options: RowOptions, on_update: Callable[[VideoTask], Any]
    ) -> RowResult:
        """Have a row made by some worker; if that dies, by another one, which goes on by the receipt.

        Raises:
            ConnectionFailed: the scheduler is gone.
        """
        loop = asyncio.get_running_loop()
        self._updates[row.number] = on_update
        key = f"{row.name}-{id(self):x}"
        future: Any = self._client.submit(
            make, row, options, self._order, self._topic, key=key, retries=RETRIES, pure=False
        )
        done: asyncio.Future[None] = loop.create_future()

        def tell(_future: Any) -> None:
            loop.call_soon_threadsafe(_finish, done)

        future.add_done_callback(tell)
        try:
            await done
            return await asyncio.to_thread(self._result_of, future, row)
        finally:
            del self._updates[row.number]
            if not future.done():
                future.cancel(force=True)

    def _result_of(self, future: Any, row: Row) -> RowResult:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            result: RowResult = future.result(timeout=_PATIENCE)
        except KilledWorker as error:
            return RowResult(
                row=row.number, where=row.where, name=row.name, outcome=Outcome.RUNNING, reason="KilledWorker",
                message=f"too many workers died while they made it ({error}): run it again, its receipt tells how far it is",  # noqa: E501
            )  # fmt: skip
        except (OSError, TimeoutError, asyncio.CancelledError, FutureCancelledError) as error:
            raise ConnectionFailed(
                f"the Dask scheduler is gone ({error or type(error).__name__}): run the same command again, it goes on "
                "where it stopped"
            ) from error
        return result


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():  # its row may have been cancelled
        done.set_result(None)


def _standing() -> tuple[str, bool]:
    """Tell, on a worker, what it has."""
    import os

    return __version__, bool(os.environ.get("CHAINHUB_API_KEY", "").strip())


def make(row: Row, options: RowOptions, order: Order, topic: str) -> RowResult:
    """Make a row on a worker: in its loop, by its client."""
    import distributed

    dask: Any = distributed
    worker = dask.get_worker()

    def on_update(task: VideoTask) -> None:
        # A link may be signed, and an answer say anything: neither is for the scheduler's log.
        shown = attrs.evolve(task, video_url=None, failure_reason=None, raw={})
        told = {"row": row.number, "task": shown.to_json()}
        worker.loop.add_callback(worker.log_event, topic, told)

    shared = _Shared.of(order)
    dask.secede()  # others may begin while this one waits
    return shared.finish(run_row(shared.videos, row, options, on_update))


class _Shared:
    """A worker's loop and client."""

    _made: dict[Order, _Shared] = {}  # noqa: RUF012 - of the process
    _lock = threading.Lock()

    def __init__(self, order: Order) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="chainhub-video", daemon=True).start()
        settings = Settings(api_key=checked_key(None), **attrs.asdict(order, recurse=False))
        self.videos = AsyncVideos(AsyncDriver(settings))

    @classmethod
    def of(cls, order: Order) -> _Shared:
        """Return what this process has for an order."""
        with cls._lock:
            if order not in cls._made:
                cls._made[order] = cls(order)
            return cls._made[order]

    def finish(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
