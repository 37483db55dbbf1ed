"""Check a manifest whole, before the first create: each row, its pictures, and that no two rows have one output."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs

from chainhub_video.batch.manifest import Source, read_rows
from chainhub_video.batch.names import same_file
from chainhub_video.batch.rows import COLUMNS, Row, RowProblem
from chainhub_video.errors import InvalidManifest, InvalidRequest
from chainhub_video.images.pictures import is_data_uri, link_in, open_picture
from chainhub_video.request import VideoRequest, build_request
from chainhub_video.wire.formats import FORMATS

if TYPE_CHECKING:
    from chainhub_video.settings import Settings

KEPT = 50  # problems that are told one by one
_PICTURES = 4096  # pictures that are remembered as looked at
_NO_ROW = 0  # the digest of a row that cannot be made


class Stopped(Exception):
    """The reading was given up. It never leaves the batch."""


@attrs.frozen
class Checked:
    """What the first reading of a manifest has found.

    Attributes:
        rows: how many rows there are, those that cannot be made included.
        invalid: how many cannot be made.
        problems: why, for the first of them.
        digests: of each row's name, in order: eight bytes a row, whatever the rows hold.
    """

    rows: int
    invalid: int
    problems: tuple[RowProblem, ...]
    digests: array[int]

    def has(self, row: Row) -> bool:
        """Return whether a row that is read again is the one that was checked."""
        at = row.number - 1
        return at < len(self.digests) and self.digests[at] == _digest(row.name)

    def left_out(self, number: int) -> bool:
        """Return whether the row of a number, from 1, was found to be one that cannot be made."""
        return number <= len(self.digests) and self.digests[number - 1] == _NO_ROW


def check(source: Source, settings: Settings, stopped: Callable[[], bool]) -> Checked:
    """Read a manifest once, and check all of it. Blocks for seconds if it is large.

    Args:
        source: the rows.
        settings: the client's: they say how pictures can travel.
        stopped: whether to give up; asked before each row.

    Raises:
        InvalidRequest: there are no rows, or they cannot be read to their end.
        Stopped: it was stopped.
    """
    digests, problems, invalid = array("Q"), list[RowProblem](), 0
    pictures = lru_cache(_PICTURES)(_problem_of)
    for row in read_rows(source):
        if stopped():
            raise Stopped
        if isinstance(row, Row):
            row = problem_of(row, settings, pictures) or row
        if isinstance(row, Row):
            digests.append(_digest(row.name))
        else:
            digests.append(_NO_ROW)
            invalid += 1
            _keep(problems, row)
    if not digests:
        raise InvalidRequest(f"manifest {source.name!r} has no rows: nothing would be made")
    for problem in _doubles(source, digests):
        invalid += 1
        _keep(problems, problem)
    return Checked(len(digests), invalid, tuple(problems), digests)


def _keep(problems: list[RowProblem], problem: RowProblem) -> None:
    if len(problems) < KEPT:
        problems.append(problem)


def refuse(checked: Checked, source: Source) -> None:
    """Refuse a manifest with rows that cannot be made.

    Raises:
        InvalidManifest: it has some.
    """
    if not checked.invalid:
        return
    some = "1 row" if checked.invalid == 1 else f"{checked.invalid:,} rows"
    shown = "".join(f"\n  {problem}" for problem in checked.problems[:3])
    more = "\n  …" if checked.invalid > len(checked.problems[:3]) else ""
    raise InvalidManifest(
        f"{some} of {source.name!r} cannot be made, and nothing was sent: correct them, or leave them out with "
        f"skip_invalid=True (--skip-invalid){shown}{more}",
        problems=tuple(map(str, checked.problems)),
        count=checked.invalid,
    )


def request_of(row: Row) -> VideoRequest:
    """Return what a row asks for.

    Raises:
        InvalidRequest: the wire format or the model does not take it.
    """
    return build_request(**row.arguments)


def problem_of(
    row: Row, settings: Settings, picture_problem: Callable[[str], str | None]
) -> RowProblem | None:
    """Return why a row would be refused on this machine; None if it would not."""
    try:
        request = request_of(row)
        wire = FORMATS[request.format]
        wire.check(request)
    except InvalidRequest as error:
        return RowProblem(row.where, _column_of(str(error)), str(error), row.number)
    except TypeError as error:  # a mapping of the caller's holds anything
        return RowProblem(row.where, None, str(error), row.number)
    column = "images" if "images" in row.arguments else "image"
    for source in request.images:
        try:
            local = link_in(source) is None
            why = (
                picture_problem(os.fspath(source))
                if local and isinstance(source, str | os.PathLike)
                else None
            )
        except InvalidRequest as error:
            why = str(error)
        else:
            if why is None and wire.pictures_as != "upload":
                why = _cannot_travel(request, settings, local=local, is_data=is_data_uri(source))
        if why is not None:
            return RowProblem(row.where, column, why, row.number)
    return None


def _cannot_travel(
    request: VideoRequest, settings: Settings, *, local: bool, is_data: bool
) -> str | None:
    """Return why a picture cannot go by link."""
    if request.fit is not None and not local:
        return "fit needs a local picture, and this is a link"
    if (
        local
        and not (is_data and request.fit is None)
        and not settings.inline_images
        and settings.image_host is None
    ):
        return (
            "the unified format takes links to pictures, not files: let it carry them with "
            "ChainHub(inline_images=True) (--inline-images), or give a link"
        )
    return None


def _problem_of(path: str) -> str | None:
    try:
        open_picture(path).close()
    except InvalidRequest as error:
        return str(error)
    return None


def _column_of(message: str) -> str | None:
    """Return the column that a message of the client's begins with, or is about."""
    first = message.partition(" ")[0]
    if first in COLUMNS:
        return first
    if first == "unknown":  # model
        return "model"
    return "image" if "picture" in message else None


def _digest(name: str) -> int:
    digest = hashlib.blake2b(same_file(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest) or 1


def _doubles(source: Source, digests: array[int]) -> Iterator[RowProblem]:
    """Give a problem for each row whose output an earlier row has, and mark it as one that cannot be made."""
    ordered = array("Q", sorted(digests))
    twice = {one for one, next_one in pairwise(ordered) if one == next_one} - {_NO_ROW}
    if not twice:
        return
    del ordered
    first: dict[int, Row] = {}
    for row in read_rows(source):
        if not isinstance(row, Row) or (digest := digests[row.number - 1]) not in twice:
            continue
        if (before := first.setdefault(digest, row)).number == row.number:
            continue
        digests[row.number - 1] = _NO_ROW
        if before.name == row.name:
            same = (
                "asks for the same"
                if _is_default(row, before)
                else f"has the name {row.name!r} as well"
            )
        else:
            same = f"has the name {before.name!r}, which some disks take for {row.name!r}"
        message = f"{before.where} {same}: give this row a name of its own"
        yield RowProblem(row.where, "name", message, row.number)


def _is_default(row: Row, before: Row) -> bool:
    return row.arguments == before.arguments
