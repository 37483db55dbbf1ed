"""Inject faults: malformed answers, and resets, hangs and cuts on real connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainhub_sandbox.answers import MARKS, Answer, Refusal
from chainhub_sandbox.faults import Moment, Plan, Strike
from chainhub_sandbox.server import Wire, Wires
from chainhub_sandbox.tasks import Delivered, first_byte

ODD_STATES = (
    "teleporting",
    "IN_PROGRESS",
    " Processing ",
    "not_start",
    "unknown",
    "",
    "video_upsampling_completed",
    "排队中",
)
ODD_TIMES: tuple[Any, ...] = (
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
_WRONG: tuple[Any, ...] = (None, True, -7, 3.5, "text", [], ["x"], {}, {"message": 5})

_PAGE = """<!DOCTYPE html>
<html><head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center><hr><center>sandbox-proxy</center></body></html>
"""


def altered(strike: Strike, answer: Answer, request_id: str) -> Answer:
    """What is said instead of an answer, if the fault is one of words; else the answer itself.

    Args:
        strike: the fault that hit.
        answer: what would have been said.
        request_id: of the request, for the messages of errors.
    """
    if strike.kind == "status":
        return _other_status(strike, answer, request_id)
    if strike.kind in _ELSEWHERE:
        return _ELSEWHERE[strike.kind](strike, answer) if answer.link else answer
    change = _CHANGES.get(strike.kind)
    if change is None or answer.body is None or answer.status != HTTPStatus.OK:
        return answer
    body = change(strike, dict(answer.body))
    return Answer(answer.status, body, headers=answer.headers)


def _other_status(strike: Strike, answer: Answer, request_id: str) -> Answer:
    status, shape = strike["status"], strike["shape"]
    headers = dict(answer.headers)
    if strike["retry_after"] is not None:
        headers["Retry-After"] = strike["retry_after"]
    if shape == "html":
        page = _PAGE.format(status=status, phrase=phrase_of(status))
        return Answer(status, text=page, media_type="text/html; charset=utf-8", headers=headers)
    if shape == "empty":
        return Answer(status, text="", media_type="text/plain", headers=headers)
    refusal = Refusal(status, strike["message"], code=strike["code"], flat=shape == "flat")
    said = refusal.answer(request_id)
    said.headers.update(headers)
    return said


def _redirect(strike: Strike, answer: Answer) -> Answer:
    headers = {**answer.headers, "Location": answer.link}
    return Answer(strike["status"], text="", media_type="text/plain", headers=headers)


def _refer(strike: Strike, answer: Answer) -> Answer:
    told: Any = answer.link
    for name in reversed(strike["place"].split(".")):
        told = {name: told}
    return Answer(HTTPStatus.OK, told, headers=answer.headers)


def phrase_of(status: int) -> str:
    """The words that belong to a status; some for those that have none, as proxies write them."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _some_fields(strike: Strike, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, **strike["fields"]}


def _wrong_types(strike: Strike, body: dict[str, Any]) -> dict[str, Any]:
    return {name: _other_type(value, strike.chance) for name, value in body.items()}


def _other_type(value: Any, chance: random.Random) -> Any:
    return chance.choice([wrong for wrong in _WRONG if type(wrong) is not type(value)])


def _odd_state(strike: Strike, body: dict[str, Any]) -> dict[str, Any]:
    word = strike["word"]
    return body | {"status": strike.chance.choice(ODD_STATES) if word is None else word}


def _odd_times(strike: Strike, body: dict[str, Any]) -> dict[str, Any]:
    return body | {name: strike.chance.choice(ODD_TIMES) for name in _TIME_FIELDS}


_CHANGES: Mapping[str, Callable[[Strike, dict[str, Any]], dict[str, Any]]] = {
    "fields": _some_fields,
    "types": _wrong_types,
    "state": _odd_state,
    "clock": _odd_times,
}
_ELSEWHERE: Mapping[str, Callable[[Strike, Answer], Answer]] = {
    "redirect": _redirect,
    "refer": _refer,
}


_RAW_KINDS = frozenset({"cut", "length"})

_RANGE_HEADERS = (b"range", b"if-range")


async def no_answer(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """The answer to a request whose connection is gone."""


class Striker:
    """Draws faults from a plan, and performs those of the wire.

    Args:
        plan: the faults that are set.
        wires: the connections.
    """

    def __init__(self, plan: Plan, wires: Wires) -> None:
        self._plan = plan
        self._wires = wires

    def draw(self, step: str) -> Strike | None:
        """What hits a request of a step, if anything does."""
        return self._plan.draw(step)

    async def ends(
        self, strike: Strike | None, moment: Moment, scope: Scope, record: Callable[[], object]
    ) -> bool:
        """Performs a fault that needs no answer, if it hits at this moment.

        Args:
            strike: what hits the request, if anything does.
            moment: this moment.
            scope: of the request.
            record: called if there will be no answer, before the client can know it.

        Returns:
            Whether the connection is gone, so that nothing more is to be done.
        """
        wire = self._wires.of(scope)
        if strike is None or not strike.at(moment) or wire is None:
            return False
        if strike.is_silent:
            record()
            await _end(wire, strike.kind)
            return True
        if strike.kind != "hang":
            return False
        seconds = strike["seconds"]
        if seconds is None:
            # Whether the client leaves may never be known: not as long as its bytes are not read.
            record()
            await wire.abandoned()
            return True
        if await _silent(wire, seconds):
            record()
            return True
        return False

    def answer(
        self, strike: Strike | None, answer: ASGIApp, delivered: Delivered | None = None
    ) -> ASGIApp:
        """An answer that is sent as the fault wants it.

        Args:
            strike: what hits the request, if anything does.
            answer: what is sent where nothing hits.
            delivered: told which bytes of a video have left.
        """

        async def send_it(scope: Scope, receive: Receive, send: Send) -> None:
            wire = self._wires.of(scope)
            if wire is None:
                await answer(scope, receive, send)
            elif strike is not None and strike.kind in _RAW_KINDS:
                await _send_raw(strike, wire, answer, scope, receive, delivered)
            elif not await self.ends(strike, "done", scope, lambda: None):
                drip = strike if strike is not None and strike.kind == "drip" else None
                if strike is not None and strike.kind == "no_range":
                    scope = _without_range(scope)
                counted = _counted(wire, send, delivered)
                await answer(scope, receive, _dripping(drip, counted) if drip else counted)

        return send_it


def _without_range(scope: Scope) -> Scope:
    """The same request, for the whole file."""
    kept = [pair for pair in scope["headers"] if pair[0] not in _RANGE_HEADERS]
    return {**scope, "headers": kept}


async def _end(wire: Wire, ending: str) -> None:
    if ending == "reset":
        wire.reset()
    else:
        wire.close()
    # The server must know it before the request ends, or it would answer for itself.
    await wire.lost.wait()


async def _silent(wire: Wire, seconds: float) -> bool:
    """Waits; says whether the client has left meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await wire.abandoned()
    except TimeoutError:
        return False
    return True


def _counted(wire: Wire, send: Send, delivered: Delivered | None) -> Send:
    if delivered is None:
        return send
    position, is_video = 0, False

    async def counting(message: Message) -> None:
        nonlocal position, is_video
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            position, is_video = first_byte(message["status"], headers), _is_video(headers)
        elif is_video and not wire.lost.is_set():
            # Before they leave: whoever has the last of them may ask at once.
            end = position + len(message.get("body", b""))
            delivered.add(position, end)
            position = end
        await send(message)

    return counting


def _is_video(headers: Mapping[str, str]) -> bool:
    """Whether an answer holds a video, and not words in place of one."""
    return headers.get("content-type", "").startswith("video/")


def _dripping(strike: Strike, send: Send) -> Send:
    step, pause = strike["bytes"], strike["seconds"]

    async def dripping(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            for start in range(0, len(body) - step, step):
                part = body[start : start + step]
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await asyncio.sleep(pause)
            message = {**message, "body": body[max(0, (len(body) - 1) // step * step) :]}
        await send(message)

    return dripping


async def _send_raw(
    strike: Strike,
    wire: Wire,
    answer: ASGIApp,
    scope: Scope,
    receive: Receive,
    delivered: Delivered | None,
) -> None:
    """Sends an answer that no server would, and ends the connection."""
    start: Message = {}
    content = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            content.extend(message.get("body", b""))

    await answer(scope, receive, collect)
    headers = MutableHeaders(raw=[*start["headers"], *MARKS, (b"connection", b"close")])
    body, ending = bytes(content), "close"
    if strike.kind == "length":
        headers["content-length"] = str(max(0, len(body) + strike["by"]))
    head = _head(start["status"], headers)
    if strike.kind == "cut":
        wanted, ending = strike["bytes"], strike["ending"]
        if strike["part"] == "head":
            head, body = head[: len(head) // 2 if wanted is None else wanted], b""
        else:
            body = body[: len(body) // 2 if wanted is None else wanted]
    if delivered is not None and _is_video(headers):
        first = first_byte(start["status"], headers)
        delivered.add(first, first + len(body))
    wire.send(head + body)
    await _end(wire, ending)


def _head(status: int, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status} {phrase_of(status)}".encode()]
    lines += [name + b": " + value for name, value in headers.raw]
    return b"\r\n".join([*lines, b"", b""])
