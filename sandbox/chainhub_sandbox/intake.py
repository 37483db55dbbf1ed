"""The first stage: reads a request whole, within limits, and takes it apart."""

from __future__ import annotations

import json
import random
import string
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from chainhub_sandbox.answers import Refusal, bad_field
from chainhub_sandbox.contract import Operation, RuleBroken
from chainhub_sandbox.delivery import Delivered
from chainhub_sandbox.ledger import PictureRecord
from chainhub_sandbox.pictures import sha256_of
from chainhub_sandbox.plan import Strike
from chainhub_sandbox.studio import Studio

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
