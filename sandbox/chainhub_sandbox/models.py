"""The models of both creates: the fields they take, the shapes of their clips, and the ids of their tasks."""

from __future__ import annotations

import re
import secrets
import string
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chainhub_sandbox.answers import Refusal, bad_field
from chainhub_sandbox.contract import Schema
from chainhub_sandbox.tasks import Format

Fields = Mapping[str, Any]
Frame = tuple[int, int]

ORIENTATIONS = {"portrait": "9:16", "landscape": "16:9"}

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_TIMESTAMPS = re.compile(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of a create.

    Attributes:
        id_form: of its tasks, where `{uuid}`, `{ulid}`, `{seconds}`, `{code}` and `{model}` are filled in.
        frame: returns the clip's width and height for the request's fields.
        seconds: how long the clip is where no field says so.
        fields: the schema of each field besides `model` and `prompt`; empty for a model of the document.
        defaults: the values of fields that may be missing.
    """

    id_form: str
    frame: Callable[[Fields], Frame]
    seconds: int = 0
    fields: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    defaults: Fields = field(default_factory=dict[str, Any])


def _words(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _by_size(frames: Mapping[str, Frame], fields: Fields) -> Frame:
    frame: Frame = one_of("size", fields["size"], frames)
    return frame


def _grok_frame(fields: Fields) -> Frame:
    across, down = one_of("aspect_ratio", fields["aspect_ratio"], _GROK_RATIOS)
    unit = one_of("size", fields["size"], _GROK_SIZES) // min(across, down)
    return across * unit, down * unit


def _sora_frame(fields: Fields) -> Frame:
    return _wide_or_tall(ORIENTATIONS[fields["orientation"]], fields["size"] == "large")


def _veo_frame(fields: Fields) -> Frame:
    return _wide_or_tall(fields.get("aspect_ratio", "16:9"), fields["enable_upsample"])


def _wide_or_tall(ratio: str, large: bool) -> Frame:
    long, short = (1920, 1080) if large else (1280, 720)
    return (long, short) if ratio == "16:9" else (short, long)


_VEO_FRAMES = {
    "1280x720": (1280, 720),
    "720x1280": (720, 1280),
    "16x9": (1280, 720),
    "9x16": (720, 1280),
}
_SORA_FRAMES = {
    "720x1280": (720, 1280),
    "1280x720": (1280, 720),
    "1024x1792": (1024, 1792),
    "1792x1024": (1792, 1024),
}
_GROK_RATIOS = {"3:2": (3, 2), "2:3": (2, 3), "1:1": (1, 1)}
_GROK_SIZES = {"720P": 720, "1080P": 1080}

_TEXT: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_BOOLEAN_TEXT = _words("true", "false")
_PICTURES: Schema = {"type": "array", "items": _TEXT}
_CHARACTER = {"character_url": _TEXT, "character_timestamps": _TEXT}

_SORA_FORM: Mapping[str, Schema] = {
    "seconds": _words("4", "8", "12", "10", "15", "25"),
    "size": _words(*_SORA_FRAMES),
    "input_reference": {"type": "string", "format": "binary"},
    "watermark": _BOOLEAN_TEXT,
    "private": _BOOLEAN_TEXT,
    "style": _words("thanksgiving", "comic", "news", "selfie", "nostalgic", "anime"),
    **_CHARACTER,
    "character_from_task": _TEXT,
    "character_create": _BOOLEAN_TEXT,
    "metadata": _TEXT,
}


def _sora(id_form: str, size: str, *durations: int) -> Model:
    return Model(
        id_form=id_form,
        frame=_sora_frame,
        fields={
            "images": _PICTURES,
            "orientation": _words(*ORIENTATIONS),
            "size": _words(size),
            "duration": {"type": "integer", "enum": list(durations)},
            "watermark": _BOOLEAN,
            "private": _BOOLEAN,
            **_CHARACTER,
        },
        defaults={
            "images": [],
            "orientation": "portrait",
            "size": size,
            "duration": durations[0],
        },
    )


def _veo(name: str) -> Model:
    limit = {"veo2-fast-frames": 2, "veo3-pro-frames": 1}.get(name)
    ratio = {} if name.startswith("veo2") else {"aspect_ratio": _words("16:9", "9:16")}
    return Model(
        id_form="{model}:{seconds}-{code}",
        frame=_veo_frame,
        seconds=8,
        fields={
            "images": _PICTURES if limit is None else {**_PICTURES, "maxItems": limit},
            "enhance_prompt": _BOOLEAN,
            "enable_upsample": _BOOLEAN,
            **ratio,
        },
        defaults={"images": [], "enable_upsample": False},
    )


_VEO_FORM = Model(id_form="video_{uuid}", frame=partial(_by_size, _VEO_FRAMES))
_VEO_UNIFIED = (
    *("veo2", "veo2-fast", "veo2-fast-frames", "veo2-fast-components", "veo2-pro"),
    *("veo2-pro-components", "veo3", "veo3-fast", "veo3-fast-frames", "veo3-frames"),
    *("veo3-pro", "veo3-pro-frames", "veo3.1", "veo3.1-fast", "veo3.1-pro"),
)

MODELS: Mapping[Format, Mapping[str, Model]] = {
    "openai": {
        "veo_3_1": _VEO_FORM,
        "veo_3_1-fast": _VEO_FORM,
        **{
            name: Model(
                id_form=id_form,
                frame=partial(_by_size, _SORA_FRAMES),
                fields=_SORA_FORM,
                defaults={"seconds": "4", "size": "720x1280"},
            )
            for name, id_form in (("sora-2", "{model}:task_{ulid}"), ("sora-2-pro", "{uuid}"))
        },
    },
    "unified": {
        "grok-video-3": Model(id_form="grok:{uuid}", frame=_grok_frame, seconds=6),
        "sora-2": _sora("{model}:task_{ulid}", "small", 10),
        "sora-2-pro": _sora("{uuid}", "large", 15, 25),
        **{name: _veo(name) for name in _VEO_UNIFIED},
    },
}


def schemas(wire_format: Format) -> dict[str, Schema]:
    """Return the schemas of a create's bodies by model, for the models that the document does not know."""
    return {
        name: {
            "type": "object",
            "properties": {"model": _TEXT, "prompt": _TEXT, **model.fields},
            "required": ["model", "prompt"],
        }
        for name, model in MODELS[wire_format].items()
        if model.fields
    }


def find_model(wire_format: Format, fields: Fields) -> Model:
    """Return the model that the valid fields of a create name.

    Raises:
        Refusal: the format has no such model, the prompt is blank, or a field is another model's.
    """
    known, name = MODELS[wire_format], fields["model"]
    if name not in known:
        message = f"no available channel for model {name[:80]!r}; known here: {', '.join(known)}"
        raise Refusal(503, message, code="model_not_found", param="model")
    if not fields["prompt"].strip():
        raise bad_field("prompt", "the prompt is blank")
    model = known[name]
    if model.fields:
        _check_fields(name, model, fields, known)
    return model


def _check_fields(name: str, model: Model, fields: Fields, known: Mapping[str, Model]) -> None:
    """Refuse what a further model of the create takes and this one does not: production would ignore it."""
    elsewhere = {each for other in known.values() for each in other.fields}
    for misplaced in sorted(fields.keys() & elsewhere - model.fields.keys()):
        raise bad_field(misplaced, f"{name} has no such field; it has {', '.join(model.fields)}")
    span = fields.get("character_timestamps")
    if span is not None:
        found = _TIMESTAMPS.fullmatch(span)
        if not found or not 1 <= float(found[2]) - float(found[1]) <= 3:
            wanted = "start and end in seconds, 1 to 3 apart, as in 1,3"
            raise bad_field("character_timestamps", f"{span[:80]!r} must be {wanted}")


def one_of(name: str, value: str, known: Mapping[str, Any]) -> Any:
    """Return what a field's value stands for.

    Raises:
        Refusal: it stands for nothing.
    """
    if value not in known:
        raise bad_field(name, f"{value[:80]!r} is not one of {', '.join(known)}")
    return known[value]


def new_id(wire_format: Format, model: str) -> str:
    """Return an id for a new task of a model, in the form that its tasks have."""
    now = time.time()
    bits = int(now * 1000) << 80 | secrets.randbits(80)
    letters = string.ascii_letters + string.digits
    return MODELS[wire_format][model].id_form.format(
        model=model,
        uuid=uuid.uuid4(),
        ulid="".join(_CROCKFORD[bits >> shift & 31] for shift in range(125, -1, -5)),
        seconds=int(now),
        code="".join(secrets.choice(letters) for _ in range(10)),
    )
