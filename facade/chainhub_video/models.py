"""The table of known models: one row for a model on one wire format, with what it takes and the source of that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.task import FormatName

# The known words, for editors to offer; any other text is taken as well.
ModelName: TypeAlias = (
    Literal[
        "veo_3_1", "veo_3_1-fast", "grok-video-3", "sora-2", "sora-2-pro",
        "veo2", "veo2-fast", "veo2-fast-frames", "veo2-fast-components", "veo2-pro", "veo2-pro-components",
        "veo3", "veo3-fast", "veo3-fast-frames", "veo3-frames", "veo3-pro", "veo3-pro-frames",
        "veo3.1", "veo3.1-fast", "veo3.1-pro",
    ]
    | str
)  # fmt: skip
Size: TypeAlias = (
    Literal[
        "1280x720", "720x1280", "1792x1024", "1024x1792", "1920x1080", "1080x1920", "16x9", "9x16",
        "720P", "1080P", "small", "large",
    ]
    | str
    | tuple[int, int]
)  # fmt: skip
AspectRatio: TypeAlias = Literal["16:9", "9:16", "2:3", "3:2", "1:1"] | str

_Words: TypeAlias = Mapping[str, str]
_Meanings: TypeAlias = Mapping[str, _Words]


def _words(words: _Words) -> _Words:
    return MappingProxyType(dict(words))


def _meanings(meanings: _Meanings) -> _Meanings:
    return MappingProxyType({value: _words(words) for value, words in meanings.items()})


PARAMETERS = ("size", "aspect_ratio", "seconds", "watermark")
"""The parameters whose values differ between models."""


@attrs.frozen(kw_only=True)
class Model:
    """What is known of one model on one wire format.

    Attributes:
        name: as the gateway spells it.
        format: the wire format that serves it.
        required: the parameters that it needs besides the prompt; one that has a default is filled in.
        sizes: the values of `size` that it takes. Empty for none. Where it is not required, the first is what the
            gateway takes if none is said.
        default_size: the size that is sent if the caller gives none.
        aspect_ratios: the values of `aspect_ratio` that it takes. Empty for none.
        seconds: the durations that it takes. Empty for none, None for any.
        default_seconds: the duration that is sent if the caller gives none.
        means: for a value of `size` or `aspect_ratio` that the model knows by other parameters, those.
        wire_fields: the names of fields that are not called as the parameter is.
        wire_words: the words for values that are not called as the parameter's value is.
        min_images: how many pictures it needs.
        max_images: how many it takes; None if no limit is documented.
        watermarks: the values of `watermark` that it takes. Empty for none, None for any.
        further: documented fields without a parameter; `extra=` carries them.
        source: where these facts come from.
    """

    name: str
    format: FormatName
    required: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    default_size: str | None = None
    aspect_ratios: tuple[str, ...] = ()
    seconds: tuple[str, ...] | None = ()
    default_seconds: str | None = None
    means: _Meanings = attrs.field(factory=dict, converter=_meanings, hash=False)
    wire_fields: _Words = attrs.field(factory=dict, converter=_words, hash=False)
    wire_words: _Words = attrs.field(factory=dict, converter=_words, hash=False)
    min_images: int = 0
    max_images: int | None = None
    watermarks: tuple[str, ...] | None = ()
    further: tuple[str, ...] = ()
    source: str

    def values(self, parameter: str) -> tuple[str, ...] | None:
        """Return what may be said for a parameter, other words for a size included: empty for nothing, None for any.

        Args:
            parameter: `size`, `aspect_ratio`, `seconds` or `watermark`.
        """
        if parameter == "size":
            words = (word for word in self.means if word not in self.sizes + self.aspect_ratios)
            return (*self.sizes, *words)
        return {
            "aspect_ratio": self.aspect_ratios,
            "seconds": self.seconds,
            "watermark": self.watermarks,
        }[parameter]


_WIDE, _TALL = "16:9", "9:16"
_PAGES = "openapi/sources/"
_SORA_PAGES = "the vendor's pages of the sora-2 models"
_VEO_PAGES = "the vendor's pages of the veo models in the unified format"
_CHARACTER = ("character_url", "character_timestamps")

# The parameters that say the size of a sora model in the unified format. `large` is about 1080p.
_SORA_SIZES: Mapping[str, _Meanings] = {
    "small": {
        "1280x720": {"size": "small", "aspect_ratio": _WIDE},
        "720x1280": {"size": "small", "aspect_ratio": _TALL},
        "720P": {"size": "small"},
    },
    "large": {
        "1920x1080": {"size": "large", "aspect_ratio": _WIDE},
        "1080x1920": {"size": "large", "aspect_ratio": _TALL},
        "1792x1024": {"size": "large", "aspect_ratio": _WIDE},
        "1024x1792": {"size": "large", "aspect_ratio": _TALL},
        "1080P": {"size": "large"},
    },
}
_PIXELS: _Meanings = {_WIDE: {"size": "1280x720"}, _TALL: {"size": "720x1280"}}


def _veo_openai(name: str) -> Model:
    return Model(
        name=name,
        format="openai",
        required=("size",),
        sizes=("1280x720", "720x1280", "16x9", "9x16"),
        aspect_ratios=(_WIDE, _TALL),
        seconds=None,
        default_seconds="8",
        means=_PIXELS,
        min_images=1,
        max_images=1,
        watermarks=None,
        source=f"{_PAGES}create-video-openai-format.md: `model` and `size` (its example spells the size 16x9); "
        "the example's 8 seconds is the only duration that Veo users report",
    )


def _sora_openai(name: str) -> Model:
    return Model(
        name=name,
        format="openai",
        sizes=("720x1280", "1280x720", "1024x1792", "1792x1024"),
        aspect_ratios=(_TALL, _WIDE),
        seconds=("4", "8", "10", "12", "15", "25"),
        means=_PIXELS,
        max_images=1,
        watermarks=None,
        further=(
            "private",
            "style",
            *_CHARACTER,
            "character_from_task",
            "character_create",
            "metadata",
        ),
        source=f"{_SORA_PAGES} for POST /v1/videos; one allows 4, 8 and 12 seconds, others 10, 15 and 25",
    )


def _sora_unified(name: str, size: str, seconds: tuple[str, ...]) -> Model:
    return Model(
        name=name,
        format="unified",
        required=("aspect_ratio", "seconds"),
        sizes=(size,),
        default_size=size,
        aspect_ratios=(_WIDE, _TALL),
        seconds=seconds,
        default_seconds=seconds[0] if len(seconds) == 1 else None,
        means=_SORA_SIZES[size],
        wire_fields={"aspect_ratio": "orientation", "seconds": "duration"},
        wire_words={_WIDE: "landscape", _TALL: "portrait"},
        watermarks=("true", "false"),
        further=("private", *_CHARACTER),
        source=f"{_SORA_PAGES} for POST /v1/video/create",
    )


def _veo_unified(name: str, *, ratios: bool = True, max_images: int | None = None) -> Model:
    return Model(
        name=name,
        format="unified",
        aspect_ratios=(_WIDE, _TALL) if ratios else (),
        max_images=max_images,
        further=("enhance_prompt", "enable_upsample"),
        source=f"{_VEO_PAGES}; `aspect_ratio` from veo3 on",
    )


MODELS: tuple[Model, ...] = (
    _veo_openai("veo_3_1"),
    _veo_openai("veo_3_1-fast"),
    Model(
        name="grok-video-3",
        format="unified",
        required=("aspect_ratio",),
        sizes=("720P", "1080P"),
        default_size="720P",
        aspect_ratios=("2:3", "3:2", "1:1"),
        source=f"{_PAGES}create-video-unified-format.md: `model`, `aspect_ratio`, `size` "
        "(1080P is accepted there, but only 720P works so far)",
    ),
    _sora_openai("sora-2"),
    _sora_openai("sora-2-pro"),
    _sora_unified("sora-2", "small", ("10",)),
    _sora_unified("sora-2-pro", "large", ("15", "25")),
    _veo_unified("veo2", ratios=False),
    _veo_unified("veo2-fast", ratios=False),
    _veo_unified("veo2-fast-frames", ratios=False, max_images=2),
    _veo_unified("veo2-fast-components", ratios=False),
    _veo_unified("veo2-pro", ratios=False),
    _veo_unified("veo2-pro-components", ratios=False),
    _veo_unified("veo3"),
    _veo_unified("veo3-fast"),
    _veo_unified("veo3-fast-frames"),
    _veo_unified("veo3-frames"),
    _veo_unified("veo3-pro"),
    _veo_unified("veo3-pro-frames", max_images=1),
    _veo_unified("veo3.1"),
    _veo_unified("veo3.1-fast"),
    _veo_unified("veo3.1-pro"),
)
"""Every known model. One that both wire formats serve has a row for each; the first counts if the caller names none."""


def model_row(name: str, format: FormatName | None = None) -> Model | None:  # noqa: A002 - the public name of the parameter
    """Return what is known of a model, or None.

    Args:
        name: the model's name.
        format: the wire format that it is asked for on; None for any.
    """
    rows = (row for row in MODELS if row.name == name and format in (None, row.format))
    return next(rows, None)


def format_for(model: str, format: FormatName | None) -> FormatName:  # noqa: A002 - the public name of the parameter
    """Return the name of the wire format that serves a model.

    Args:
        model: the model's name.
        format: what the caller asked for; it overrides the table.

    Raises:
        InvalidRequest: the model is not in the table, and the caller names no format.
    """
    if format is not None:
        return format
    row = model_row(model)
    if row is None:
        known = ", ".join(dict.fromkeys(row.name for row in MODELS))
        raise InvalidRequest(
            f"unknown model {model!r}: the known ones are {known}; "
            'for another one, say which wire format serves it: format="openai" or format="unified"'
        )
    return row.format
