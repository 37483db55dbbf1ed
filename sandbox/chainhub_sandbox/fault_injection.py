"""Inject faults: malformed answers, and resets, closes, hangs and cuts on the real connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainhub_sandbox.answers import Answer, Refusal, text_answer
from chainhub_sandbox.faults import Injection, Moment
from chainhub_sandbox.server import HEADERS, Connection, connection_of
from chainhub_sandbox.tasks import SentBytes, first_byte

_UNKNOWN_STATES = (
    "teleporting",
    "IN_PROGRESS",
    " Processing ",
    "not_start",
    "unknown",
    "",
    "video_upsampling_completed",
    "排队中",
)
_ODD_TIMES: tuple[Any, ...] = (
    0,
    -1,
    1762336916123,
    1762336916.5,
    10**30,
    "1762336916",
    "2026-11-21T10:00:00Z",
    "2026-11-21 10:00",
    "tomorrow",
    "",
    None,
    [],
)
_TIME_FIELDS = ("created_at", "completed_at", "status_update_time", "updated_at")
_VALUES: tuple[Any, ...] = (None, True, -7, 3.5, "text", [], ["x"], {}, {"message": 5})

_HTML = """<!DOCTYPE html>
<html><head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center><hr><center>sandbox-proxy</center></body></html>
"""


class NoAnswer(Exception):
    """A fault has ended the connection."""


async def no_answer(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Send nothing: the response to a request whose connection is gone."""


def malformed(injection: Injection, answer: Answer, request_id: str) -> Answer:
    """Return what a fault makes of an answer: another status, place, type or value.

    Args:
        injection: the fault; most kinds leave answers as they are.
        answer: the right answer.
        request_id: for the messages of errors.
    """
    match injection.kind:
        case "status":
            return _error(injection, answer, request_id)
        case "redirect" if answer.link:
            headers = {**answer.headers, "Location": answer.link}
            return text_answer("", injection["status"], headers)
        case "refer" if answer.link:
            content: Any = answer.link
            for name in reversed(injection["place"].split(".")):
                content = {name: content}
            return Answer(HTTPStatus.OK, content, headers=answer.headers)
    if answer.status != HTTPStatus.OK or not isinstance(answer.content, Mapping):
        return answer
    return replace(answer, content={**answer.content, **_changes(injection, answer.content)})


def _changes(injection: Injection, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a JSON answer that a fault changes."""
    rng = injection.rng
    match injection.kind:
        case "fields":
            return dict(injection["fields"])
        case "types":
            return {name: _of_another_type(value, rng) for name, value in content.items()}
        case "state":
            word = injection["word"]
            return {"status": rng.choice(_UNKNOWN_STATES) if word is None else word}
        case "clock":
            return {name: rng.choice(_ODD_TIMES) for name in _TIME_FIELDS}
        case _:
            return {}


def _of_another_type(value: Any, rng: random.Random) -> Any:
    return rng.choice([other for other in _VALUES if type(other) is not type(value)])


def _error(injection: Injection, answer: Answer, request_id: str) -> Answer:
    status, shape = injection["status"], injection["shape"]
    headers = dict(answer.headers)
    if injection["retry_after"] is not None:
        headers["Retry-After"] = injection["retry_after"]
    if shape == "html":
        page = _HTML.format(status=status, phrase=_phrase(status))
        return Answer(status, page, "text/html", headers)
    if shape == "empty":
        return text_answer("", status, headers)
    refusal = Refusal(status, injection["message"], injection["code"], shape=shape)
    return replace(refusal.answer(request_id), headers=headers)


def _phrase(status: int) -> str:
    """Return the reason phrase of a status; a proxy's word where there is none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


async def interrupt(
    injection: Injection, moment: Moment, scope: Scope, record: Callable[[], object]
) -> None:
    """Reset, close or hang the connection, if the fault does that at this moment.

    Args:
        injection: the fault.
        moment: this moment.
        scope: of the request.
        record: called if there will be no answer, before the client can know it.

    Raises:
        NoAnswer: the connection is gone.
    """
    connection = connection_of(scope)
    if connection is None or not injection.at(moment):
        return
    if injection.drops_answer:
        record()
        await _end(connection, injection.kind)
        raise NoAnswer
    if injection.kind == "hang":
        seconds = injection["seconds"]
        if seconds is None:
            record()  # first: while its bytes are not read, a client may leave unnoticed
        try:
            async with asyncio.timeout(seconds):
                await connection.until_lost()
        except TimeoutError:
            return
        if seconds is not None:
            record()
        raise NoAnswer


async def _end(connection: Connection, ending: str) -> None:
    if ending == "reset":
        connection.reset()
    else:
        connection.transport.close()
    # uvicorn must know it before the request ends, or it would send an answer of its own.
    await connection.lost.wait()


def injected(injection: Injection, response: ASGIApp, sent: SentBytes | None = None) -> ASGIApp:
    """Return a response that is sent the way the fault wants it.

    Args:
        injection: the fault.
        response: the right response.
        sent: counts the sent bytes of a video.
    """

    async def send_response(scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        if connection is None:
            await response(scope, receive, send)
            return
        if injection.kind in ("cut", "length"):
            await _send_raw(injection, connection, response, scope, receive, sent)
            return
        try:
            await interrupt(injection, "done", scope, lambda: None)
        except NoAnswer:
            return
        if injection.kind == "no_range":
            kept = [pair for pair in scope["headers"] if pair[0] not in (b"range", b"if-range")]
            scope = {**scope, "headers": kept}
        if sent is not None:
            send = _counting(connection, send, sent)
        if injection.kind == "drip":
            send = _dripping(send, injection["bytes"], injection["seconds"])
        await response(scope, receive, send)

    return send_response


def _counting(connection: Connection, send: Send, sent: SentBytes) -> Send:
    position, is_video = 0, False

    async def count(message: Message) -> None:
        nonlocal position, is_video
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            position, is_video = first_byte(message["status"], headers), _is_video(headers)
        elif is_video and not connection.lost.is_set():
            # Before they are sent: a client that has the last of them may ask at once.
            end = position + len(message.get("body", b""))
            sent.add(position, end)
            position = end
        await send(message)

    return count


def _is_video(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").startswith("video/")


def _dripping(send: Send, size: int, pause: float) -> Send:
    async def drip(message: Message) -> None:
        body = message.get("body", b"")
        while len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            await asyncio.sleep(pause)
            body = body[size:]
        await send({**message, "body": body} if body else message)

    return drip


async def _send_raw(
    injection: Injection,
    connection: Connection,
    response: ASGIApp,
    scope: Scope,
    receive: Receive,
    sent: SentBytes | None,
) -> None:
    """Send an answer that breaks HTTP's rules, and end the connection."""
    start: Message = {}
    content = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            content.extend(message.get("body", b""))

    await response(scope, receive, collect)
    status, body, ending = start["status"], bytes(content), "close"
    headers = MutableHeaders(raw=[*start["headers"], *HEADERS, (b"connection", b"close")])
    if injection.kind == "length":
        headers["content-length"] = str(max(0, len(body) + injection["by"]))
    lines = [f"HTTP/1.1 {status} {_phrase(status)}".encode()]
    lines += [name + b": " + value for name, value in headers.raw]
    head = b"\r\n".join([*lines, b"", b""])
    if injection.kind == "cut":
        wanted, ending = injection["bytes"], injection["ending"]
        if injection["part"] == "head":
            head, body = head[: len(head) // 2 if wanted is None else wanted], b""
        else:
            body = body[: len(body) // 2 if wanted is None else wanted]
    if sent is not None and _is_video(headers):
        first = first_byte(status, headers)
        sent.add(first, first + len(body))
    connection.transport.write(head + body)  # uvicorn does not know of it
    await _end(connection, ending)
