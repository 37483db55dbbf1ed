"""Bringing the caller's pictures into the form in which a wire format carries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from chainhub_video.effects import (
    AnswerTooLarge,
    Close,
    Flow,
    Notify,
    Read,
    Stream,
    TransportFailure,
    run,
)
from chainhub_video.errors import ConnectionFailed, InvalidRequest
from chainhub_video.fitting import fitted
from chainhub_video.pictures import (
    ImageSource,
    Picture,
    identify,
    is_data_uri,
    link_in,
    open_picture,
    spool,
)

from .links import BadLink, open_link, shown

if TYPE_CHECKING:
    from chainhub_video.formats import WireFormat
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings

INLINE_LIMIT = 10_000_000  # bytes of a picture that a data URI may carry
FETCH_LIMIT = 256_000_000  # bytes of a picture that is fetched from a link


def gather(
    settings: Settings, wire: WireFormat, request: VideoRequest
) -> Flow[list[Picture | str]]:
    """Return the pictures as the format carries them: opened, or as links. Close the opened ones.

    Raises:
        InvalidRequest: one cannot be read, is not a picture, or cannot travel in this format.
        ConnectionFailed: a link could not be reached.
    """
    gathered: list[Picture | str] = []
    try:
        for source in request.images:
            if wire.pictures_as == "upload":
                gathered.append((yield from _upload(request, source)))
            else:
                gathered.append((yield from _link(settings, request, source)))
    except BaseException:
        close_all(gathered)
        raise
    return gathered


def close_all(pictures: Sequence[Picture | str]) -> None:
    """Close the opened ones among the pictures."""
    for picture in pictures:
        if isinstance(picture, Picture):
            picture.close()


def _upload(request: VideoRequest, source: ImageSource) -> Flow[Picture]:
    link = link_in(source)
    if link is None:
        picture = yield from run(open_picture, source)
    else:
        picture = yield from _fetch(link)
    return (yield from run(fitted, picture, request.size, request.fit))


def _link(settings: Settings, request: VideoRequest, source: ImageSource) -> Flow[str]:
    link = link_in(source)
    if link is not None:
        if request.fit is not None:
            raise InvalidRequest(f"fit needs a local picture, and {shown(link)} travels as a link")
        return link
    picture = yield from run(open_picture, source)
    picture = yield from run(fitted, picture, request.size, request.fit)
    try:
        if is_data_uri(source) and request.fit is None:
            return str(source)
        if settings.image_host is not None:
            hosted = yield Notify(
                settings.image_host, (picture.name, picture.stream), blocking=True
            )
            if not isinstance(hosted, str) or link_in(hosted) is None:
                raise InvalidRequest(f"image_host returned {hosted!r} instead of an http(s) link")
            return hosted
        if not settings.inline_images:
            raise InvalidRequest(
                f"{picture.name}: the unified format takes links to pictures, not files. Either let it "
                "carry the picture itself with ChainHub(inline_images=True), or give a function that "
                "uploads it and returns the link with ChainHub(image_host=...)"
            )
        if picture.size > INLINE_LIMIT:
            raise InvalidRequest(
                f"{picture.name} has {picture.size:,} bytes, and inline_images carries at most "
                f"{INLINE_LIMIT:,}: make it smaller, or pass a link"
            )
        return (yield from run(picture.data_uri))
    finally:
        picture.close()


def _fetch(link: str) -> Flow[Picture]:
    """Fetch a picture, without the key, into a file that is in memory only while it is small."""
    label = f"image {shown(link)}"
    copy = spool()
    try:
        stream = yield from open_link(link, {"Accept": "image/*"})
        try:
            if stream.status != 200:
                raise InvalidRequest(f"{label} answered HTTP {stream.status}: check the link")
            yield from _copy(stream, copy, label)
        finally:
            yield Close(stream)
    except BadLink as error:
        copy.close()
        raise InvalidRequest(f"{label}: {error}") from error
    except (TransportFailure, AnswerTooLarge) as error:
        copy.close()
        raise ConnectionFailed(
            f"{label} could not be fetched ({error}): check the link; nothing was sent to the gateway"
        ) from (error.cause if isinstance(error, TransportFailure) else error)
    except BaseException:
        copy.close()
        raise
    name = urlsplit(link).path.rpartition("/")[2]
    return (yield from run(lambda: identify(copy, label=label, name=name)))


def _copy(stream: Stream, copy: BinaryIO, label: str) -> Flow[None]:
    size = 0
    while data := (yield Read(stream)):
        size += len(data)
        if size > FETCH_LIMIT:
            raise InvalidRequest(f"{label} has more than {FETCH_LIMIT:,} bytes: give a smaller one")
        yield from run(copy.write, data)
