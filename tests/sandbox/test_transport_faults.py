"""Connections that a fault ends, holds up, cuts or refuses, as they are seen on the wire."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import httpx
import pytest
from chainhub_sandbox.faults import STEPS, Moment

from .raw import CREATE, exchange
from .targets import FILES, Target, at, whole

MOMENTS = get_args(Moment)


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
    assert whole(target, step, target.send(step))


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
    assert whole(target, step, seen)


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("step", at("cut"))
def test_cut_body(target: Target, step: str, ending: str) -> None:
    """Exactly the bytes asked for arrive, and fewer than were announced."""
    target.gateway.fault(step, "cut", bytes=20, ending=ending, times=1)
    seen = target.send(step)
    assert (len(seen.body), seen.ending) == (20, "fin" if ending == "close" else "rst")
    assert int(seen.headers["content-length"]) > 20


@pytest.mark.parametrize("step", at("cut"))
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
@pytest.mark.parametrize("step", at("length"))
def test_wrong_length(target: Target, step: str, by: int) -> None:
    """All bytes arrive, and another number of them was announced."""
    target.gateway.fault(step, "length", by=by, times=1)
    seen = target.send(step)
    assert int(seen.headers["content-length"]) == len(seen.body) + by
    if step in FILES:
        assert seen.body == target.clip[step]
    else:
        assert json.loads(seen.body)["id"]


@pytest.mark.parametrize("step", at("drip"))
def test_drip(target: Target, step: str) -> None:
    """The same answer arrives, slowly."""
    size = len(target.clip[step]) if step in FILES else 80
    target.gateway.fault(step, "drip", bytes=max(1, size // 10), seconds=0.02, times=1)
    seen = target.send(step)
    assert whole(target, step, seen)
    assert seen.seconds >= 0.15 or len(seen.body) < 80


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
    assert exchange(f"{other}/nothing").status == 404
    assert len(target.gateway.requests) == requests + 1
    deadline = time.monotonic() + 5
    while True:
        try:
            assert exchange(url).status
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert whole(target, step, target.send(step))


def test_refusal_ends_connections(target: Target) -> None:
    """A client does not get through on a connection that it had before, and nothing is lost on it."""
    with httpx.Client(base_url=target.gateway.url) as http:
        assert http.get("/nothing").status_code == 404
        target.gateway.fault("query", "refuse", seconds=30)
        with pytest.raises(httpx.TransportError):
            http.get("/nothing")
        with pytest.raises(httpx.ConnectError):
            http.post("/v1/video/create", json=CREATE)
        target.gateway.clear_faults()
        assert http.get("/nothing").status_code == 404


def test_answers_under_way_are_finished_while_connections_are_refused(target: Target) -> None:
    """A request that is under way when connections are refused is answered, and then its connection closes."""
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
        assert asked.result().headers["connection"] == "close"
        with pytest.raises(httpx.TransportError):
            http.get("/nothing")
