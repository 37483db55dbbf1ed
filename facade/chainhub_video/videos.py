"""The two colours of `hub.videos`: the same calls, blocking and asynchronous."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from chainhub_video import calls
from chainhub_video.request import build_request

if TYPE_CHECKING:
    from chainhub_video.drivers.asynchronous import AsyncDriver
    from chainhub_video.drivers.blocking import BlockingDriver
    from chainhub_video.io import Flow
    from chainhub_video.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


def _as_method(method: Any, call: Callable[..., Flow[Any]], returned: str = "{}") -> Any:
    """Give a method the name, the documentation and, with `self`, the signature of the call that it performs."""
    functools.update_wrapper(method, call)
    signature = inspect.signature(call)
    _settings, *parameters = signature.parameters.values()
    if parameters[-1].kind is inspect.Parameter.VAR_KEYWORD:  # the request's fields, in full
        _prompt, *parameters[-1:] = inspect.signature(build_request).parameters.values()
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    result = str(signature.return_annotation).removeprefix("Flow[").removesuffix("]")
    method.__signature__ = signature.replace(
        parameters=[this, *parameters], return_annotation=returned.format(result)
    )
    return method


def _blocking(
    call: Callable[Concatenate[Settings, P], Flow[T]],
) -> Callable[Concatenate[Videos, P], T]:
    def method(self: Videos, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._driver.run(call(self._settings, *args, **kwargs))

    return _as_method(method, call)  # type: ignore[no-any-return]


def _iterating(
    call: Callable[Concatenate[Settings, P], Flow[T]],
) -> Callable[Concatenate[Videos, P], Iterator[T]]:
    def method(self: Videos, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._driver.iterate(call(self._settings, *args, **kwargs))

    return _as_method(method, call, "Iterator[{}]")  # type: ignore[no-any-return]


def _awaiting(
    call: Callable[Concatenate[Settings, P], Flow[T]],
) -> Callable[Concatenate[AsyncVideos, P], Awaitable[T]]:
    def method(self: AsyncVideos, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self._driver.run(call(self._settings, *args, **kwargs))

    return _as_method(method, call)  # type: ignore[no-any-return]


def _iterating_async(
    call: Callable[Concatenate[Settings, P], Flow[T]],
) -> Callable[Concatenate[AsyncVideos, P], AsyncIterator[T]]:
    def method(self: AsyncVideos, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._driver.iterate(call(self._settings, *args, **kwargs))

    return _as_method(method, call, "AsyncIterator[{}]")  # type: ignore[no-any-return]


class Videos:
    """Making, following and saving videos. Reached as `ChainHub.videos`."""

    def __init__(self, settings: Settings, driver: BlockingDriver) -> None:
        self._settings = settings
        self._driver = driver

    create = _blocking(calls.create)
    retrieve = _blocking(calls.retrieve)
    wait = _blocking(calls.wait)
    watch = _iterating(calls.watch)
    download = _blocking(calls.download)
    generate = _blocking(calls.generate)
    resume = _blocking(calls.resume)


class AsyncVideos:
    """Making, following and saving videos. Reached as `AsyncChainHub.videos`."""

    def __init__(self, settings: Settings, driver: AsyncDriver) -> None:
        self._settings = settings
        self._driver = driver

    create = _awaiting(calls.create)
    retrieve = _awaiting(calls.retrieve)
    wait = _awaiting(calls.wait)
    watch = _iterating_async(calls.watch)
    download = _awaiting(calls.download)
    generate = _awaiting(calls.generate)
    resume = _awaiting(calls.resume)
