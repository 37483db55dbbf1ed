"""Send the page's creates to the gateway, as any client would."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.datastructures import UploadFile

from chainhub_sandbox.clips import ClipRenderer
from chainhub_sandbox.drawing import placeholder
from chainhub_sandbox.models import MODELS
from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.parts import Draft
from chainhub_sandbox.pictures import MEDIA_TYPES, PictureRefused, media_type

_SECONDS = 10.0
"""How long an answer to a create is waited for."""

_PIXELS = {"wide": (1280, 720), "tall": (720, 1280), "square": (720, 720)}
_RATIOS = {"wide": "16:9", "tall": "9:16", "square": "1:1"}
_GROK_RATIOS = {"wide": "3:2", "tall": "2:3", "square": "1:1"}
_ORIENTATIONS = {"wide": "landscape", "tall": "portrait"}
_LONGEST_MESSAGE = 500
_DIGITS = 20  # enough to tell uploads apart, and short enough to be read
_DIGEST = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")


class NotCreated(Exception):
    """There is no answer that tells of a task; the message says what came instead."""


@dataclass(frozen=True, slots=True)
class Creator:
    """Creates tasks for the page.

    Attributes:
        url: of the gateway.
        api_key: that it lets in.
        renderer: has the folder that uploads are kept in.
    """

    url: str
    api_key: str
    renderer: ClipRenderer

    async def create(self, draft: Draft, upload: UploadFile | None) -> str:
        """Create a task.

        Args:
            draft: what the form says.
            upload: a picture; None, or one without a name, for none.

        Returns:
            The id of the request.

        Raises:
            NotCreated: there is no good answer.
        """
        wire_format, _, model = draft.model.partition(" ")
        picture: tuple[str, bytes] | None = None
        if upload is not None and upload.filename:
            picture = upload.filename, await upload.read()
        if wire_format == "openai":
            if picture is None and model.startswith("veo"):
                picture = "example.png", await self.renderer.in_thread(_example, draft)
            return await self._post("/v1/videos", **_form(model, draft, picture))
        links = [draft.link] if draft.link else []
        if picture is not None:
            links = [await self.renderer.in_thread(self._keep, picture[1])]
        return await self._post("/v1/video/create", json=_document(model, draft, links))

    def upload(self, name: str) -> tuple[Path, str] | None:
        """Return a picture that was uploaded, and its type; None if there is none of that name."""
        digest, _, ending = name.partition(".")
        kind = next((each for each in MEDIA_TYPES if each == f"image/{ending}"), None)
        if kind is None or not _DIGEST.fullmatch(digest):
            return None
        return self.renderer.folder / f"{digest}.upload", kind

    def _keep(self, content: bytes) -> str:
        """Keep a picture, and return the link to it."""
        try:
            kind = media_type(io.BytesIO(content))
        except PictureRefused as refused:
            raise NotCreated(f"Not created, nothing was sent: {refused}.") from None
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        (self.renderer.folder / f"{digest}.upload").write_bytes(content)
        return f"{self.url}{PAGE}/uploads/{digest}.{kind.partition('/')[2]}"

    async def _post(self, path: str, **content: Any) -> str:
        headers = {"Authorization": f"Bearer {self.api_key}", "User-Agent": "chainhub-sandbox-page"}
        # Plain HTTP to itself: without `verify` it would read all certificates of the system first.
        client = httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=_SECONDS, trust_env=False, verify=False
        )
        async with client:
            try:
                answer = await client.post(path, **content)
            except httpx.HTTPError as error:
                raise NotCreated(
                    f"No answer came ({type(error).__name__}). The create may have been carried out and paid: "
                    "in production nobody could tell. Here, the counter and the list below can."
                ) from None
        if answer.status_code != httpx.codes.OK:
            raise NotCreated(
                f"Not created. The gateway answered {answer.status_code}: {_message_of(answer)}"
            )
        return str(answer.headers.get("x-oneapi-request-id", ""))


def _message_of(answer: httpx.Response) -> str:
    try:
        error = answer.json()["error"]
        return str(error["message"])[:_LONGEST_MESSAGE]
    except (ValueError, LookupError, TypeError):
        return answer.text[:_LONGEST_MESSAGE] or "nothing"


def _example(draft: Draft) -> bytes:
    """Return a picture that shows the prompt."""
    file = io.BytesIO()
    placeholder(*_PIXELS.get(draft.shape, _PIXELS["wide"]), draft.prompt).save(file, "PNG")
    return file.getvalue()


def _form(model: str, draft: Draft, picture: tuple[str, bytes] | None) -> dict[str, Any]:
    """Return the parts of a form, as httpx takes them."""
    across, down = _PIXELS.get(draft.shape, (0, 0))
    fields = {
        "model": model,
        "prompt": draft.prompt,
        "seconds": draft.seconds.strip(),
        "size": f"{across}x{down}",
    }
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
    if picture is not None:
        parts.append(("input_reference", picture))
    return {"files": parts}


def _document(model: str, draft: Draft, links: list[str]) -> dict[str, Any]:
    """Return a document of the unified format, in the fields that the model has."""
    known = MODELS["unified"].get(model)
    document: dict[str, Any] = {"model": model, "prompt": draft.prompt, "images": links}
    if known is None or not known.fields:  # a model of the document
        return document | {"aspect_ratio": _GROK_RATIOS.get(draft.shape, ""), "size": "720P"}
    if "orientation" in known.fields:
        own = {name: known.defaults[name] for name in ("size", "duration")}
        return document | own | {"orientation": _ORIENTATIONS.get(draft.shape, draft.shape)}
    if "aspect_ratio" in known.fields:
        return document | {"aspect_ratio": _RATIOS.get(draft.shape, "")}
    return document
