"""Read requests within limits, and check them against the document and the documentation."""

from __future__ import annotations

import json
import random
import string
import time
from dataclasses import dataclass, field
from typing import IO, Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from chainhub_sandbox.answers import Refusal, bad_field
from chainhub_sandbox.clips import Clip, Order, Studio
from chainhub_sandbox.contract import Operation, RuleBroken
from chainhub_sandbox.faults import Strike
from chainhub_sandbox.ledger import PictureRecord, shortened
from chainhub_sandbox.pictures import (
    Picture,
    PictureRefused,
    from_data_uri,
    is_data_uri,
    is_link,
    sha256_of,
)
from chainhub_sandbox.tasks import Delivered

MAX_JSON_BYTES = 32 * 1024 * 1024
"""Largest JSON body; more is answered with 413."""

MAX_FORM_BYTES = 256 * 1024 * 1024
"""Largest multipart body; more is answered with 413."""

_MAX_TEXT_FIELD_BYTES = 8 * 1024 * 1024
_MAX_PARTS = 100
_ALPHABET = string.ascii_letters + string.digits


class TooLarge(Exception):
    """The body is larger than its limit."""


class LimitedBody:
    """The request's body as it comes in, counted.

    Whatever is decided, the rest of the body is read before the answer is sent: a client that
    is still sending may otherwise see a reset instead of the answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self._finished = False
        self.limit: int | None = None

    async def __call__(self) -> Message:
        """The next message from the server; raises `TooLarge` beyond the limit."""
        message = await self._receive()
        self._finished = message["type"] != "http.request" or not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        if self.limit is not None and self._received > self.limit:
            raise TooLarge
        return message

    async def drain(self) -> None:
        """Reads and forgets what is left."""
        self.limit = None
        while not self._finished:
            await self()


def new_request_id() -> str:
    """A time followed by random letters, as the gateway's family writes them."""
    tail = "".join(random.choices(_ALPHABET, k=14))
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}{tail}"


@dataclass(slots=True)
class Exchange:
    """One request on its way through the stages.

    Attributes:
        step: `create`, `query`, `content` or `other`.
        request: the request; its body comes through `body`.
        incoming: the counted body.
        request_id: told in the answer.
        body: the parsed body, as it is recorded.
        files: the open file parts by field name.
        pictures: what the ledger remembers of pictures.
        task_id: of the task that was created.
        fingerprint: of a create that was read whole.
        strike: the fault that hits it.
        delivered: notes which bytes of a video have been sent; None where none is.
    """

    step: str
    request: Request
    incoming: LimitedBody
    request_id: str = field(default_factory=new_request_id)
    body: Any = None
    files: dict[str, UploadFile] = field(default_factory=dict[str, UploadFile])
    pictures: list[PictureRecord] = field(default_factory=list[PictureRecord])
    task_id: str = ""
    fingerprint: str = ""
    strike: Strike | None = None
    delivered: Delivered | None = None
    _form: FormData | None = None

    @classmethod
    def begin(cls, step: str, request: Request, strike: Strike | None = None) -> Exchange:
        """Takes a request over from the server."""
        incoming = LimitedBody(request.receive)
        return cls(step, Request(request.scope, incoming), incoming, strike=strike)

    async def finish(self) -> None:
        """Reads what is left of the body and closes the files."""
        if self._form is not None:
            await self._form.close()
        await self.incoming.drain()

    async def read(self, operation: Operation, studio: Studio) -> None:
        """Reads the body and checks the whole request against the document.

        Raises:
            Refusal: it is too large, cannot be parsed, or breaks a rule.
        """
        try:
            operation.check_parameters(
                self.request.path_params, self.request.query_params.multi_items()
            )
            if operation.media_type is not None:
                await self._read_body(operation, operation.media_type, studio)
        except RuleBroken as broken:
            raise Refusal(400, str(broken), code="invalid_request", param=broken.field) from None

    async def _read_body(self, operation: Operation, expected: str, studio: Studio) -> None:
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != expected:
            raise bad_field("Content-Type", f"{media_type or 'none'!r} instead of {expected!r}")
        is_form = expected == "multipart/form-data"
        self.incoming.limit = MAX_FORM_BYTES if is_form else MAX_JSON_BYTES
        try:
            if is_form:
                operation.check_body(await self._read_form(operation, studio))
            else:
                self.body = await studio.aside(_parsed_json, await self.request.body())
                operation.check_body(self.body)
        except TooLarge:
            raise Refusal(
                413,
                f"the request body is larger than {self.incoming.limit:,} bytes",
                code="request_too_large",
            ) from None

    async def _read_form(self, operation: Operation, studio: Studio) -> dict[str, Any]:
        """The form as an object for the schema, each file as empty bytes."""
        try:
            self._form = await self.request.form(
                max_files=_MAX_PARTS, max_fields=_MAX_PARTS, max_part_size=_MAX_TEXT_FIELD_BYTES
            )
        except HTTPException as error:
            raise Refusal(
                400, f"the multipart body cannot be read: {error.detail}", code="invalid_request"
            ) from None
        instance: dict[str, Any] = {}
        self.body = {}
        for name, value in self._form.multi_items():
            if name in instance and name in operation.fields:
                raise bad_field(name, "the field is given more than once")
            if isinstance(value, UploadFile):
                await self._take_file(name, value, studio)
                instance[name] = b""
            else:
                self.body[name] = instance[name] = _another(self.body.get(name), value)
            if name in operation.fields and (name in self.files) != (name in operation.file_fields):
                wanted = "a file" if name in operation.file_fields else "text"
                raise bad_field(name, f"the field must be {wanted}")
        return instance

    async def _take_file(self, name: str, upload: UploadFile, studio: Studio) -> None:
        self.files[name] = upload
        digest = await studio.aside(sha256_of, upload.file)
        self.pictures.append(
            PictureRecord(
                field=name,
                sha256=digest,
                size=upload.size or 0,
                name=upload.filename or "",
                media_type=upload.content_type or "",
            )
        )


def _another(given: str | list[str] | None, value: str) -> str | list[str]:
    """A form's field with one more value: a list is how a form gives a field that the document does not know."""
    if given is None:
        return value
    return [*given, value] if isinstance(given, list) else [given, value]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _parsed_json(body: bytes) -> Any:
    try:
        parsed = json.loads(body, parse_constant=_no_constant)
        # A lone surrogate can be written in JSON but is no text.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}", code="invalid_request") from None
    return parsed


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
