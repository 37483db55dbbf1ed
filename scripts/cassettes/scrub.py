"""Take out of a recording what belongs to somebody: keys, ids, links, times. What is left still replays."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from chainhub_video.downloads import mp4

from . import media, multipart
from .interactions import Answer, Interaction, Request, json_in, media_type
from .secrecy import EPOCH, PRIVATE_NAME, STAND_IN, Detector
from .stand_ins import StandIns

ISO_EPOCH = "2025-10-09T08:53:20Z"
HTTP_EPOCH = "Thu, 09 Oct 2025 08:53:20 GMT"
ETAG = '"stand-in"'

REQUEST_HEADERS = frozenset({"accept", "authorization", "content-type", "if-range", "range"})
ANSWER_HEADERS = frozenset({
    "accept-ranges", "content-length", "content-range", "content-type", "etag", "last-modified", "location",
    "openai-poll-after-ms", "retry-after", "server", "x-chainhub-sandbox", "x-oneapi-request-id",
})  # fmt: skip

_IDS = frozenset({"id", "task_id", "video_id", "taskid", "videoid"})
_REQUEST_IDS = frozenset({"request_id", "requestid", "x-oneapi-request-id", "x-request-id"})
_MESSAGE_ID = re.compile(r"(?<=request id: )[\w-]+")
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\d)")
_HTTP_DATE = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\b")
_DIGITS = re.compile(r"(?<![\w.-])\d{10,17}(?![\w.-])")
_DATA_URI = re.compile(r"data:([\w/+.-]*)(?:;[\w=-]+)*;base64,([A-Za-z0-9+/=_-]*)")
_YEARS = (1_000_000_000, 4_000_000_000)  # Unix seconds that can be a time of ours
_MOST = 10_000_000  # numbers from here on may name an account


class Unclean(ValueError):
    """Something that must not stay, and that nothing can stand in for; the text says why."""


class Scrubber:
    """Scrubs one recording.

    Args:
        base_url: what the client was given.
        shown: what stands in for it.
        secrets: keys that were used, and anything else that must not occur.
    """

    def __init__(self, base_url: str, shown: str, secrets: Collection[str]) -> None:
        self._detector = Detector(secrets)
        self._stand_ins = StandIns(base_url, shown, self._detector)

    def scrub(self, interactions: Sequence[Interaction]) -> list[Interaction]:
        """Return the interactions without what belongs to somebody.

        Raises:
            Unclean: something must not stay, and nothing can stand in for it.
        """
        for each in interactions:
            self._stand_ins.url(each.request.url)
        self._scrubbed(interactions)  # which learns all ids, since an answer may name a later one
        return self._scrubbed(interactions)

    def _scrubbed(self, interactions: Sequence[Interaction]) -> list[Interaction]:
        return [
            Interaction(self._request(each.request), self._answer(each.request, each.answer))
            for each in interactions
        ]

    def _request(self, request: Request) -> Request:
        headers = {
            name.lower(): self._request_header(name.lower(), value)
            for name, value in request.headers.items()
            if name.lower() in REQUEST_HEADERS
        }
        body = request.body
        if multipart.is_form(request):
            headers["content-type"] = multipart.CONTENT_TYPE
            body = multipart.joined(self._part(part) for part in multipart.parts_of(request))
        elif body:
            body = self._body(body, media_type(request.content_type))
        url = self._stand_ins.url(request.url)
        return Request(request.method, url, dict(sorted(headers.items())), body)

    def _request_header(self, name: str, value: str) -> str:
        if name == "authorization":
            return f"Bearer {STAND_IN}"
        return ETAG if name == "if-range" else self.text(value)

    def _part(self, part: multipart.Part) -> multipart.Part:
        if part.filename is None:
            content = self._value(part.name, part.content.decode("utf-8", "replace")).encode()
        else:
            content = part.content
            if content != media.PICTURE:  # any other may tell anything
                told = f"a file of {len(content):,} bytes that is not {media.PICTURE_FILE.name}"
                raise Unclean(told)
        return replace(
            part,
            name=self.text(part.name),
            filename=part.filename and self._filename(part.filename),
            media_type=self.text(part.media_type),
            content=content,
        )

    def _filename(self, name: str) -> str:
        told = self.text(name)
        return name if told == name and not self._detector.suspects(name) else f"{STAND_IN}.png"

    def _answer(self, request: Request, answer: Answer) -> Answer:
        body = answer.body
        if body[4:8] == b"ftyp":
            if answer.status != HTTPStatus.OK:
                raise Unclean(f"{request}: a part of a video (HTTP {answer.status})")
            try:
                mp4.check(io.BytesIO(body), len(body))
            except ValueError as error:
                raise Unclean(f"a video that is no whole MP4 ({error})") from error
            body = media.VIDEO
        elif body:
            body = self._body(body, media_type(answer.content_type))
        headers = {
            name.lower(): [self._answer_header(name.lower(), value, request) for value in values]
            for name, values in answer.headers.items()
            if name.lower() in ANSWER_HEADERS
        }
        if "content-length" in headers:
            headers["content-length"] = [str(len(body))]
        reason = self.text(answer.reason)
        return Answer(answer.status, reason, dict(sorted(headers.items())), body)

    def _answer_header(self, name: str, value: str, request: Request) -> str:
        if name == "x-oneapi-request-id":
            return self._stand_ins.note_request_id(value)
        if name == "etag":
            return ETAG
        if name == "location":
            return self._stand_ins.url(urljoin(request.url, value))
        return self.text(value)

    def _body(self, body: bytes, kind: str) -> bytes:
        is_json, told = json_in(body)
        if is_json:
            return json.dumps(self._value("", told), ensure_ascii=False, indent=2).encode()
        try:
            return self.text(body.decode("utf-8")).encode()
        except UnicodeDecodeError:
            told = f"a body of the type {kind or 'nothing'!r} that is no text"
            raise Unclean(told) from None

    def _value(self, name: str, value: Any) -> Any:
        """Return a JSON value, or a form's text, under a name."""
        if PRIVATE_NAME.match(name):
            return _nothing(value)
        if isinstance(value, dict):
            return {self.text(key): self._value(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(name, inner) for inner in value]
        if isinstance(value, str):
            if name.lower() in _IDS:
                return self._stand_ins.note_id(value)
            if name.lower() in _REQUEST_IDS and value:
                return self._stand_ins.note_request_id(value)
            return self.text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return number(value)
        return value

    def text(self, text: str) -> str:
        """Return a text with stand-ins for whatever must not stay in it."""
        if text == media.PICTURE_URI:
            return text
        if _DATA_URI.fullmatch(text):
            raise Unclean(f"a data URI that is not {media.PICTURE_FILE.name}")
        text = _MESSAGE_ID.sub(lambda found: self._stand_ins.note_request_id(found[0]), text)
        text = self._stand_ins.replaced(text)
        text = _ISO.sub(ISO_EPOCH, _HTTP_DATE.sub(HTTP_EPOCH, text))
        text = _DIGITS.sub(lambda found: str(number(int(found[0]))), text)
        return self._detector.covered(text)


def number(value: float) -> float:
    """Return a number, with stand-ins for times and for what may name an account."""
    if abs(value) < _MOST:
        return value
    for unit in (1, 1000, 1_000_000):
        if _YEARS[0] <= value / unit < _YEARS[1]:
            return EPOCH * unit
    return 0


def _nothing(value: Any) -> Any:
    """Return a value of the same kind that says nothing."""
    if isinstance(value, dict):
        return {STAND_IN: STAND_IN} if value else {}
    if isinstance(value, list):
        return [STAND_IN] if value else []
    if isinstance(value, str):
        return STAND_IN if value else ""
    return value if value is None or isinstance(value, bool) else 0
