"""Answers that a fault changes: status, headers, fields, links; and what that means for the money."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from chainhub_sandbox import Sandbox
from chainhub_sandbox.faults import KINDS, SHAPES, STEPS

from tests.support.sandbox_caller import Caller

from .raw import exchange
from .targets import Target

STATUSES = (200, 204, 302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 524)
ALL_FIELDS = {"status": 7, "new": [None, {"a": 1}]}


@pytest.mark.parametrize("step", STEPS)
def test_every_status_in_every_shape(target: Target, step: str) -> None:
    """A status comes with the body of its shape; a create that is answered so before it is done is not paid."""
    assert target.whole(step, target.send(step))  # without a fault
    paid = target.gateway.paid
    # All statuses in one shape, and all shapes with one status.
    pairs = {*((status, "error") for status in STATUSES), *((418, shape) for shape in SHAPES)}
    for status, shape in pairs:
        target.gateway.fault(step, "status", status=status, shape=shape, code="why", times=1)
        seen = target.send(step)
        assert seen.status == status
        assert seen.headers["x-chainhub-sandbox"] == "1"
        match "empty" if status == 204 else shape:
            case "error":
                assert json.loads(seen.body)["error"]["code"] == "why"
            case "flat":
                assert json.loads(seen.body)["code"] == "why"
                assert json.loads(seen.body)["data"] is None
            case "html":
                assert seen.headers["content-type"].startswith("text/html")
                assert f"<h1>{status} ".encode() in seen.body
            case _:
                assert seen.body == b""
    assert target.gateway.paid == paid


def test_a_status_after_the_create_was_accepted(target: Target) -> None:
    """With `moment=done` the same answer hides a create that was paid."""
    paid = target.gateway.paid
    target.gateway.fault("create", "status", status=502, moment="done", times=1)
    assert target.send("create").status == 502
    assert target.gateway.paid == paid + 1


def test_retry_after(target: Target) -> None:
    """Retry-After is sent as it was given: in seconds, or as a date."""
    whens = (7, "0.5", "Sat, 21 Nov 2026 10:00:00 GMT", 8)
    for step, when in zip(STEPS, whens, strict=True):
        target.gateway.fault(step, "status", status=429, retry_after=when, times=1)
        assert target.send(step).headers["retry-after"] == str(when)


@pytest.mark.parametrize("step", KINDS["fields"].steps)
def test_changed_fields(target: Target, step: str) -> None:
    """Named fields have the values given, of any type; the others are as without the fault."""
    target.gateway.fault(step, "fields", fields=ALL_FIELDS, times=1)
    answer = json.loads(target.send(step).body)
    assert {name: answer[name] for name in ALL_FIELDS} == ALL_FIELDS
    assert answer["id"].startswith(("grok:", "video_"))


@pytest.mark.parametrize("step", KINDS["types"].steps)
def test_wrong_types(target: Target, step: str) -> None:
    """No field keeps its type; the same seed gives the same values, another one others."""
    right = json.loads(target.send(step).body)
    told: list[Any] = []
    for seed in (1, 1, 2):
        target.gateway.clear_faults()
        target.gateway.fault(step, "types", seed=seed, times=1)
        wrong = json.loads(target.send(step).body)
        assert wrong.keys() == right.keys()
        assert all(type(wrong[name]) is not type(right[name]) for name in right)
        told.append(wrong)
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("step", KINDS["state"].steps)
def test_odd_states(target: Target, step: str) -> None:
    """The state is a word of the caller's, or changes from one odd word to another."""
    target.gateway.fault(step, "state", word="on holiday", times=1)
    assert json.loads(target.send(step).body)["status"] == "on holiday"
    target.gateway.fault(step, "state")
    words = {json.loads(target.send(step).body)["status"] for _ in range(12)}
    assert len(words) > 2
    assert not words & {"queued", "pending", "processing", "completed", "failed"}


@pytest.mark.parametrize("step", KINDS["clock"].steps)
def test_odd_times(target: Target, step: str) -> None:
    """Times come in forms that change from answer to answer."""
    target.gateway.fault(step, "clock")
    times = {repr(json.loads(target.send(step).body)["created_at"]) for _ in range(12)}
    assert len(times) > 3


@pytest.mark.parametrize("step", KINDS["no_range"].steps)
def test_ignored_range(target: Target, step: str) -> None:
    """Without the fault a range is honoured, with it the whole file comes."""
    ranged = target.send(step, Range="bytes=100-199")
    assert (ranged.status, ranged.body) == (206, target.clip[step][100:200])
    target.gateway.fault(step, "no_range", times=1)
    assert target.whole(step, target.send(step, Range="bytes=100-199"))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_link(target: Target, status: int) -> None:
    """The old link stays dead, and the next query has one that works."""
    old = target.link()
    target.gateway.fault("link", "expire", status=status, times=1)
    assert [exchange(old).status for _ in range(2)] == [status, status]
    new = target.link()
    assert new != old
    assert exchange(new).body == target.clip["link"]


def test_content_that_says_where_the_video_is(target: Target) -> None:
    """A redirect, or JSON with a link at the place asked for, leads to the second origin, which needs no key."""
    found: list[str] = []
    for status in (301, 302, 303, 307, 308):
        target.gateway.fault("content", "redirect", status=status, times=1)
        seen = target.send("content")
        assert (seen.status, seen.body) == (status, b"")
        found.append(seen.headers["location"])
    for place in ("url", "video_url", "data.output.url"):
        target.gateway.fault("content", "refer", place=place, times=1)
        told = json.loads(target.send("content").body)
        for name in place.split("."):
            assert list(told) == [name]
            told = told[name]
        found.append(told)
    for link in found:
        assert link.startswith(f"{target.gateway.links_url}/")
        assert httpx.get(link).content == target.clip["content"]


def test_words_in_place_of_a_video_are_no_part_of_it(fresh_caller: Caller) -> None:
    """The bytes of an error, a redirect or JSON do not count as delivered bytes of the video."""
    gateway = fresh_caller.gateway
    task = fresh_caller.finish(fresh_caller.create_openai())["id"]
    faults: dict[str, dict[str, Any]] = {
        "refer": {},
        "redirect": {},
        "status": {"status": 502, "message": "x" * 200_000},
    }
    for kind, parameters in faults.items():
        gateway.fault("content", kind, times=1, **parameters)
        fresh_caller.content(task)
        assert not gateway.creates[0].tasks[0].fetched_whole
    fresh_caller.content(task)
    assert gateway.creates[0].tasks[0].fetched_whole


def test_no_video_is_nowhere_else() -> None:
    """While there is no video yet, content is not redirected either."""
    faults = ["content:redirect", "content:refer"]
    with Sandbox(fast=True, pace=60, faults=faults) as slow, Caller(slow) as caller:
        task = caller.create_openai().json()["id"]
        assert [caller.content(task).status_code for _ in range(2)] == [400, 400]
