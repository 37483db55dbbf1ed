"""Answers that a fault changes: status, headers, fields, links; and what that means for the money."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox.faults import KINDS, SHAPES, STEPS

from .raw import exchange
from .targets import FILES, Target, at, whole

STATUSES = (200, 204, 302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 524)
ALL_FIELDS = {"status": 7, "new": [None, {"a": 1}]}


@pytest.mark.parametrize("step", STEPS)
def test_without_a_fault(target: Target, step: str) -> None:
    """Every step is answered well as long as no fault is set, so that what follows proves something."""
    assert whole(target, step, target.send(step))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("step", STEPS)
def test_every_status_in_every_shape(target: Target, step: str, shape: str) -> None:
    """A status comes with the body of its shape; a create that is answered so before it is done is not paid."""
    paid = target.gateway.paid
    for status in STATUSES:
        target.gateway.fault(step, "status", status=status, shape=shape, code="why", times=1)
        seen = target.send(step)
        assert seen.status == status
        assert seen.headers["x-chainhub-sandbox"] == "1"
        if status == 204:
            continue
        match shape:
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


@pytest.mark.parametrize("when", [7, "0.5", "Sat, 21 Nov 2026 10:00:00 GMT"])
@pytest.mark.parametrize("step", STEPS)
def test_retry_after(target: Target, step: str, when: Any) -> None:
    """Retry-After is sent as it was given: in seconds, or as a date."""
    target.gateway.fault(step, "status", status=429, retry_after=when, times=1)
    assert target.send(step).headers["retry-after"] == str(when)


@pytest.mark.parametrize("step", at("fields"))
def test_changed_fields(target: Target, step: str) -> None:
    """Named fields have the values given, whatever they are; the others are as ever."""
    target.gateway.fault(step, "fields", fields=ALL_FIELDS, times=1)
    answer = json.loads(target.send(step).body)
    assert {name: answer[name] for name in ALL_FIELDS} == ALL_FIELDS
    assert answer["id"].startswith(("grok:", "video_"))


@pytest.mark.parametrize("step", at("types"))
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


@pytest.mark.parametrize("step", at("state"))
def test_odd_states(target: Target, step: str) -> None:
    """The state is a word of the caller's, or changes from one odd word to another."""
    target.gateway.fault(step, "state", word="on holiday", times=1)
    assert json.loads(target.send(step).body)["status"] == "on holiday"
    target.gateway.fault(step, "state")
    words = {json.loads(target.send(step).body)["status"] for _ in range(12)}
    assert len(words) > 2
    assert not words & {"queued", "pending", "processing", "completed", "failed"}


@pytest.mark.parametrize("step", at("clock"))
def test_odd_times(target: Target, step: str) -> None:
    """Times come in forms that change from answer to answer."""
    target.gateway.fault(step, "clock")
    times = {repr(json.loads(target.send(step).body)["created_at"]) for _ in range(12)}
    assert len(times) > 3


@pytest.mark.parametrize("step", at("no_range"))
def test_ignored_range(target: Target, step: str) -> None:
    """Without the fault a range is honoured, with it the whole file comes."""
    ranged = target.send(step, Range="bytes=100-199")
    assert (ranged.status, ranged.body) == (206, target.clip[step][100:200])
    target.gateway.fault(step, "no_range", times=1)
    seen = target.send(step, Range="bytes=100-199")
    assert whole(target, step, seen)


@pytest.mark.parametrize("step", FILES)
def test_a_cut_range(target: Target, step: str) -> None:
    """A continued download can break off as well, counted from where it continues."""
    target.gateway.fault(step, "cut", bytes=50, times=1)
    seen = target.send(step, Range="bytes=100-")
    assert (seen.status, seen.body) == (206, target.clip[step][100:150])


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_link(target: Target, status: int) -> None:
    """The old link stays dead, and the next query has one that works."""
    old = target.link()
    target.gateway.fault("link", "expire", status=status, times=1)
    assert exchange(old).status == status
    assert exchange(old).status == status
    new = target.link()
    assert new != old
    assert exchange(new).body == target.clip["link"]


def test_every_kind_is_tested() -> None:
    """A new kind of fault is tested here, or with those of the connection or of redirected content."""
    here = Path(__file__)
    others = ("test_transport_faults.py", "test_redirected_content.py")
    pages = (here, *map(here.with_name, others))
    source = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
