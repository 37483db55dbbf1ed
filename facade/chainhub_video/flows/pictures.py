"""Prepare the caller's pictures for a wire format: as uploads or as links."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import attrs

from chainhub_video.errors import ConnectionFailed, InvalidRequest
from chainhub_video.flows.source import BadLink, display_url, open_link
from chainhub_video.images.fitting import fitted
from chainhub_video.images.pictures import (
    ImageSource,
    Picture,
    identify,
    is_data_uri,
    link_in,
    open_picture,
    spool,
)
from chainhub_video.io import IO, Stream, TransportFailure, UnreadableAnswer
from chainhub_video.request import pixels_of
from chainhub_video.wire.answers import number_of

if TYPE_CHECKING:
    from chainhub_video.request import VideoRequest
    from chainhub_video.settings import Settings
    from chainhub_video.wire.format import WireFormat

INLINE_LIMIT = 10_000_000  # bytes of a picture that a data URI may carry
FETCH_LIMIT = 256_000_000  # bytes of a picture that is fetched from a link


@attrs.define(eq=False)
class OpenedPicture:
    """A picture as the caller gave it, opened if it is on this machine.

    Attributes:
        source: what the caller gave.
        picture: None for a link.
    """

    source: ImageSource
    picture: Picture | None

    def describe(self) -> dict[str, Any]:
        """Return what tells this picture from others: its digest, or its link. May block."""
        if self.picture is None:
            return {"link": str(self.source)}
        self.picture.stream.seek(0)
        digest = hashlib.sha256()
        while data := self.picture.stream.read(1 << 17):
            digest.update(data)
        self.picture.stream.seek(0)
        return {
            "name": self.picture.name,
            "type": self.picture.media_type,
            "size": self.picture.size,
            "sha256": digest.hexdigest(),
        }


async def open_pictures(
    io: IO, sources: Sequence[ImageSource]
) -> tuple[list[OpenedPicture], list[dict[str, Any]]]:
    """Open what is on this machine, and describe all. Close it with `close_pictures`.

    Raises:
        InvalidRequest: a picture cannot be read, or is not one.
    """
    opened: list[OpenedPicture] = []
    described: list[dict[str, Any]] = []
    try:
        for source in sources:
            if (link := link_in(source)) is not None:
                one = OpenedPicture(link, None)
                description = one.describe()
            else:
                one, description = await io.ask(_opened, source, blocks=True)
            opened.append(one)
            described.append(description)
    except BaseException:
        close_pictures(opened)
        raise
    return opened, described


def _opened(source: ImageSource) -> tuple[OpenedPicture, dict[str, Any]]:
    one = OpenedPicture(source, open_picture(source))
    try:
        return one, one.describe()
    except BaseException:
        close_pictures([one])
        raise


def close_pictures(opened: Sequence[OpenedPicture]) -> None:
    """Close the opened pictures."""
    for one in opened:
        if one.picture is not None:
            one.picture.close()


async def prepare_pictures(
    io: IO,
    settings: Settings,
    wire: WireFormat,
    request: VideoRequest,
    opened: Sequence[OpenedPicture],
    within: float,
) -> list[Picture | str]:
    """Return the pictures as the format carries them: as uploads, or as links. Each is fetched within some seconds.

    Raises:
        InvalidRequest: one cannot be fetched, fitted, or travel in this format.
        ConnectionFailed: a link could not be reached.
    """
    carried: list[Picture | str] = []
    for one in opened:
        if wire.pictures_as == "upload" or one.picture is not None:
            if one.picture is None:
                one.picture = await _fetch(io, settings, str(one.source), within)
            # A large picture takes seconds, which a caller who is cancelled need not wait for.
            size = pixels_of(request) if request.fit else request.size
            one.picture = await io.ask(fitted, one.picture, size, request.fit, blocks=True)
        if wire.pictures_as == "upload" and one.picture is not None:
            carried.append(one.picture)
        else:
            carried.append(await _link(io, settings, request, one))
    return carried


async def _link(io: IO, settings: Settings, request: VideoRequest, one: OpenedPicture) -> str:
    picture = one.picture
    if picture is None:
        if request.fit is not None:
            raise InvalidRequest(
                f"fit needs a local picture, and {display_url(str(one.source))} is a link"
            )
        return str(one.source)
    if is_data_uri(one.source) and request.fit is None:
        return str(one.source)
    if settings.image_host is not None:
        hosted = await io.ask(settings.image_host, picture.name, picture.stream, blocks=True)
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
    return await io.run(picture.data_uri)


async def _fetch(io: IO, settings: Settings, link: str, within: float) -> Picture:
    """Fetch a picture, without the key, into a file that is in memory only while it is small."""
    label = f"image {display_url(link)}"
    copy = spool()
    try:
        stream = await open_link(io, settings, link, {"Accept": "image/*"}, within)
        try:
            if stream.status != 200:
                raise InvalidRequest(f"{label} answered HTTP {stream.status}: check the link")
            await _copy(io, stream, copy, label)
        finally:
            await stream.close()
    except BadLink as error:
        copy.close()
        raise InvalidRequest(f"{label}: {error}") from error
    except (TransportFailure, UnreadableAnswer) as error:
        copy.close()
        raise ConnectionFailed(
            f"{label} could not be fetched ({error}): check the link; nothing was sent to the gateway"
        ) from (error.cause if isinstance(error, TransportFailure) else error)
    except BaseException:
        copy.close()
        raise
    name = urlsplit(link).path.rpartition("/")[2]
    return await io.run(lambda: identify(copy, label=label, name=name))


async def _copy(io: IO, stream: Stream, copy: BinaryIO, label: str) -> None:
    _check_size(number_of(stream.headers.get("content-length")) or 0, label)
    size = 0
    while data := await stream.read():
        size += len(data)
        _check_size(size, label)
        await io.run(copy.write, data)


def _check_size(size: float, label: str) -> None:
    if size > FETCH_LIMIT:
        raise InvalidRequest(f"{label} has more than {FETCH_LIMIT:,} bytes: give a smaller one")
