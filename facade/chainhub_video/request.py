"""`VideoRequest`: what is asked of the gateway, checked before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from chainhub_video.errors import InvalidRequest
from chainhub_video.models import PARAMETERS, Model, format_for, model_row
from chainhub_video.task import FormatName

if TYPE_CHECKING:
    from chainhub_video.images.pictures import ImageSource

FORMATS = get_args(FormatName)
FITS = ("cover", "contain")
_DIGITS = 9  # of a number that can be meant


@attrs.frozen(kw_only=True)
class VideoRequest:
    """One create, in the terms of neither wire format.

    Attributes:
        prompt: what the video shows.
        model: the model's name.
        format: the wire format, `"openai"` or `"unified"`.
        images: the pictures, as the caller gave them.
        seconds: the duration, as text.
        size: pixels such as `1280x720`, or a class such as `720P`.
        aspect_ratio: such as `3:2`.
        watermark: `"true"` or `"false"`, or None to leave it to the gateway.
        fit: how local pictures are brought to the pixels of `size`: `"cover"`, `"contain"` or None.
        extra: further fields, sent as they are.
    """

    prompt: str
    model: str
    format: FormatName
    images: tuple[ImageSource, ...] = attrs.field(
        default=(), repr=lambda images: f"<{len(images)}>"
    )
    seconds: str | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    watermark: str | None = None
    fit: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any], hash=False)

    def describe(self, pictures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return everything that is sent, as JSON values.

        Args:
            pictures: the description of each picture.
        """
        fields = attrs.asdict(self, recurse=False, filter=attrs.filters.exclude("images"))
        return {**fields, "pictures": list(pictures)}


def build_request(
    prompt: str,
    model: str,
    image: ImageSource | None = None,
    images: Sequence[ImageSource] = (),
    seconds: int | str | None = None,
    size: str | tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    watermark: bool | str | None = None,
    fit: Literal["cover", "contain"] | None = None,
    format: FormatName | None = None,  # noqa: A002 - the public name of the parameter
    extra: Mapping[str, Any] | None = None,
) -> VideoRequest:
    """Check what the caller gave, and return it in one form.

    Raises:
        InvalidRequest: a value that the wire format or a known model does not take. The message names the
            field, the value and what is allowed.
    """
    _check_text("prompt", prompt)
    _check_text("model", model)
    if format is not None and format not in FORMATS:
        raise InvalidRequest(f"format is {format!r}, and must be one of: {', '.join(FORMATS)}")
    if fit is not None and fit not in FITS:
        raise InvalidRequest(f"fit is {fit!r}, and must be one of: {', '.join(FITS)}")
    wire = format_for(model, format)
    known = model_row(model, wire)  # another format than the table's has no limits of it either
    request = VideoRequest(
        prompt=prompt,
        model=model,
        format=wire,
        images=_all_images(image, images),
        seconds=_seconds(seconds),
        size=_size(size),
        aspect_ratio=_aspect_ratio(aspect_ratio),
        watermark=_watermark(watermark),
        fit=fit,
        extra=_extra(extra),
    )
    if known is not None:
        request = _fit_to_model(request, known)
    return request


def _check_text(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidRequest(f"{field} must be text, not {type(value).__name__}")
    if not value.strip():
        raise InvalidRequest(f"{field} is empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"{field} holds half a character (a lone surrogate) at position {error.start}"
        ) from error


def _all_images(
    image: ImageSource | None, images: Sequence[ImageSource]
) -> tuple[ImageSource, ...]:
    if isinstance(images, (str, bytes, bytearray, memoryview)) or not isinstance(images, Sequence):
        raise InvalidRequest(
            "images must be a list or tuple of pictures; for a single one, use image="
        )
    return (*(() if image is None else (image,)), *images)


def _seconds(seconds: object) -> str | None:
    if seconds is None:
        return None
    text = seconds.strip() if isinstance(seconds, str) else seconds
    if isinstance(text, str) and text.isascii() and text.isdigit() and text.strip("0"):
        if len(text) <= _DIGITS:
            return text
    elif _is_count(text):
        return str(text)
    raise InvalidRequest(f"seconds is {_shown(seconds)}, and must be a whole number above 0")


def _size(size: str | tuple[int, int] | None) -> str | None:
    if size is None or isinstance(size, str):
        if size is not None:
            _check_text("size", size)
        return size
    match size:
        case (width, height) if _is_count(width) and _is_count(height):
            return f"{width}x{height}"
    raise InvalidRequest(f"size is {_shown(size)}, and must be text or (width, height) in pixels")


def _aspect_ratio(aspect_ratio: str | None) -> str | None:
    if aspect_ratio is not None:
        _check_text("aspect_ratio", aspect_ratio)
    return aspect_ratio


def _extra(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the further fields, if they can be said in JSON: a form takes the same."""
    if extra is not None and not isinstance(extra, Mapping):
        raise InvalidRequest(f"extra must be a mapping of fields, not {type(extra).__name__}")
    fields = dict(extra or {})
    for field, value in fields.items():
        _check_text("a field of extra", field)
        try:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequest(f"extra {field!r} cannot be sent: {error}") from error
    return fields


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**_DIGITS


def _shown(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # an integer of thousands of digits, which Python will not write
        return "a number of thousands of digits"


def _watermark(watermark: bool | str | None) -> str | None:
    if isinstance(watermark, bool):
        return str(watermark).lower()
    if watermark is not None:
        _check_text("watermark", watermark)
    return watermark


def pixels_of(request: VideoRequest) -> str | None:
    """Return the size of a request in pixels, if the model's row tells it, or else the size as it is said."""
    row = model_row(request.model, request.format)
    said = {"size": request.size, "aspect_ratio": request.aspect_ratio}
    return next(
        (word for word, meaning in (row.means if row else {}).items() if meaning == said),
        request.size,
    )


def _fit_to_model(request: VideoRequest, model: Model) -> VideoRequest:
    """Fill in what the model's row decides, and refuse what it does not take."""
    for parameter, field in model.wire_fields.items():
        if field in request.extra:
            raise InvalidRequest(f"extra holds {field!r}, and {model.name} has {parameter}= for it")
    request = _in_its_parameters(request, model)
    size = request.size or model.default_size
    if request.fit is not None and "size" not in model.required and model.sizes:
        size = size or model.sizes[0]  # the pictures are brought to it, so it is said
    seconds = request.seconds or model.default_seconds
    request = attrs.evolve(request, size=size, seconds=seconds)
    _check_choices(request, model)
    count = len(request.images)
    if count and request.fit is not None and not model.sizes:
        raise InvalidRequest(
            f"fit is {request.fit!r}, and {model.name} has no size to bring pictures to: leave it out"
        )
    if count < model.min_images:
        raise InvalidRequest(f"{model.name} needs a picture: pass image=")
    if model.max_images is not None and count > model.max_images:
        some = "picture" if model.max_images == 1 else "pictures"
        raise InvalidRequest(f"{model.name} takes {model.max_images} {some}, not {count}")
    return request


def _in_its_parameters(request: VideoRequest, model: Model) -> VideoRequest:
    """Put a size or an aspect ratio into the parameters that the model has for it."""
    said = {"size": request.size, "aspect_ratio": request.aspect_ratio}
    for field, value in tuple(said.items()):
        meaning = model.means.get(value or "")
        if meaning is None:
            continue
        if field not in meaning:
            said[field] = None
        for other, word in meaning.items():
            given = None if other == field else said[other]
            if given not in (None, word, str(value).replace(":", "x")):
                raise InvalidRequest(
                    f"{other} {given!r} contradicts {field} {value!r}, which is {word!r} for "
                    f"{model.name}: give one of the two"
                )
            said[other] = given or word
    return attrs.evolve(request, size=said["size"], aspect_ratio=said["aspect_ratio"])


def _check_choices(request: VideoRequest, model: Model) -> None:
    """Refuse values that the model does not take, and then what is missing."""
    for field in PARAMETERS:
        value, allowed = getattr(request, field), model.values(field)
        if value is None or allowed is None:
            continue
        if not allowed:
            raise InvalidRequest(
                f"{field} is {value!r}, and {model.name} takes none in the {model.format} format: leave it out, "
                "or pass it with extra="
            )
        if value not in allowed:
            raise InvalidRequest(
                f"{field} is {value!r}, and {model.name} takes one of: {', '.join(allowed)}"
            )
    for field in model.required:
        if getattr(request, field) is None:
            allowed = model.values(field) or ()
            raise InvalidRequest(
                f"{field} is missing, and {model.name} needs one of: {', '.join(allowed)}"
            )
