"""Write the page about the known models, from `chainhub_video.MODELS` and the requests that its rows lead to."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import attrs
from chainhub_video import MODELS, Model
from chainhub_video.images.pictures import Picture
from chainhub_video.models import PARAMETERS
from chainhub_video.request import build_request
from chainhub_video.wire.formats import FORMATS

from .markdown import PageError, code, codes, table

_PARTS = (*PARAMETERS, "image")
_LINK = "https://example.com/kitten.png"
_ANY = {
    "seconds": ("8",),
    "watermark": ("true", "false"),
}  # examples, where a model takes any value

_INTRODUCTION = """\
<!-- Written by scripts/tables from facade/chainhub_video/models.py: change that, then run it. -->

# Models

`model=` picks the wire format, and decides what the other parameters may be. What a model does not take is refused
before anything is sent, in one line that says what it takes. The same words serve all models: a size is `1280x720`, a
shape `16:9`, a duration `seconds=8`. Where a model has other names or words for them, they are translated.

- **Two rows for one model**: both create calls serve it. The first counts; `format="unified"` picks the other.
- **A model that is not here**: say which call serves it, `format="openai"` or `format="unified"`. Its values are not
  checked then, but whatever the call's page requires must be there.
- **Fields without a parameter** go into `extra=`, under the gateway's own names. They are sent as they are: as JSON
  values in the unified format, as text in the form of the openai format.
- **Pictures** are uploaded in the openai format. The unified format carries links to them; for a local picture there,
  see [the guide](videos.md#pictures).
- **An id that begins with a model's name** tells its wire format to `wait`, `retrieve` and `download`. One of a model
  with two rows tells the first row's; `format=` overrides that.

In Python the rows are `chainhub_video.MODELS`. They come from the vendor's pages, and none of them has been tried at
the live service. In the examples, `hub` is a `ChainHub()`.

## What each one takes

*Needed*: there is no default. What is neither needed nor marked as sent goes over the wire only if you say it.

"""


@attrs.frozen
class Family:
    """Models that are told of together.

    Attributes:
        title: of the section.
        format: of its rows.
        prefix: how the names of its rows begin.
        example: Python code that makes one of its videos.
    """

    title: str
    format: str
    prefix: str
    example: str


FAMILIES = (
    Family(
        "Veo in the openai format",
        "openai",
        "veo_3_1",
        """\
task = hub.videos.create(
    "The kitten is eating fish", model="veo_3_1", image="kitten.png", aspect_ratio="16:9"
)
""",
    ),
    Family(
        "Grok in the unified format",
        "unified",
        "grok-video-3",
        """\
task = hub.videos.create(
    "The kitten is eating fish", model="grok-video-3", aspect_ratio="3:2", image="https://example.com/kitten.png"
)
""",
    ),
    Family(
        "Sora in the openai format",
        "openai",
        "sora-2",
        """\
task = hub.videos.create(
    "The kitten is eating fish",
    model="sora-2",
    size="1280x720",
    seconds=8,
    extra={"style": "anime", "private": True},
)
""",
    ),
    Family(
        "Sora in the unified format",
        "unified",
        "sora-2",
        """\
task = hub.videos.create(
    "The kitten is eating fish",
    model="sora-2-pro",
    format="unified",
    aspect_ratio="16:9",
    seconds=15,
    watermark=False,
)
""",
    ),
    Family(
        "Veo in the unified format",
        "unified",
        "veo",
        """\
task = hub.videos.create(
    "小猫在吃鱼",
    model="veo3-fast",
    aspect_ratio="9:16",
    extra={"enhance_prompt": True},  # Veo knows English only: the gateway translates the prompt
)
""",
    ),
)


def models_page(models: tuple[Model, ...] = MODELS) -> str:
    """Return the page, as Markdown.

    Args:
        models: the rows.

    Raises:
        PageError: a row belongs to no family, or to several.
    """
    for row in models:
        if sum(row in _rows(family, models) for family in FAMILIES) != 1:
            raise PageError(
                f"the {row.format} row of {row.name} must belong to one family: change FAMILIES in {__file__}"
            )
    overview = table(
        (
            "Model", "Format", *map(code, PARAMETERS), "Pictures", "Further fields, for `extra=`",
        ),
        map(_takes, models),
    )  # fmt: skip
    return _INTRODUCTION + overview + "".join(_section(family, models) for family in FAMILIES)


def _rows(family: Family, models: tuple[Model, ...]) -> list[Model]:
    return [
        row for row in models if row.format == family.format and row.name.startswith(family.prefix)
    ]


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


def _section(family: Family, models: tuple[Model, ...]) -> str:
    """Return what a page tells of a family: an example, what goes over the wire, and the source."""
    rows = _rows(family, models)
    said = dict.fromkeys(chain.from_iterable(_said(row, part) for part in _PARTS for row in rows))
    sources = "".join(f"- {text}\n" for text in dict.fromkeys(row.source for row in rows))
    call = FORMATS[family.format].create_call(*_request(rows[0], {}))
    where = f"{call.arguments['method'].upper()} {call.arguments['url']}"
    return (
        f"\n## {family.title}: `{where}`\n\n{codes(row.name for row in rows)}\n\n"
        f"```python\n{family.example}```\n\n"
        f"{table(('You say', 'The request says'), said)}\nSource:\n\n{sources}"
    )


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
