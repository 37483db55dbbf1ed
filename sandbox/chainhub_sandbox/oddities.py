"""Odd answers: other statuses, error bodies in every shape, wrong types, unknown states, strange times."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from chainhub_sandbox.answers import Answer, Refusal
from chainhub_sandbox.plan import Strike

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
