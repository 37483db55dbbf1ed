"""`ChainHub` and `AsyncChainHub`: configuration, the calls in `videos`, and the generated client in `raw`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from chainhub_video.policies import PollPolicy, RetryPolicy
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.settings import (
    Settings,
    Spending,
    Timeouts,
    checked_base_url,
    checked_key,
    checked_limit,
    checked_max_download,
    checked_max_in_flight,
    timeouts_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from chainhub_api import AuthenticatedClient

    from chainhub_video.async_videos import AsyncVideos
    from chainhub_video.batch.calls import AsyncBatch, Batch
    from chainhub_video.receipts.receipt import ReceiptStore
    from chainhub_video.request import VideoRequest
    from chainhub_video.videos import Videos

HttpClient = TypeVar("HttpClient")


class _Response(Protocol):
    def iter_bytes(self) -> Iterator[bytes]: ...


class _AsyncResponse(Protocol):
    def aiter_bytes(self) -> AsyncIterator[bytes]: ...


class BlockingHttpClient(Protocol):
    """An `httpx.Client`, or one with its interface, such as that of httpx2."""

    @property
    def send(self) -> Callable[..., _Response]:
        """Send a request, and return its answer."""
        ...


class AsyncHttpClient(Protocol):
    """An `httpx.AsyncClient`, or one with its interface, such as that of httpx2."""

    @property
    def send(self) -> Callable[..., Coroutine[Any, Any, _AsyncResponse]]:
        """Send a request, and return its answer."""
        ...


class _Client(ABC, Generic[HttpClient]):
    """The base of both clients: their configuration, and the generated client in `raw`."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeouts | None = None,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        http_client: HttpClient | None = None,
        inline_images: bool = False,
        image_host: Callable[..., Any] | None = None,
        max_creates: int | None = None,
        confirm: Callable[[VideoRequest], Any] | None = None,
        receipts: Callable[[Path], ReceiptStore] = LocalReceipt,
        max_download: int = 4_000_000_000,
        max_in_flight: int = 32,
    ) -> None:
        self._settings = Settings(
            api_key=checked_key(api_key),
            base_url=checked_base_url(base_url),
            timeouts=timeouts_of(timeout),
            retry=retry or RetryPolicy(),
            poll=poll or PollPolicy(),
            inline_images=inline_images,
            image_host=image_host,
            spending=Spending(checked_limit(max_creates)),
            confirm=confirm,
            receipts=receipts,
            max_download=checked_max_download(max_download),
            max_in_flight=checked_max_in_flight(max_in_flight),
        )
        self._connect(http_client)

    @abstractmethod
    def _connect(self, http_client: HttpClient | None) -> None:
        """Set up `videos` on a blocking or an asyncio driver."""

    @cached_property
    def raw(self) -> AuthenticatedClient:
        """The generated client, for what the facade does not cover.

        It sends to the same address with the same key, and with none of the facade's care: no
        retry, no money rule, the generator's own errors. Close it yourself, or use it in a `with`
        block.
        """
        from chainhub_api import AuthenticatedClient

        return AuthenticatedClient(self._settings.base_url, token=self._settings.api_key)

    @property
    def creates_left(self) -> int | None:
        """How many creates this client may still pay for, by its `max_creates`; None for any number."""
        return self._settings.spending.left

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r}, api_key='***')"


class ChainHub(_Client[BlockingHttpClient]):
    """A client of ChainHub's video API. Usable from many threads.

    Close it with `close()`, or use it in a `with` block.

    Args:
        api_key: the key; the environment's CHAINHUB_API_KEY if None. It goes to `base_url` and
            nowhere else.
        base_url: the gateway's address; the environment's CHAINHUB_BASE_URL, or production, if None.
        timeout: seconds for each step of an exchange, or a `Timeouts`; None for its defaults.
        retry: when to send again what is safe to send again.
        poll: when to poll a running task.
        http_client: an httpx client of yours, or one with its interface; it is not closed.
        inline_images: whether the unified format may carry a local picture as a data URI.
        image_host: a function that takes a file name and a binary stream, puts the picture
            somewhere, and returns a link to it, for local pictures in the unified format.
        max_creates: how many creates this client may pay for; the environment's CHAINHUB_MAX_CREATES,
            or any number, if None. Creates whose outcome is unknown count.
        confirm: sees each `VideoRequest` before it is sent, and returns whether it may be.
        receipts: makes the store of the receipt that belongs to an output; by default a file beside it.
        max_download: bytes beyond which a video is not saved.
        max_in_flight: exchanges with servers that may be in flight at once, 3 or more; further calls wait for their
            turn, first come, first served. A quarter is kept for creates, for queries and for downloads each. An
            `http_client` of yours has its own limits instead.

    Raises:
        ConfigurationError: there is no key, or the address must not be used.
    """

    videos: Videos

    def _connect(self, http_client: BlockingHttpClient | None) -> None:
        from chainhub_video.drivers.blocking import (
            BlockingDriver,  # slow to import, and of no use to AsyncChainHub
        )
        from chainhub_video.videos import Videos

        self._driver = BlockingDriver(self._settings, http_client)
        self.videos = Videos(self._driver)

    @cached_property
    def batch(self) -> Batch:
        """Making many videos, from a manifest."""
        from chainhub_video.batch.calls import Batch  # of use to batches alone

        return Batch(self._driver)

    def close(self) -> None:
        """Close the connections. An `http_client` that you passed stays open."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncChainHub(_Client[AsyncHttpClient]):
    """The same client for asyncio: what `ChainHub` does, awaited. Belongs to one event loop.

    Close it with `await close()`, or use it in an `async with` block.

    Args:
        **options: those of `ChainHub`; `image_host` and the callbacks may be asynchronous.

    Raises:
        ConfigurationError: there is no key, or the address must not be used.
    """

    videos: AsyncVideos

    def _connect(self, http_client: AsyncHttpClient | None) -> None:
        from chainhub_video.async_videos import AsyncVideos
        from chainhub_video.drivers.asynchronous import (
            AsyncDriver,  # slow to import, and of no use to ChainHub
        )

        self._driver = AsyncDriver(self._settings, http_client)
        self.videos = AsyncVideos(self._driver)

    @cached_property
    def batch(self) -> AsyncBatch:
        """Making many videos, from a manifest."""
        from chainhub_video.batch.calls import AsyncBatch  # of use to batches alone

        return AsyncBatch(self._driver)

    async def close(self) -> None:
        """Close the connections. An `http_client` that you passed stays open."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
