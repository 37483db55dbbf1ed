"""The sandbox answers to its own names, and pages of other origins neither change nor read anything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from chainhub_sandbox import Sandbox

from tests.support.sandbox_caller import Caller

FAULT = {"step": "query", "kind": "reset"}
FOREIGN = ["https://evil.example", "null", "http://localhost:1", "https://127.0.0.1:{port}",
           "http://127.0.0.1:{port}.evil.example", "http://me@127.0.0.1:{port}"]  # fmt: skip


def _state(gateway: Sandbox) -> tuple[object, ...]:
    return gateway.paid, len(gateway.requests), gateway.fault_counts, gateway.unread


OWN = ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"]
STRANGE = ["evil.example:{port}", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}",
           "x@127.0.0.1:{port}", "", "["]  # fmt: skip


def test_only_its_own_names_are_answered(caller: Caller) -> None:
    """A name that was made to lead here, or another port, is refused on both origins, and changes nothing."""
    before = _state(caller.gateway)
    for url in (caller.gateway.url, caller.gateway.links_url):
        headers = {"Authorization": "Bearer sandbox"}
        for host in STRANGE:
            named = {"Host": host.format(port=httpx.URL(url).port), **headers}
            for path in ("/_sandbox/ledger", "/_sandbox/faults", "/v1/videos/video_1"):
                answer = httpx.get(f"{url}{path}", headers=named)
                assert answer.status_code == 421, host
                assert "use one of these addresses" in answer.json()["error"]["message"]
    assert _state(caller.gateway) == before
    for url in (caller.gateway.url, caller.gateway.links_url):
        for host in OWN:
            named = {"Host": host.format(port=httpx.URL(url).port)}
            assert httpx.get(f"{url}/nothing", headers=named).status_code == 404, host


@pytest.fixture
def page(caller: Caller) -> Iterator[Caller]:
    """A client of its own, whose headers no other test sees."""
    with Caller(caller.gateway) as mine:
        yield mine


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_origins_page_is_refused(page: Caller, origin: str) -> None:
    """With the key or without, by any method: 403, nothing has changed, and no header lets the page read it."""
    gateway = page.gateway
    gateway.fault("query", "reset", after=100)
    before = _state(gateway)
    page.http.headers["Origin"] = origin.format(port=httpx.URL(gateway.url).port)
    answers = [
        page.create_openai(),
        page.create_unified(),
        page.http.get("/_sandbox/ledger"),
        page.http.post("/_sandbox/faults", json=FAULT),
        page.http.delete("/_sandbox/faults"),
        page.http.options("/_sandbox/faults", headers={"Access-Control-Request-Method": "DELETE"}),
        page.http.get("/v1/videos/video_1"),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {403}
    assert not any(
        name.startswith("access-control") for answer in answers for name in answer.headers
    )
    assert _state(gateway) == before
    gateway.clear_faults()


def test_no_form_sets_a_fault(page: Caller) -> None:
    """What a page may send without asking first sets no fault, even if a browser left out its origin."""
    page.gateway.clear_faults()
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
    for headers in ({}, *({"Content-Type": kind} for kind in kinds)):
        answer = page.http.post("/_sandbox/faults", content=json.dumps(FAULT), headers=headers)
        assert answer.status_code == 415
        assert "application/json" in answer.json()["error"]["message"]
        assert page.gateway.faults == []


def test_programs_and_its_own_page_work_as_ever(page: Caller) -> None:
    """Without an Origin, and with its own, creates, ledger and faults work, and no header lets others in."""
    for headers in ({}, {"Origin": page.gateway.url}):
        page.http.headers.update(headers)
        paid = page.gateway.paid
        assert page.create_openai().status_code == page.create_unified().status_code == 200
        assert page.gateway.paid == paid + 2
        ledger = page.http.get("/_sandbox/ledger")
        assert ledger.status_code == 200
        assert not any(name.startswith("access-control") for name in ledger.headers)
        assert page.http.post("/_sandbox/faults", json={**FAULT, "after": 9}).status_code == 200
        assert page.http.delete("/_sandbox/faults").json() == {"faults": []}
