"""Tell what the known models take, from `chainhub_video.MODELS` and the requests that its rows lead to."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from chainhub_video import MODELS, Model
from chainhub_video.images.pictures import Picture
from chainhub_video.models import PARAMETERS
from chainhub_video.request import build_request
from chainhub_video.wire.formats import FORMATS

from .markdown import code, codes, table

_LINK = "https://example.com/kitten.png"
_ANY = {"seconds": ("8",), "watermark": ("true", "false")}  # examples, where any value is taken


def overview() -> str:
    """Return the table of all rows, as Markdown."""
    heads = ("Model", "Format", *map(code, PARAMETERS), "Pictures", "Further fields, for `extra=`")
    return table(heads, map(_takes, MODELS))


def rows_of(name: str) -> list[Model]:
    """Return the rows of some models that are told of together.

    Args:
        name: their format, and how their names begin: `openai sora-2`.
    """
    wire, _, prefix = name.partition(" ")
    return [row for row in MODELS if row.format == wire and row.name.startswith(prefix)]


def told_together(rows: list[Model]) -> str:
    """Return the names of models, what goes over the wire for what is said to them, and the sources, as Markdown."""
    parts = (*PARAMETERS, "image")
    said = dict.fromkeys(chain.from_iterable(_said(row, part) for part in parts for row in rows))
    sources = "".join(f"- {text}\n" for text in dict.fromkeys(row.source for row in rows))
    names = codes(row.name for row in rows)
    return f"{names}\n\n{table(('You say', 'The request says'), said)}\nSource:\n\n{sources}"


def _takes(row: Model) -> tuple[str, ...]:
    """Return the cells of a row of the overview."""
    return (
        code(row.name),
        row.format,
        *(_values(row, parameter) for parameter in PARAMETERS),
        _pictures(row),
        codes(row.further) or "none",
    )


def _values(row: Model, parameter: str) -> str:
    values = row.values(parameter)
    if values == ():
        return "none"
    shown = "any" if values is None else codes(map(_word, values))
    default = {"size": row.default_size, "seconds": row.default_seconds}.get(parameter)
    if default:
        return f"{shown}; {code(default)} is sent if you say none"
    if parameter not in row.required:
        return shown
    other = "aspect_ratio" if parameter == "size" else "size"
    said_there = any(parameter in meaning for meaning in row.means.values())
    return f"{shown}; needed, here or as {code(other)}" if said_there else f"{shown}; needed"


def _pictures(row: Model) -> str:
    if row.max_images is None:
        return f"{row.min_images} or more" if row.min_images else "any number"
    if row.min_images == row.max_images:
        return f"{row.max_images}, needed"
    return f"at most {row.max_images}"


def _said(row: Model, part: str) -> Iterator[tuple[str, str]]:
    """Give what each word for a parameter of a model becomes in its requests; what stays the same, at once."""
    if part == "image":
        upload = FORMATS[row.format].pictures_as == "upload"
        picture, name = ("kitten.png", "input_reference") if upload else (_LINK, "images")
        yield code(f'image="{picture}"'), _fields(row, {"images": (picture,)}, [name])
        return
    same: list[str] = []
    others: list[tuple[str, str]] = []
    values = row.values(part)
    for word in _ANY[part] if values is None else values:
        names = [row.wire_fields.get(each, each) for each in row.means.get(word, (part,))]
        fields = _fields(row, {part: word}, names)
        if fields == _field(row, part, word):
            same.append(_word(word))
        else:
            shown = _word(word) if part in ("seconds", "watermark") else f'"{word}"'
            others.append((code(f"{part}={shown}"), fields))
    if same:
        yield f"{code(part)} {codes(same)}", f"the same {code(part)}"
    yield from others


def _word(value: str) -> str:
    """Return a value as Python has it, if it has it: `True`, `False`; or as it is."""
    return value.capitalize() if value in ("true", "false") else value


def _fields(row: Model, said: Mapping[str, Any], names: list[str]) -> str:
    """Return what some fields of a request hold."""
    arguments = FORMATS[row.format].create_call(*_request(row, said)).arguments
    body = arguments.get("json") or {name: part[1] for name, part in arguments["files"]}
    return ", ".join(_field(row, name, body[name]) for name in names)


def _field(row: Model, name: str, value: Any) -> str:
    """Return a field as the format of a model writes it."""
    if row.format == "unified":
        return code(f'"{name}": {json.dumps(value)}')
    text = value.decode() if isinstance(value, bytes) else value
    return code(f"{name}={text}") if isinstance(text, str) else f"{code(name)}, the file"


def _request(row: Model, said: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Return a request that is in order and says something, and its pictures in the form that the call takes."""
    fields = dict(said)
    covered = set(said).union(*(row.means.get(str(value), {}) for value in said.values()))
    for parameter in row.required:
        if parameter not in covered:
            fields[parameter] = (row.values(parameter) or _ANY[parameter])[0]
    pictures = fields.setdefault("images", ("kitten.png",) * row.min_images)
    request = build_request("A kitten", row.name, format=row.format, **fields)
    if FORMATS[row.format].pictures_as == "link":
        return request, list(pictures)
    return request, [Picture(name, "image/png", 0, io.BytesIO()) for name in pictures]
