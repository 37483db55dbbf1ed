"""Read requests within limits, and check creates against the documentation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import IO, Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from chainhub_sandbox.answers import Refusal, bad_field, new_request_id
from chainhub_sandbox.clips import Clip, ClipRenderer
from chainhub_sandbox.contract import Operation, RuleBroken
from chainhub_sandbox.faults import Injection
from chainhub_sandbox.ledger import PictureRecord, shortened
from chainhub_sandbox.models import ORIENTATIONS, find_model
from chainhub_sandbox.pictures import (
    Picture,
    PictureRefused,
    from_data_uri,
    is_data_uri,
    is_link,
    sha256_of,
)
from chainhub_sandbox.tasks import CreateRequest, Format, SentBytes

MAX_JSON_BYTES = 32 * 1024 * 1024
MAX_FORM_BYTES = 256 * 1024 * 1024
MAX_SECONDS = 60
"""Longest clip of a model whose lengths are not documented; the limit is the sandbox's own."""

ValidCreate = tuple[CreateRequest, Clip, list[Picture | str]]
"""A create, the clip it asks for, and what to show in it."""

_MAX_TEXT_FIELD_BYTES = 8 * 1024 * 1024
_MAX_PARTS = 100


class LimitedBody:
    """A request's body, counted while it arrives.

    Attributes:
        limit: bytes beyond which it is refused; None for no limit.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self._finished = False
        self.limit: int | None = None

    async def __call__(self) -> Message:
        """Return the next message from the server."""
        message = await self._receive()
        self._finished = message["type"] != "http.request" or not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        if self.limit is not None and self._received > self.limit:
            raise Refusal(
                413,
                f"the request body is larger than {self.limit:,} bytes",
                code="request_too_large",
            )
        return message

    async def drain(self) -> None:
        """Read and forget what is left: a client that still sends may see a reset and no answer."""
        self.limit = None
        while not self._finished:
            await self()


@dataclass(slots=True)
class Exchange:
    """One request while it is handled.

    Attributes:
        step: `create`, `query`, `content` or `other`.
        request: the request.
        injection: the fault that hits it.
        format: the wire format.
        request_id: sent with the answer; empty for none.
        body: the parsed body.
        files: the open file parts by field name.
        pictures: what the ledger remembers of pictures.
        task_id: of the task that was created.
        fingerprint: of a create that was read whole.
        sent: counts the sent bytes of a video; None if the answer is none.
    """

    step: str
    request: Request
    injection: Injection
    format: Format = "openai"
    request_id: str = field(default_factory=new_request_id)
    body: Any = None
    files: dict[str, UploadFile] = field(default_factory=dict[str, UploadFile])
    pictures: list[PictureRecord] = field(default_factory=list[PictureRecord])
    task_id: str = ""
    fingerprint: str = ""
    sent: SentBytes | None = None
    _incoming: LimitedBody = field(init=False)
    _form: FormData | None = None

    def __post_init__(self) -> None:
        self._incoming = LimitedBody(self.request.receive)
        self.request = Request(self.request.scope, self._incoming)

    async def close(self) -> None:
        """Close the files, and read what is left of the body."""
        if self._form is not None:
            await self._form.close()
        await self._incoming.drain()

    async def read(self, operation: Operation, renderer: ClipRenderer) -> None:
        """Read the body, and check the whole request against the document.

        Raises:
            Refusal: it is too large, cannot be parsed, or breaks a rule.
        """
        request = self.request
        try:
            operation.check_parameters(request.path_params, request.query_params.multi_items())
            if operation.media_type is not None:
                operation.check_body(await self._read_body(operation, renderer))
        except RuleBroken as broken:
            raise Refusal(400, str(broken), code="invalid_request", param=broken.field) from None

    async def _read_body(self, operation: Operation, renderer: ClipRenderer) -> Any:
        """Return the body for the schema, each file as empty bytes."""
        expected = operation.media_type
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != expected:
            raise bad_field("Content-Type", f"{media_type or 'none'!r} instead of {expected!r}")
        if expected == "multipart/form-data":
            self._incoming.limit = MAX_FORM_BYTES
            return await self._read_form(operation, renderer)
        self._incoming.limit = MAX_JSON_BYTES
        self.body = await renderer.in_thread(_parse_json, await self.request.body())
        return self.body

    async def _read_form(self, operation: Operation, renderer: ClipRenderer) -> dict[str, Any]:
        try:
            self._form = await self.request.form(
                max_files=_MAX_PARTS, max_fields=_MAX_PARTS, max_part_size=_MAX_TEXT_FIELD_BYTES
            )
        except HTTPException as error:
            message = f"the multipart body cannot be read: {error.detail}"
            raise Refusal(400, message, code="invalid_request") from None
        instance: dict[str, Any] = {}
        self.body = {}
        for name, value in self._form.multi_items():
            if name in instance and name in operation.fields:
                raise bad_field(name, "the field is given more than once")
            if isinstance(value, UploadFile):
                self.files[name] = value
                digest = await renderer.in_thread(sha256_of, value.file)
                size, filename, kind = (
                    value.size or 0,
                    value.filename or "",
                    value.content_type or "",
                )
                self.pictures.append(PictureRecord(name, digest, size, filename, kind))
                instance[name] = b""
            else:
                texts = [each for each in self._form.getlist(name) if isinstance(each, str)]
                self.body[name] = instance[name] = value if len(texts) == 1 else texts
            if name in operation.fields and (name in self.files) != (name in operation.file_fields):
                wanted = "a file" if name in operation.file_fields else "text"
                raise bad_field(name, f"the field must be {wanted}")
        return instance


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _parse_json(body: bytes) -> Any:
    try:
        parsed = json.loads(body, parse_constant=_no_constant)
        # JSON can hold a lone surrogate, which is no text.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}", code="invalid_request") from None
    return parsed


async def openai_create(exchange: Exchange, renderer: ClipRenderer) -> ValidCreate:
    """Check a form that fits its schema, and decode its picture; return what to render.

    Raises:
        Refusal: something is not as the documentation says.
    """
    model = find_model("openai", exchange.body)
    form = {**model.defaults, **exchange.body}
    prompt, seconds, size = (form[name] for name in ("prompt", "seconds", "size"))
    frame = model.frame(form)
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 4):
        raise bad_field("seconds", f"{seconds[:80]!r} is not a whole number of seconds")
    if not 1 <= int(seconds) <= MAX_SECONDS:
        raise bad_field("seconds", f"{seconds} is not between 1 and {MAX_SECONDS}")
    if form.get("watermark", "false") not in ("true", "false"):
        raise bad_field("watermark", "the text must be 'true' or 'false'")
    clip = renderer.clip(frame, int(seconds), form["model"], prompt)
    name = "input_reference"
    sources: list[Picture | str] = []
    images: tuple[str, ...] = ()
    if (upload := exchange.files.get(name)) is not None:
        (record,) = (each for each in exchange.pictures if each.field == name)
        sources = [await _decode(name, upload.file, record.sha256, clip, renderer)]
        images = (upload.filename or "",)
    request = CreateRequest("openai", form["model"], prompt, size, seconds=seconds, images=images)
    return request, clip, sources


async def unified_create(exchange: Exchange, renderer: ClipRenderer) -> ValidCreate:
    """Check a document that fits its schema, and decode the pictures in it; return what to render.

    Raises:
        Refusal: something is not as the documentation says.
    """
    model = find_model("unified", exchange.body)
    body = {**model.defaults, **exchange.body}
    name, prompt, size = body["model"], body["prompt"], body.get("size", "")
    seconds = body["duration"] if "duration" in model.fields else model.seconds
    clip = renderer.clip(model.frame(body), seconds, name, prompt)
    sources: list[Picture | str] = []
    for index, reference in enumerate(body["images"]):
        place = f"images[{index}]"
        if is_data_uri(reference):
            sources.append(await _decode_data_uri(place, reference, clip, exchange, renderer))
        elif is_link(reference):
            sources.append(reference)
            exchange.pictures.append(PictureRecord(field=place, name=reference))
        else:
            raise bad_field(place, "neither an http(s) link nor a data URI")
    # Answers tell of a data URI, they do not send it back.
    images = tuple(shortened(reference) for reference in body["images"])
    ratio = body.get("aspect_ratio") or ORIENTATIONS[body.get("orientation", "landscape")]
    request = CreateRequest("unified", name, prompt, size, ratio=ratio, images=images)
    return request, clip, sources


async def _decode_data_uri(
    name: str, uri: str, clip: Clip, exchange: Exchange, renderer: ClipRenderer
) -> Picture:
    try:
        file = await renderer.in_thread(from_data_uri, uri)
    except PictureRefused as refused:
        raise bad_field(name, str(refused)) from None
    digest = await renderer.in_thread(sha256_of, file)
    picture = await _decode(name, file, digest, clip, renderer)
    size, kind = file.seek(0, 2), uri[5:].partition(",")[0].partition(";")[0]
    exchange.pictures.append(PictureRecord(name, digest, size, media_type=kind))
    return picture


async def _decode(
    name: str, file: IO[bytes], digest: str, clip: Clip, renderer: ClipRenderer
) -> Picture:
    try:
        return await renderer.decode(file, digest, clip)
    except PictureRefused as refused:
        raise bad_field(name, str(refused)) from None
