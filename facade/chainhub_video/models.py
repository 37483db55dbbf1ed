"""The table of known models: one row a model, with what it takes and the source of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.task import FormatName

# The known words, for editors to offer; any other text is taken as well.
ModelName: TypeAlias = Literal["veo_3_1", "veo_3_1-fast", "grok-video-3"] | str
Size: TypeAlias = (
    Literal["1280x720", "720x1280", "16x9", "9x16", "720P", "1080P"] | str | tuple[int, int]
)
AspectRatio: TypeAlias = Literal["16:9", "9:16", "2:3", "3:2", "1:1"] | str


@attrs.frozen(kw_only=True)
class Model:
    """What is known of one model.

    Attributes:
        name: as the gateway spells it.
        format: the wire format that serves it.
        sizes: the values of `size` that it takes; the first is the default if `size_required` is False.
        size_required: whether the caller must choose.
        aspect_ratios: the values of `aspect_ratio` that it takes.
        ratio_sizes: for a format without aspect ratios, the size that stands for each.
        default_seconds: the duration sent if the caller gives none; None if the format has no such field.
        min_images: how many pictures it needs.
        max_images: how many it takes; None if no limit is documented.
        source: where these facts come from.
    """

    name: str
    format: FormatName
    sizes: tuple[str, ...]
    size_required: bool
    aspect_ratios: tuple[str, ...]
    ratio_sizes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    default_seconds: str | None = None
    min_images: int = 0
    max_images: int | None = None
    source: str


_VEO_SOURCE = (
    "openapi/sources/create-video-openai-format.md: `model` and `size` (its example spells the size 16x9); "
    "the example's 8 seconds is the only duration that Veo users report"
)

MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        *(
            Model(
                name=name,
                format="openai",
                sizes=("1280x720", "720x1280", "16x9", "9x16"),
                size_required=True,
                aspect_ratios=("16:9", "9:16"),
                ratio_sizes={"16:9": "1280x720", "9:16": "720x1280"},
                default_seconds="8",
                min_images=1,
                max_images=1,
                source=_VEO_SOURCE,
            )
            for name in ("veo_3_1", "veo_3_1-fast")
        ),
        Model(
            name="grok-video-3",
            format="unified",
            sizes=("720P", "1080P"),
            size_required=False,
            aspect_ratios=("2:3", "3:2", "1:1"),
            source=(
                "openapi/sources/create-video-unified-format.md: `model`, `aspect_ratio`, `size` "
                "(1080P is accepted there, but only 720P works so far)"
            ),
        ),
    )
}


def known_models() -> str:
    """Return the known models with their formats, for a message."""
    return ", ".join(f"{model.name} ({model.format})" for model in MODELS.values())


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
    if model not in MODELS:
        raise InvalidRequest(
            f"unknown model {model!r}: the known ones are {known_models()}; "
            'for another one, say which wire format serves it: format="openai" or format="unified"'
        )
    return MODELS[model].format
