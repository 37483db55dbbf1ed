"""`Row`: the arguments of one `generate`, from the cells of a table or the fields of a mapping."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from chainhub_video.batch.names import checked_name, slug
from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import is_data_uri, is_file_address, link_in

PARAMETERS = (
    "prompt", "model", "image", "images", "seconds", "size", "aspect_ratio", "watermark", "fit", "format", "extra",
)  # fmt: skip
COLUMNS = (*PARAMETERS, "name")
REQUIRED = ("prompt", "model")
_FINGERPRINT = 12  # hex digits of it in a name
_WORDS = {"true": True, "false": False}


@attrs.frozen
class RowProblem:
    """Why a row cannot be made.

    Attributes:
        where: `line 7` of a manifest's file, or `row 7` of an iterable.
        column: what it is about; None for the row as a whole.
        message: what is wrong, and what to do.
        number: the row's place, from 1.
    """

    where: str
    column: str | None
    message: str
    number: int = 0

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        return f"{self.where}{column}: {self.message}"


@attrs.frozen
class RawRow:
    """A row as it stands in its source.

    Attributes:
        where: `line 7` or `row 7`.
        fields: by column; None and, in a table, an empty cell mean that it is not given.
        is_text: whether the values are cells of a table.
    """

    where: str
    fields: Mapping[Any, Any]
    is_text: bool = False


@attrs.frozen
class Row:
    """One video to make. Holds data only, so that it can be pickled if its pictures can be.

    Attributes:
        number: its place in the manifest, from 1.
        where: `line 7` or `row 7`.
        name: of the output, without folder and `.mp4`.
        arguments: those of `generate`, output and callbacks excepted.
    """

    number: int
    where: str
    name: str
    arguments: Mapping[str, Any] = attrs.field(hash=False)


class BadCell(Exception):
    """A value cannot be used. It never leaves the batch."""

    def __init__(self, column: str | None, message: str) -> None:
        super().__init__(message)
        self.column = column


def row_of(raw: RawRow, number: int, folder: str) -> Row:
    """Return the row that the fields describe; whether its model can do it is not looked at.

    Args:
        raw: the fields.
        number: its place, from 1.
        folder: what relative paths of pictures begin at; "" for the process's.

    Raises:
        BadCell: naming the column.
    """
    given = dict(_given(raw))
    for column in REQUIRED:
        if column not in given:
            raise BadCell(column, f"{column} is missing")
    if raw.is_text:
        given = {column: _from_cell(column, value) for column, value in given.items()}
    name = given.pop("name", None)
    if isinstance(size := given.get("size"), list):
        given["size"] = tuple(size)
    name = _default_name(given) if name is None else _own_name(name)
    if "image" in given:
        given["image"] = _placed("image", given["image"], folder)
    if isinstance(images := given.get("images"), list | tuple):
        given["images"] = [_placed("images", image, folder) for image in images]
    return Row(number, raw.where, name, given)


def unknown_column(name: object) -> str:
    """Return what to say of a column that there is not."""
    near = difflib.get_close_matches(str(name).strip().lower(), COLUMNS, 1)
    hint = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(COLUMNS)}"
    return f"there is no column {str(name)!r:.80}: {hint}"


def _given(raw: RawRow) -> Iterator[tuple[str, Any]]:
    for column, value in raw.fields.items():
        if column not in COLUMNS:
            raise BadCell(str(column)[:80], unknown_column(column))
        if value is not None and not (raw.is_text and not value.strip()):
            yield column, value


def _from_cell(column: str, text: str) -> Any:
    """Return the value that the text of a cell stands for."""
    if column == "prompt":
        return text
    text = text.strip()
    if column == "watermark":
        return _WORDS.get(text.lower(), text)
    if column == "images":
        if not text.startswith("["):
            return [part.strip() for part in text.split(";") if part.strip()]
        images = _from_json(column, text)
        if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
            raise BadCell(
                column, "images must be a JSON list of texts, or paths and links separated by ;"
            )
        return images
    return _from_json(column, text) if column == "extra" else text


def _from_json(column: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadCell(column, f"{column} is not JSON ({error}): {text[:60]!r}") from error


def _own_name(name: object) -> str:
    if not isinstance(name, str):
        raise BadCell("name", f"name must be text, not {type(name).__name__}")
    try:
        return checked_name(name)
    except ValueError as error:
        raise BadCell("name", str(error)) from error


def _default_name(given: Mapping[str, Any]) -> str:
    """Return a name that another row gets only if it asks for the same."""
    text = json.dumps(given, sort_keys=True, default=_digest, skipkeys=True)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()[:_FINGERPRINT]
    return f"{slug(str(given['prompt']))}-{fingerprint}"


def _digest(value: object) -> str:
    """Return what tells a picture that is no path from others."""
    if isinstance(value, bytes | bytearray | memoryview):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise BadCell(
        "name",
        f"a row with a picture given as {type(value).__name__} needs a name of its own: give it one",
    )


def _placed(column: str, source: Any, folder: str) -> Any:
    """Return a picture with its relative path made one from the manifest's folder."""
    if not folder or not isinstance(source, str):
        return source
    try:
        if is_data_uri(source) or is_file_address(source) or link_in(source) is not None:
            return source
    except InvalidRequest as error:
        raise BadCell(column, str(error)) from error
    return os.path.join(folder, source)  # noqa: PTH118 - keeps text, as it was given
