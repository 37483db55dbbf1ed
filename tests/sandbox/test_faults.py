"""Each fault at each step, as it is seen on the wire; and what it means for the money."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_video.sandbox import Sandbox
from chainhub_video.sandbox.faults import KINDS, MOMENTS, SHAPES, STEPS

from .conftest import Caller
from .raw import CREATE, Seen, exchange

FILES = ("content", "link")
STATUSES = (200, 204, 302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 524)
ALL_FIELDS = {"status": 7, "new": [None, {"a": 1}]}


@dataclass
class Target:
    """A sandbox with a finished task of each format, and one request for each step."""

    gateway: Sandbox
    openai: str
    unified: str
    clip: dict[str, bytes]
    caller: Caller

    def send(self, step: str, patience: float = 10.0, **headers: str) -> Seen:
        """One request of a step, on a connection of its own."""
        if step == "link":
            return exchange(self.link(), patience=patience, **headers)
        url = (
            self.gateway.url
            + {
                "create": "/v1/video/create",
                "query": f"/v1/videos/{self.openai}",
                "content": f"/v1/videos/{self.openai}/content",
            }[step]
        )
        method = "POST" if step == "create" else "GET"
        return exchange(url, method, patience, Authorization="Bearer sandbox", **headers)

    def link(self) -> str:
        """Where the unified task's video is now."""
        found: str = self.caller.query(self.unified).json()["video_url"]
        return found


@pytest.fixture(scope="module")
def _target() -> Iterator[Target]:
    with Sandbox(fast=True, pace=0) as gateway:
        caller = Caller(gateway)
        openai, unified = caller.create_openai(seconds="1"), caller.create_unified()
        clips = {"content": caller.video(openai), "link": caller.video(unified)}
        yield Target(gateway, openai.json()["id"], unified.json()["id"], clips, caller)
        caller.http.close()


@pytest.fixture
def target(_target: Target) -> Iterator[Target]:
    """The sandbox; no fault outlives its test."""
    yield _target
    _target.gateway.clear_faults()


def _at(kind: str) -> list[Any]:
    return [pytest.param(step, id=step) for step in KINDS[kind].steps]


def _whole(target: Target, step: str, seen: Seen) -> bool:
    """Whether an answer is the one that comes without any fault."""
    assert seen.ending == "fin"
    assert seen.status == 200
    if step in FILES:
        return seen.body == target.clip[step]
    return {"id", "status"} <= set(json.loads(seen.body))


@pytest.mark.parametrize("step", STEPS)
def test_without_a_fault(target: Target, step: str) -> None:
    """Every step is answered well as long as no fault is set, so that what follows proves something."""
    assert _whole(target, step, target.send(step))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("kind", "ending"), [("reset", "rst"), ("close", "fin")])
def test_no_answer(target: Target, step: str, moment: str, kind: str, ending: str) -> None:
    """The connection ends without a byte, by a real RST or FIN; a create is paid only at `done`."""
    paid = target.gateway.paid
    target.gateway.fault(step, kind, moment=moment, times=1)
    seen = target.send(step)
    assert (seen.data, seen.ending) == (b"", ending)
    assert target.gateway.paid - paid == (step == "create" and moment == "done")
    last = target.gateway.requests[-1]
    assert (last.step, last.status, last.fault) == (step, 0, f"{kind} at {moment}")
    assert bool(last.fingerprint) == (step == "create" and moment != "arrival")
    assert _whole(target, step, target.send(step))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", STEPS)
def test_hang_for_ever(target: Target, step: str, moment: str) -> None:
    """Nothing comes as long as the client waits; once it has left, a create is not accepted any more."""
    paid = target.gateway.paid
    target.gateway.fault(step, "hang", moment=moment, times=1)
    seen = target.send(step, patience=0.15)
    assert (seen.data, seen.ending) == (b"", "open")
    deadline = time.monotonic() + 5
    while target.gateway.requests[-1].fault != f"hang at {moment}":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert target.gateway.paid - paid == (step == "create" and moment == "done")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", STEPS)
def test_hang_for_a_while(target: Target, step: str, moment: str) -> None:
    """After its seconds of silence the answer comes as if nothing had been."""
    target.gateway.fault(step, "hang", moment=moment, seconds=0.1, times=1)
    seen = target.send(step)
    assert seen.seconds >= 0.1
    assert _whole(target, step, seen)


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("step", _at("cut"))
def test_cut_body(target: Target, step: str, ending: str) -> None:
    """Exactly the bytes asked for arrive, and fewer than were announced."""
    target.gateway.fault(step, "cut", bytes=20, ending=ending, times=1)
    seen = target.send(step)
    assert (len(seen.body), seen.ending) == (20, "fin" if ending == "close" else "rst")
    assert int(seen.headers["content-length"]) > 20


@pytest.mark.parametrize("step", _at("cut"))
def test_cut_in_the_middle(target: Target, step: str) -> None:
    """Without a number, half of the body arrives, or half of the head."""
    target.gateway.fault(step, "cut", times=1)
    seen = target.send(step)
    assert len(seen.body) == int(seen.headers["content-length"]) // 2
    target.gateway.fault(step, "cut", part="head", times=1)
    seen = target.send(step)
    assert seen.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert seen.head == b""


@pytest.mark.parametrize("by", [100, -10])
@pytest.mark.parametrize("step", _at("length"))
def test_wrong_length(target: Target, step: str, by: int) -> None:
    """All bytes arrive, and another number of them was announced."""
    target.gateway.fault(step, "length", by=by, times=1)
    seen = target.send(step)
    assert int(seen.headers["content-length"]) == len(seen.body) + by
    if step in FILES:
        assert seen.body == target.clip[step]
    else:
        assert json.loads(seen.body)["id"]


@pytest.mark.parametrize("step", _at("drip"))
def test_drip(target: Target, step: str) -> None:
    """The same answer arrives, slowly."""
    size = len(target.clip[step]) if step in FILES else 80
    target.gateway.fault(step, "drip", bytes=max(1, size // 10), seconds=0.02, times=1)
    seen = target.send(step)
    assert _whole(target, step, seen)
    assert seen.seconds >= 0.15 or len(seen.body) < 80


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


@pytest.mark.parametrize("step", _at("fields"))
def test_changed_fields(target: Target, step: str) -> None:
    """Named fields have the values given, whatever they are; the others are as ever."""
    target.gateway.fault(step, "fields", fields=ALL_FIELDS, times=1)
    answer = json.loads(target.send(step).body)
    assert {name: answer[name] for name in ALL_FIELDS} == ALL_FIELDS
    assert answer["id"].startswith(("grok:", "video_"))


@pytest.mark.parametrize("step", _at("types"))
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


@pytest.mark.parametrize("step", _at("state"))
def test_odd_states(target: Target, step: str) -> None:
    """The state is a word of the caller's, or changes from one odd word to another."""
    target.gateway.fault(step, "state", word="on holiday", times=1)
    assert json.loads(target.send(step).body)["status"] == "on holiday"
    target.gateway.fault(step, "state")
    words = {json.loads(target.send(step).body)["status"] for _ in range(12)}
    assert len(words) > 2
    assert not words & {"queued", "pending", "processing", "completed", "failed"}


@pytest.mark.parametrize("step", _at("clock"))
def test_odd_times(target: Target, step: str) -> None:
    """Times come in forms that change from answer to answer."""
    target.gateway.fault(step, "clock")
    times = {repr(json.loads(target.send(step).body)["created_at"]) for _ in range(12)}
    assert len(times) > 3


@pytest.mark.parametrize("step", _at("no_range"))
def test_ignored_range(target: Target, step: str) -> None:
    """Without the fault a range is honoured, with it the whole file comes."""
    ranged = target.send(step, Range="bytes=100-199")
    assert (ranged.status, ranged.body) == (206, target.clip[step][100:200])
    target.gateway.fault(step, "no_range", times=1)
    seen = target.send(step, Range="bytes=100-199")
    assert _whole(target, step, seen)


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


@pytest.mark.parametrize("step", STEPS)
def test_refused(target: Target, step: str) -> None:
    """Connections to the step's origin are refused by the system, to the other one not; then it is open again."""
    url = target.link() if step == "link" else target.gateway.url
    other = target.gateway.url if step == "link" else target.gateway.links_url
    requests = len(target.gateway.requests)
    target.gateway.fault(step, "refuse", seconds=0.15)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            exchange(url)
    assert exchange(other).status == 404
    assert len(target.gateway.requests) == requests + 1
    deadline = time.monotonic() + 5
    while True:
        try:
            assert exchange(url).status
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert _whole(target, step, target.send(step))


def test_refusal_ends_connections(target: Target) -> None:
    """A client does not get through on a connection that it had before, and nothing is lost on it."""
    with httpx.Client(base_url=target.gateway.url) as http:
        assert http.get("/").status_code == 404
        target.gateway.fault("query", "refuse", seconds=30)
        with pytest.raises(httpx.TransportError):
            http.get("/")
        with pytest.raises(httpx.ConnectError):
            http.post("/v1/video/create", json=CREATE)
        target.gateway.clear_faults()
        assert http.get("/").status_code == 404


def test_an_answer_ends_in_peace_while_connections_are_refused(target: Target) -> None:
    """What is being answered when the door is shut is answered to its end, and then the connection closes."""
    target.gateway.fault("query", "hang", seconds=0.3, times=1)
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=target.gateway.url) as http:
        headers = {"Authorization": "Bearer sandbox"}
        asked = pool.submit(http.get, f"/v1/videos/{target.openai}", headers=headers)
        deadline = time.monotonic() + 5
        while not target.gateway.fault_counts[0]["struck"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        target.gateway.fault("query", "refuse", seconds=30)
        assert asked.result().json()["id"] == target.openai
        with pytest.raises(httpx.TransportError):
            http.get("/")


def test_every_kind_is_tested() -> None:
    """A new kind of fault has to be seen here as well, or where content is elsewhere."""
    here = Path(__file__)
    pages = (here, here.with_name("test_content_elsewhere.py"))
    source = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
