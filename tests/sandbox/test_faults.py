"""How faults are set: by code, as text, over HTTP; how often they hit; and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from chainhub_sandbox import Fault, InvalidFault, Sandbox, SandboxError
from chainhub_sandbox.faults import KINDS, FaultPlan
from chainhub_video.cli.app import run

from tests.support.places import ROOT
from tests.support.sandbox_caller import Caller

DOCUMENTATION = ROOT / "docs" / "sandbox.md"
WRONG: dict[str, str] = {
    "": "write STEP:KIND",
    "create": "write STEP:KIND",
    "create,reset": "write STEP:KIND",
    "create:explode": "no such kind; there are refuse, reset",
    "upload:reset": "this kind is for create, query, content, link",
    "create:expire": "this kind is for link",
    "query:no_range": "this kind is for content, link",
    "link:types": "this kind is for create, query",
    "create:reset,bytes=5": "no parameter 'bytes'; there are moment, times",
    "create:reset,moment=later": "must be one of done, read, arrival",
    "create:cut,moment=read": "must be one of done",
    "create:reset,times=0": "times is 0, and must be a whole number from 1",
    "create:reset,times=1.5": "must be a whole number",
    "create:reset,times=true": "must be a whole number",
    "create:reset,times=2,times=3": "times is given twice",
    "create:reset,probability=1.1": "must be a number from 0 to 1",
    "create:reset,probability=NaN": "must be a number from 0 to 1",
    "create:reset,seed=-1": "must be a whole number",
    "create:hang,seconds=-1": "must be a number from 0 to 3600",
    "create:hang,seconds=soon": "must be a number from 0 to 3600",
    "create:status": "the parameter 'status' is needed",
    "create:status,status=99": "must be a whole number from 200 to 599",
    "create:status,status=500,shape=round": "must be one of error, flat, html, empty",
    "create:status,status=429,retry_after=true": "must be seconds, or an HTTP date",
    "create:fields,fields=[1]": "must be a JSON object",
    "create:length,by=0": "other than 0",
    "create:drip,bytes=0": "must be a whole number from 1",
    "content:redirect,status=304": "one of 301, 302, 303, 307, 308",
    "content:refer,place=data..url": "names with dots between them",
    "link:redirect": "this kind is for content",
    "query:refer": "this kind is for content",
    "create:refuse,times=1": "no parameter 'times'; there are seconds",
}


def test_what_is_refused() -> None:
    """A fault that makes no sense is refused in one line that says what would be right; so is JSON that is no fault."""
    for spec, words in WRONG.items():
        with pytest.raises(InvalidFault) as raised:
            Fault.parse(spec)
        assert words in str(raised.value), spec
        assert "\n" not in str(raised.value)
    documents: list[object] = [None, 5, [], {}, {"step": 1, "kind": "reset"}, {"step": "create"}]
    for document in documents:
        with pytest.raises(InvalidFault):
            Fault.from_json(document)


def test_text_and_json_say_the_same() -> None:
    """Every kind can be written as text and as JSON, with the same meaning, and reads back from its own JSON."""
    needed: dict[str, dict[str, Any]] = {
        "status": {"status": 418},
        "fields": {"fields": {"a": [1, {"b": "c,d=e f"}]}},
    }
    for kind, described in KINDS.items():
        given = dict(needed.get(kind, {}))
        if kind != "refuse":
            given |= {"times": 3, "probability": 0.5, "after": 2, "seed": 7}
        fault = Fault.of(described.steps[0], kind, **given)
        assert Fault.from_json(json.loads(json.dumps(fault.as_json()))) == fault
        if kind != "fields":  # its value here looks like another parameter, which text cannot tell
            written = (f"{name}={json.dumps(value)}" for name, value in given.items())
            assert Fault.parse(",".join([f"{fault.step}:{kind}", *written])) == fault


def test_text_may_hold_commas_and_json() -> None:
    """Values are JSON where they can be, and plain text otherwise."""
    fault = Fault.parse('query:fields,fields={"a": 1, "b": [2, 3]},times=1')
    assert fault.parameters["fields"] == {"a": 1, "b": [2, 3]}
    assert fault.times == 1
    date = "Sat, 21 Nov 2026 10:00:00 GMT"
    assert (
        Fault.parse(f"query:status,status=429,retry_after={date}").parameters["retry_after"] == date
    )


def _hits(plan: FaultPlan, step: str, requests: int) -> list[str]:
    return [plan.draw(step).kind for _ in range(requests)]


def test_how_often() -> None:
    """`after`, `times` and the order of faults decide which request is hit."""
    plan = FaultPlan()
    plan.add(Fault.of("create", "reset", after=2, times=2))
    plan.add(Fault.of("create", "close", times=1))
    plan.add(Fault.of("query", "hang"))
    assert _hits(plan, "create", 6) == ["close", "", "reset", "reset", "", ""]
    assert _hits(plan, "query", 2) == ["hang", "hang"]
    assert [entry["struck"] for entry in plan.as_json()] == [2, 1, 2]
    assert [entry["seen"] for entry in plan.as_json()] == [6, 4, 2]


def test_chances_are_repeated() -> None:
    """The same seed hits the same requests, another seed others, and about as many as it should."""

    def run(seed: int) -> list[str]:
        plan = FaultPlan()
        plan.add(Fault.of("create", "reset", probability=0.3, seed=seed))
        plan.add(Fault.of("create", "close", probability=0.3, seed=seed))
        return _hits(plan, "create", 1000)

    first = run(1)
    assert first == run(1)
    assert first != run(2)
    assert 240 < first.count("reset") < 360
    # Of what is left to the second one. One seed must not make both hit the same requests.
    assert 150 < first.count("close") < 270


def test_over_http(fresh_caller: Caller) -> None:
    """At `/_sandbox/faults` faults are set, listed with what they did, and cleared."""
    http, gateway = fresh_caller.http, fresh_caller.gateway
    set_two = http.post(
        "/_sandbox/faults",
        json=["create:status,status=500,times=1", {"step": "query", "kind": "hang", "seconds": 0}],
    )
    assert [fault["kind"] for fault in set_two.json()["faults"]] == ["status", "hang"]
    assert fresh_caller.create_unified().status_code == 500
    assert fresh_caller.create_unified().status_code == 200
    listed = http.get("/_sandbox/faults").json()["faults"]
    assert (listed[0]["seen"], listed[0]["struck"]) == (2, 1)
    assert [fault.kind for fault in gateway.faults] == ["status", "hang"]
    assert http.delete("/_sandbox/faults").json() == {"faults": []}
    assert gateway.faults == []
    http.post("/_sandbox/faults", json={"step": "link", "kind": "refuse", "seconds": 30})
    with pytest.raises(httpx.ConnectError):
        httpx.get(gateway.links_url)
    http.delete("/_sandbox/faults")
    assert httpx.get(gateway.links_url).status_code == 404


def test_nonsense_over_http(caller: Caller) -> None:
    """What is no fault is answered with 400, and sets nothing."""
    json_type = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[" * 100_000, b'["create:explode"]', b"7"):
        answer = caller.http.post("/_sandbox/faults", content=body, headers=json_type)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_fault"
        assert caller.gateway.faults == []


def test_before_the_start() -> None:
    """Faults may be given to the constructor or set before the start; they hold from the first request."""
    sandbox = Sandbox(fast=True, faults=["create:status,status=500,times=1"])
    sandbox.fault("create", "status", status=501, times=1)
    with pytest.raises(SandboxError, match="does not run"):
        sandbox.fault("create", "refuse")
    with sandbox, Caller(sandbox) as caller:
        statuses = sorted(caller.create_unified().status_code for _ in range(3))
    assert statuses == [200, 500, 501]
    with pytest.raises(InvalidFault):
        Sandbox(faults=["create:explode"])


def test_stopping_does_not_wait_for_what_hangs() -> None:
    """A sandbox stops, and starts again on the same port, also while it hangs and while connections are refused."""
    sandbox = Sandbox(fast=True)
    for _ in range(2):
        with sandbox, Caller(sandbox) as caller:
            sandbox.fault("create", "hang", times=1)
            caller.http.timeout = 0.1
            with pytest.raises(httpx.ReadTimeout):
                caller.create_unified()
            sandbox.fault("link", "refuse", seconds=3600)
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.url)


def test_the_command_refuses_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    """`--fault` is checked before anything is started: one line, exit status 2."""
    assert run(["sandbox", "--port", "0", "--fault", "create:explode"]) == 2
    written = capsys.readouterr()
    assert "create:explode: no such kind" in written.err
    assert (written.out, written.err.count("\n")) == ("", 1)


def test_every_kind_is_documented() -> None:
    """The page's table has a row for each kind, with all of its parameters."""
    table = DOCUMENTATION.read_text("utf-8").partition("\n| Kind | Does |")[2].partition("\n\n")[0]
    for name, kind in KINDS.items():
        (row,) = [line for line in table.splitlines() if f"| `{name}` |" in line]
        for parameter in kind.parameters:
            assert f"`{parameter}" in row
