"""What a worker of a Dask cluster does: its one client makes the rows that are sent to it, in one event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from chainhub_video.async_videos import AsyncVideos
from chainhub_video.batch.making import Outcome, RowOptions, RowResult, reason_of, run_row
from chainhub_video.drivers.asynchronous import AsyncDriver
from chainhub_video.errors import ConfigurationError
from chainhub_video.policies import PollPolicy, RetryPolicy
from chainhub_video.settings import Settings, Spending, Timeouts, checked_key, checked_limit

if TYPE_CHECKING:
    from chainhub_video.batch.rows import Row
    from chainhub_video.task import VideoTask

T = TypeVar("T")

PACKAGE = "chainhub-video"
TOPIC = (
    "chainhub-video"  # one for all runs: the scheduler keeps the last events of each topic for ever
)


def distributed() -> Any:
    """Return the package.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import distributed as package
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "a cluster needs one more package: pip install 'chainhub-video[cluster]'"
        ) from error
    return package


@attrs.frozen
class Order:
    """What a worker's client is set up with: everything but the key, which is the worker's own. Can be pickled.

    Attributes:
        version: of the package that ordered it.
        base_url: of the gateway.
        timeouts: as in `Settings`; so are the rest.
    """

    version: str
    base_url: str
    timeouts: Timeouts
    retry: RetryPolicy
    poll: PollPolicy
    inline_images: bool
    max_download: int
    max_in_flight: int

    @classmethod
    def of(cls, settings: Settings) -> Order:
        """Return the order for workers of a client with these settings."""
        names = [name for name in attrs.fields_dict(cls) if name != "version"]
        return cls(metadata.version(PACKAGE), **{name: getattr(settings, name) for name in names})

    def settings(self) -> Settings:
        """Return the settings of a worker's client, with the key and the limit of its own environment."""
        fields = attrs.asdict(self, recurse=False, filter=lambda field, _: field.name != "version")
        return Settings(api_key=checked_key(None), spending=Spending(checked_limit(None)), **fields)


def not_made(row: Row, outcome: Outcome, error: Exception) -> RowResult:
    """Return the result for a row that the cluster did not make."""
    return RowResult(
        row=row.number, where=row.where, name=row.name, outcome=outcome, reason=reason_of(error),
        message=f"the cluster did not make it: {error}" if outcome is not Outcome.NOT_STARTED else str(error),
    )  # fmt: skip


def mistake_of(order: Order) -> str:
    """Return, on a worker, what keeps it from making rows of an order; "" for nothing."""
    version = metadata.version(PACKAGE)
    if version != order.version:
        return f"has version {version} of {PACKAGE}: install {PACKAGE} {order.version} there"
    if not os.environ.get("CHAINHUB_API_KEY", "").strip():
        return "has no CHAINHUB_API_KEY: set it in the environment that the worker starts in"
    url = os.environ.get("CHAINHUB_BASE_URL", "").strip().rstrip("/")
    if url and url != order.base_url:  # its key may be of that gateway
        return f"has a CHAINHUB_BASE_URL that is not {order.base_url}: unset it there, or set it to that"
    return ""


def make(row: Row, options: RowOptions, order: Order, run: str) -> RowResult:
    """Make a row on a worker: in its loop, by its client.

    Args:
        row: one that was checked.
        options: those of the run.
        order: what the client is set up with.
        run: who is told of the task's changes.
    """
    dask = distributed()
    worker = dask.get_worker()
    if mistake := mistake_of(order):  # a worker that came later
        error = ConfigurationError(f"worker {worker.address} {mistake}")
        return attrs.evolve(not_made(row, Outcome.FAILED, error), all_alike=str(error))

    def on_update(task: VideoTask) -> None:
        # A link may be signed, and an answer say anything: neither is for the scheduler's log.
        shown = attrs.evolve(task, video_url=None, failure_reason=None, raw={})
        told = {"run": run, "row": row.number, "task": shown.to_json()}
        worker.loop.add_callback(worker.log_event, TOPIC, told)

    shared = _Shared.of(order)
    dask.secede()
    return shared.finish(run_row(shared.videos, row, options, on_update))


class _Shared:
    """The loop and the client of a worker's process."""

    _made: dict[Order, _Shared] = {}  # noqa: RUF012 - of the process
    _lock = threading.Lock()

    def __init__(self, order: Order) -> None:
        self.videos = AsyncVideos(AsyncDriver(order.settings()))
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="chainhub-video", daemon=True).start()

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
