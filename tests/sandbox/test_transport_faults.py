"""Connections that a fault ends, holds up, cuts or refuses, as they are seen on the wire."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import get_args

import httpx
import pytest
from chainhub_sandbox.faults import KINDS, STEPS, Moment

from tests.support.sandbox_caller import wait_until

from .raw import CREATE, exchange
from .targets import FILES, Target

MOMENTS = get_args(Moment)


@pytest.mark.parametrize("step", STEPS)
def test_no_answer(target: Target, step: str) -> None:
    """The connection ends without a byte, by a real RST or FIN; a create is paid only at `done`."""
    for (kind, ending), moment in product({"reset": "rst", "close": "fin"}.items(), MOMENTS):
        paid = target.gateway.paid
        target.gateway.fault(step, kind, moment=moment, times=1)
        seen = target.send(step)
        assert (seen.data, seen.ending) == (b"", ending)
        assert target.gateway.paid - paid == (step == "create" and moment == "done")
        last = target.gateway.requests[-1]
        assert (last.step, last.status, last.fault) == (step, 0, f"{kind} at {moment}")
        assert bool(last.fingerprint) == (step == "create" and moment != "arrival")
        assert target.whole(step, target.send(step))


@pytest.mark.parametrize("step", STEPS)
def test_hang(target: Target, step: str) -> None:
    """Nothing comes as long as the client waits, then a create is not accepted any more; or for some seconds."""
    for moment in MOMENTS:
        paid = target.gateway.paid
        target.gateway.fault(step, "hang", moment=moment, times=1)
        seen = target.send(step, patience=0.1)
        assert (seen.data, seen.ending) == (b"", "open")
        told = f"hang at {moment}"
        wait_until(lambda told=told: target.gateway.requests[-1].fault == told)
        assert target.gateway.paid - paid == (step == "create" and moment == "done")
        target.gateway.fault(step, "hang", moment=moment, seconds=0.1, times=1)
        seen = target.send(step)
        assert seen.seconds >= 0.1
        assert target.whole(step, seen)


@pytest.mark.parametrize("step", KINDS["cut"].steps)
def test_cut(target: Target, step: str) -> None:
    """Exactly the bytes asked for arrive, and fewer than were announced; without a number, half of body or head."""
    for ending, seen_as in {"close": "fin", "reset": "rst"}.items():
        target.gateway.fault(step, "cut", bytes=20, ending=ending, times=1)
        seen = target.send(step)
        assert (len(seen.body), seen.ending) == (20, seen_as)
        assert int(seen.headers["content-length"]) > 20
    target.gateway.fault(step, "cut", times=1)
    seen = target.send(step)
    assert len(seen.body) == int(seen.headers["content-length"]) // 2
    target.gateway.fault(step, "cut", part="head", times=1)
    seen = target.send(step)
    assert seen.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert seen.head == b""
    if step in FILES:  # a continued download breaks off counted from where it continues
        target.gateway.fault(step, "cut", bytes=50, times=1)
        seen = target.send(step, Range="bytes=100-")
        assert (seen.status, seen.body) == (206, target.clip[step][100:150])


@pytest.mark.parametrize("step", KINDS["length"].steps)
def test_wrong_length(target: Target, step: str) -> None:
    """All bytes arrive, and another number of them was announced."""
    for by in (100, -10):
        target.gateway.fault(step, "length", by=by, times=1)
        seen = target.send(step)
        assert int(seen.headers["content-length"]) == len(seen.body) + by
        assert seen.body == target.clip[step] if step in FILES else json.loads(seen.body)["id"]


@pytest.mark.parametrize("step", KINDS["drip"].steps)
def test_drip(target: Target, step: str) -> None:
    """The same answer arrives, slowly."""
    size = len(target.clip[step]) if step in FILES else 80
    target.gateway.fault(step, "drip", bytes=max(1, size // 10), seconds=0.02, times=1)
    seen = target.send(step)
    assert target.whole(step, seen)
    assert seen.seconds >= 0.15 or len(seen.body) < 80


@pytest.mark.parametrize("step", STEPS)
def test_refused(target: Target, step: str) -> None:
    """Connections to the step's origin are refused by the system, to the other one not; then it is open again."""
    url = target.link() if step == "link" else target.gateway.url
    other = target.gateway.url if step == "link" else target.gateway.links_url
    requests = len(target.gateway.requests)
    target.gateway.fault(step, "refuse", seconds=0.3)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            exchange(url)
    assert exchange(f"{other}/nothing").status == 404
    assert len(target.gateway.requests) == requests + 1

    def opened() -> bool:
        try:
            return exchange(url).status > 0
        except ConnectionRefusedError:
            return False

    wait_until(opened)
    assert target.whole(step, target.send(step))


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
        wait_until(lambda: target.gateway.fault_counts[0]["struck"])
        target.gateway.fault("query", "refuse", seconds=30)
        assert asked.result().json()["id"] == target.openai
        assert asked.result().headers["connection"] == "close"
        with pytest.raises(httpx.TransportError):
            http.get("/nothing")
