"""The second stage: what the documentation says in prose, and the clip a create asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

from chainhub_sandbox.answers import Refusal, bad_field
from chainhub_sandbox.intake import Exchange
from chainhub_sandbox.ledger import PictureRecord, shortened
from chainhub_sandbox.pictures import (
    Picture,
    PictureRefused,
    from_data_uri,
    is_data_uri,
    is_link,
    sha256_of,
)
from chainhub_sandbox.rendering import Clip
from chainhub_sandbox.studio import Order, Studio

OPENAI_MODELS = ("veo_3_1", "veo_3_1-fast")
UNIFIED_MODELS = ("grok-video-3",)
OPENAI_FRAMES = {
    "1280x720": (1280, 720),
    "720x1280": (720, 1280),
    "16x9": (1280, 720),
    "9x16": (720, 1280),
}
UNIFIED_RATIOS = {"3:2": (3, 2), "2:3": (2, 3), "1:1": (1, 1)}
UNIFIED_SIZES = {"720P": 720, "1080P": 1080}
UNIFIED_SECONDS = 6
"""Length of a clip in the unified format, which has no field for it."""

MAX_SECONDS = 60
"""Longest clip in the OpenAI format; the limit is the sandbox's own."""

_FPS = 24
_FAST_FPS = 4
_FAST_DIVISOR = 4


def _clip(frame: tuple[int, int], seconds: int, model: str, prompt: str, *, fast: bool) -> Clip:
    width, height = frame
    if fast:
        width, height = (round(side / _FAST_DIVISOR / 2) * 2 for side in frame)
    return Clip(width, height, seconds, _FAST_FPS if fast else _FPS, model, prompt)


def _one_of(name: str, value: str, known: dict[str, Any]) -> Any:
    if value not in known:
        raise bad_field(name, f"{value[:80]!r} is not one of {', '.join(known)}")
    return known[value]


def _check_model(model: str, known: tuple[str, ...]) -> None:
    if model not in known:
        raise Refusal(
            503,
            f"no available channel for model {model[:80]!r}; known here: {', '.join(known)}",
            code="model_not_found",
            param="model",
        )


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise bad_field("prompt", "the prompt is blank")


async def _picture(name: str, file: IO[bytes], digest: str, clip: Clip, studio: Studio) -> Picture:
    try:
        return await studio.decode(file, digest, clip.width, clip.height)
    except PictureRefused as refused:
        raise bad_field(name, str(refused)) from None


@dataclass(frozen=True, slots=True)
class OpenAIRequest:
    """A create in the OpenAI format that is in order."""

    model: str
    prompt: str
    seconds: str
    size: str
    image_name: str
    order: Order

    @classmethod
    async def of(cls, exchange: Exchange, studio: Studio, *, fast: bool) -> OpenAIRequest:
        """Checks a form that fits its schema, and decodes its picture.

        Raises:
            Refusal: something is not as the documentation says.
        """
        form = exchange.body
        model, prompt, seconds, size = (form[k] for k in ("model", "prompt", "seconds", "size"))
        _check_model(model, OPENAI_MODELS)
        _check_prompt(prompt)
        frame = _one_of("size", size, OPENAI_FRAMES)
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 4):
            raise bad_field("seconds", f"{seconds[:80]!r} is not a whole number of seconds")
        if not 1 <= int(seconds) <= MAX_SECONDS:
            raise bad_field("seconds", f"{seconds} is not between 1 and {MAX_SECONDS}")
        if form.get("watermark", "false") not in ("true", "false"):
            raise bad_field("watermark", "the text must be 'true' or 'false'")
        clip = _clip(frame, int(seconds), model, prompt, fast=fast)
        upload = exchange.files["input_reference"]
        (record,) = (one for one in exchange.pictures if one.field == "input_reference")
        picture = await _picture("input_reference", upload.file, record.sha256, clip, studio)
        name = upload.filename or ""
        return cls(model, prompt, seconds, size, name, Order(clip, (picture,)))

    def told(self) -> dict[str, Any]:
        """What the task keeps of it."""
        return {
            "model": self.model,
            "prompt": self.prompt,
            "seconds": self.seconds,
            "size": self.size,
            "images": (self.image_name,),
        }


@dataclass(frozen=True, slots=True)
class UnifiedRequest:
    """A create in the unified format that is in order."""

    model: str
    prompt: str
    size: str
    ratio: str
    images: tuple[str, ...]
    order: Order

    @classmethod
    async def of(cls, exchange: Exchange, studio: Studio, *, fast: bool) -> UnifiedRequest:
        """Checks a document that fits its schema, and decodes the pictures it carries.

        Raises:
            Refusal: something is not as the documentation says.
        """
        body = exchange.body
        model, prompt, size = body["model"], body["prompt"], body["size"]
        _check_model(model, UNIFIED_MODELS)
        _check_prompt(prompt)
        ratio = body["aspect_ratio"]
        across, down = _one_of("aspect_ratio", ratio, UNIFIED_RATIOS)
        short = _one_of("size", size, UNIFIED_SIZES)
        unit = short // min(across, down)
        clip = _clip((across * unit, down * unit), UNIFIED_SECONDS, model, prompt, fast=fast)
        references: list[str] = list(body["images"])
        sources: list[Picture | str] = []
        for index, reference in enumerate(references):
            name = f"images[{index}]"
            if is_data_uri(reference):
                sources.append(await cls._carried(name, reference, clip, exchange, studio))
                # Answers tell of it, they do not send it back.
                references[index] = shortened(reference)
            elif is_link(reference):
                sources.append(reference)
                exchange.pictures.append(PictureRecord(field=name, name=reference))
            else:
                raise bad_field(name, "neither an http(s) link nor a data URI")
        order = Order(clip, tuple(sources) or ("",))
        return cls(model, prompt, size, ratio, tuple(references), order)

    @staticmethod
    async def _carried(
        name: str, reference: str, clip: Clip, exchange: Exchange, studio: Studio
    ) -> Picture:
        try:
            file = await studio.aside(from_data_uri, reference)
        except PictureRefused as refused:
            raise bad_field(name, str(refused)) from None
        digest = await studio.aside(sha256_of, file)
        picture = await _picture(name, file, digest, clip, studio)
        size = file.seek(0, 2)
        media_type = reference[5:].partition(",")[0].partition(";")[0]
        exchange.pictures.append(
            PictureRecord(field=name, sha256=picture.digest, size=size, media_type=media_type)
        )
        return picture

    def told(self) -> dict[str, Any]:
        """What the task keeps of it."""
        return {
            "model": self.model,
            "prompt": self.prompt,
            "size": self.size,
            "ratio": self.ratio,
            "images": self.images,
        }
