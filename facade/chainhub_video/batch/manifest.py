"""Read a manifest as it comes, a row at a time: CSV, JSON Lines, or mappings of the caller's."""

from __future__ import annotations

import csv
import json
import os
import pickle
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Protocol

import attrs

from chainhub_video.batch.rows import (
    COLUMNS,
    REQUIRED,
    BadCell,
    RawRow,
    Row,
    RowProblem,
    row_of,
    unknown_column,
)
from chainhub_video.errors import InvalidRequest

_LONGEST_LINE = 16_000_000  # bytes; a picture inside a line may have some
_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CSV, _JSON_LINES = (".csv",), (".jsonl", ".ndjson")


class Source(Protocol):
    """Rows that can be read more than once."""

    @property
    def name(self) -> str:
        """What to call it in a message."""
        ...

    @property
    def folder(self) -> str:
        """What relative paths of pictures begin at; "" for the process's."""
        ...

    def read(self) -> Iterator[RawRow | RowProblem]:
        """Give each row, or why it is none.

        Raises:
            InvalidRequest: it cannot be read any further; the message names the place.
        """
        ...


def source_of(rows: str | os.PathLike[str] | Iterable[Mapping[str, Any]]) -> Source:
    """Return the source for a manifest's path, or for mappings; those that can be read once only are copied to a file.

    Raises:
        InvalidRequest: there is no such file, it is none that can be read twice, or it is neither CSV nor JSON Lines.
    """
    if isinstance(rows, str | os.PathLike):
        return _file(Path(os.fspath(rows)))
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise InvalidRequest(
            f"rows must be a manifest's path or an iterable of mappings, not {type(rows).__name__}"
        )
    return _Mappings(_Spooled(rows) if iter(rows) is rows else rows)


def read_rows(source: Source) -> Iterator[Row | RowProblem]:
    """Give each row of a source in its order, or why it cannot be used."""
    for number, raw in enumerate(source.read(), 1):
        if isinstance(raw, RowProblem):
            yield attrs.evolve(raw, number=number)
            continue
        try:
            yield row_of(raw, number, source.folder)
        except BadCell as bad:
            yield RowProblem(raw.where, bad.column, str(bad), number)


def _file(path: Path) -> Source:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        why = (
            "does not exist: check the path" if isinstance(error, FileNotFoundError) else str(error)
        )
        raise InvalidRequest(f"manifest {str(path)!r} {why}") from error
    if stat.S_ISDIR(mode):
        raise InvalidRequest(f"manifest {str(path)!r} is a folder: give a .csv or .jsonl file")
    if not stat.S_ISREG(mode):
        raise InvalidRequest(
            f"manifest {str(path)!r} is no ordinary file, and is read twice: copy it to one first"
        )
    suffix = path.suffix.lower()
    if suffix in _CSV:
        return _CsvFile(str(path), str(path.parent))
    if suffix in _JSON_LINES:
        return _JsonLinesFile(str(path), str(path.parent))
    raise InvalidRequest(
        f"manifest {str(path)!r} must be called .csv (comma-separated) or .jsonl (one JSON object a line)"
    )


def _refuse(name: str, where: str, message: str) -> NoReturn:
    raise InvalidRequest(f"manifest {name!r}, {where}: {message}")


def _lines(name: str) -> Iterator[str]:
    """Give the lines of a file in UTF-8, with their ends."""
    try:
        with Path(name).open("rb") as file:
            yield from _decoded(name, file)
    except OSError as error:
        raise InvalidRequest(f"manifest {name!r} cannot be read: {error.strerror}") from error


def _decoded(name: str, file: BinaryIO) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        where = f"line {number}"
        if number == 1:
            if line.startswith(_WIDE_BOMS):
                _refuse(name, where, 'it is UTF-16: save it as UTF-8 ("CSV UTF-8" in Excel)')
            line = line.removeprefix(_UTF8_BOM)
        if len(line) >= _LONGEST_LINE:
            _refuse(name, where, f"the line has more than {_LONGEST_LINE:,} bytes")
        if (at := line.find(0)) >= 0:
            _refuse(
                name,
                where,
                f"byte {at + 1} is NUL: save it as UTF-8 text, not as UTF-16 or a table's own format",
            )
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            _refuse(
                name, where, f"byte {error.start + 1} (0x{byte:02x}) is not UTF-8: save it as UTF-8"
            )


@attrs.frozen
class _CsvFile:
    name: str
    folder: str

    def read(self) -> Iterator[RawRow | RowProblem]:
        reader = csv.reader(_lines(self.name), strict=True)
        header: list[str] | None = None
        while True:
            where = f"line {reader.line_num + 1}"
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                _refuse(self.name, where, _csv_trouble(str(error)))
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = self._header(cells, where)
            elif len(cells) == len(header):
                yield RawRow(where, dict(zip(header, cells, strict=True)), is_text=True)
            else:
                yield RowProblem(where, None, _miscounted(len(cells), len(header)))
        if header is None:
            raise InvalidRequest(
                f"manifest {self.name!r} is empty: its first line names the columns"
            )

    def _header(self, cells: list[str], where: str) -> list[str]:
        header = [cell.strip() for cell in cells]
        if len(header) == 1 and header[0] not in COLUMNS:
            for mark, called in ((";", "semicolons"), ("\t", "tabs")):
                if mark in cells[0]:
                    _refuse(
                        self.name,
                        where,
                        f"its columns are separated by {called}: save it with commas",
                    )
        for number, column in enumerate(header, 1):
            if column not in COLUMNS:
                _refuse(self.name, where, f"column {number}: {unknown_column(column)}")
            if column in header[: number - 1]:
                _refuse(self.name, where, f"column {number}: {column} is there twice")
        for column in REQUIRED:
            if column not in header:
                _refuse(self.name, where, f"the column {column} is missing")
        return header


def _csv_trouble(error: str) -> str:
    """Return what to say of an error of the reader, which knows no manifest."""
    if "new-line character" in error:
        return "its lines end with CR alone: save it with LF or CRLF"
    if "field limit" in error:
        return f"a cell has more than {csv.field_size_limit():,} characters: look for a quote that is not closed"
    return f"it is not CSV ({error}): look for a quote that is not closed or not doubled"


def _miscounted(cells: int, columns: int) -> str:
    more = "is a comma in a text that is not quoted?" if cells > columns else "is a comma missing?"
    return f"it has {cells} cells, and the first line names {columns} columns: {more}"


@attrs.frozen
class _JsonLinesFile:
    name: str
    folder: str

    def read(self) -> Iterator[RawRow | RowProblem]:
        for number, line in enumerate(_lines(self.name), 1):
            if not line.strip():
                continue
            where = f"line {number}"
            try:
                fields = json.loads(line, object_pairs_hook=_fields, parse_constant=_no_number)
            except json.JSONDecodeError as error:
                yield RowProblem(
                    where, None, f"it is not JSON ({error.msg} at character {error.colno})"
                )
            except (ValueError, RecursionError) as error:
                yield RowProblem(where, None, f"it cannot be used ({error})")
            else:
                if isinstance(fields, dict):
                    yield RawRow(where, fields)
                else:
                    kind = "a list" if isinstance(fields, list) else "a single value"
                    yield RowProblem(where, None, f"it is {kind}, and must be an object: {{…}}")


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {double!r:.80} is there twice")
    return fields


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


class _Mappings:
    name = "rows"
    folder = ""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = rows

    def read(self) -> Iterator[RawRow | RowProblem]:
        for number, fields in enumerate(self._rows, 1):
            where = f"row {number}"
            if isinstance(fields, Mapping):
                yield RawRow(where, fields)
            else:
                yield RowProblem(
                    where, None, f"it is {type(fields).__name__}, and must be a mapping"
                )


class _Spooled:
    """A copy, in a temporary file without a name, of what can be read once only."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it ends with its owner
        for number, fields in enumerate(rows, 1):
            try:
                pickle.dump(fields, self._file)
            except Exception as error:
                raise InvalidRequest(
                    f"row {number} cannot be kept until it is its turn ({error}): give a list, or pictures as paths"
                ) from error

    def __del__(self) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        self._file.seek(0)
        while True:
            try:
                yield pickle.load(self._file)
            except EOFError:
                return
