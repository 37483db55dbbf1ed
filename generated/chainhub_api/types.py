"""Types that requests, answers and models share."""

from collections.abc import MutableMapping
from typing import IO, BinaryIO, Generic, Literal, TypeVar

from attrs import define


class Unset:
    """The value of a field that is not there, as opposed to one that is null."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()

FileTypes = tuple[str | None, IO[bytes] | bytes | str, str | None]
RequestFiles = list[tuple[str, FileTypes]]


@define
class File:
    """A file to be sent, or one that was received.

    Attributes:
        payload: The content.
        file_name: The name it is sent under.
        mime_type: Its media type.
    """

    payload: BinaryIO
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return the form in which httpx takes a part of a multipart body."""
        return self.file_name, self.payload, self.mime_type


T = TypeVar("T")


@define
class Response(Generic[T]):
    """An answer of the server.

    Attributes:
        status_code: The HTTP status; a plain number, because proxies invent ones of their own.
        content: The body as it came.
        headers: The headers.
        parsed: The body as a model; None if it is not what the specification describes.
    """

    status_code: int
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "FileTypes", "RequestFiles", "Response", "Unset"]
