"""Cassettes as plain vcrpy writes them, from requests and answers that a test makes up."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from cassettes import multipart
from cassettes.multipart import Part
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

GATEWAY = "https://api.chainhub.tech"
UNIFIED = {
    "model": "grok-video-3",
    "prompt": "A kitten",
    "aspect_ratio": "3:2",
    "size": "720P",
    "images": [],
}
FORM = {"model": "veo_3_1", "prompt": "Grüße ♥", "seconds": "8", "size": "1280x720"}
PICTURE = b"\x89PNG\r\n\x1a\n--not-the-boundary\r\n\xff\x00"
Said = tuple[Request, dict[str, Any]]


def said(
    method: str,
    url: str,
    sent: Any = None,
    answer: Any = None,
    *,
    status: int = 200,
    kind: str = "application/json",
    sent_kind: str = "application/json",
    zipped: bool = False,
    headers: dict[str, str] | None = None,
) -> Said:
    """One interaction.

    Args:
        method: in capitals.
        url: whole, or a path at the gateway.
        sent: bytes, or what is sent as JSON.
        answer: bytes, or what is answered as JSON.
        status: of the answer.
        kind: the answer's media type.
        sent_kind: the request's.
        zipped: whether the answer is recorded as it came, compressed.
        headers: further ones of the request.
    """
    body = _bytes(answer)
    told = {"Content-Type": [kind]} | ({"Content-Encoding": ["gzip"]} if zipped else {})
    request = Request(
        method,
        url if "://" in url else GATEWAY + url,
        _bytes(sent) if sent is not None else None,
        ({"Content-Type": sent_kind} if sent is not None else {}) | (headers or {}),
    )
    response = {
        "status": {"code": status, "message": "whatever"},
        "headers": told,
        "body": {"string": gzip.compress(body, mtime=0) if zipped else body},
    }
    return request, response


def form(
    fields: dict[str, str],
    files: dict[str, bytes] | None = None,
    boundary: str = "----=_Part_0=AbC",
) -> tuple[bytes, str]:
    """A form and its media type."""
    parts = [Part(name, None, "", text.encode()) for name, text in fields.items()]
    for name, content in ({"input_reference": PICTURE} if files is None else files).items():
        parts.append(Part(name, "kitten.png", "image/png", content))
    body = multipart.joined(parts).replace(multipart.BOUNDARY.encode(), boundary.encode())
    return body, f'multipart/form-data; boundary="{boundary}"'


def tape(path: Path, *interactions: Said) -> Path:
    """Write a cassette with vcrpy's own serializers, by the suffix of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    requests, responses = zip(*interactions, strict=True)
    serializer = jsonserializer if path.suffix == ".json" else yamlserializer
    path.write_text(serialize({"requests": requests, "responses": responses}, serializer))
    return path


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else json.dumps(value).encode()
