"""Once a create is paid, nothing that goes wrong later costs the video, or a second create."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Fault, Sandbox
from chainhub_video import Timeouts

from tests.support.colours import DRIVERS, Colour, Hub
from tests.support.wires import WIRES, Wire

TIMEOUTS = Timeouts(connect=5, read=0.3, write=5, create=10)

QUERIES: dict[str, str] = {
    "reset": "query:reset,times=3",
    "closed": "query:close,moment=arrival,times=3",
    "silent": "query:hang,times=1",
    "late": "query:hang,seconds=0.1,times=2",
    "cut head": "query:cut,part=head,times=3",
    "cut body": "query:cut,times=3",
    "too long": "query:length,by=40,times=2",
    "429": "query:status,status=429,shape=flat,retry_after=0.05,times=2",
    "500": "query:status,status=500,times=3",
    "502 HTML": "query:status,status=502,shape=html,times=3",
    "503 empty": "query:status,status=503,shape=empty,times=3",
    "200 HTML": "query:status,status=200,shape=html,times=3",
    "wrong types": "query:types,times=3",
    "odd states": "query:state,times=8",
    "odd times": "query:clock",
    "drip": "query:drip,bytes=50,seconds=0.005,times=3",
    "nothing there": "query:refuse,seconds=0.2",
}

# What strikes the download, and how many requests for the video it takes at least.
DOWNLOADS: dict[str, tuple[str, int]] = {
    "reset": ("reset,times=2", 3),
    "closed": ("close,times=2", 3),
    "silent": ("hang,times=1", 2),
    "cut head": ("cut,part=head,times=2", 3),
    "cut at 1000 bytes, three times": ("cut,bytes=1000,times=3", 4),
    "cut by a reset": ("cut,bytes=1000,ending=reset,times=2", 3),
    "cut at the last byte": ("cut,bytes=100000000,times=1", 1),
    "longer than announced": ("length,by=-100,times=2", 3),
    "shorter than announced": ("length,by=100,times=2", 3),
    "500": ("status,status=500,times=2", 3),
    "502 HTML": ("status,status=502,shape=html,times=2", 3),
    "200 HTML": ("status,status=200,shape=html,times=2", 3),
    "200 empty": ("status,status=200,shape=empty,times=2", 3),
    "200 JSON": ("status,status=200,shape=error,times=2", 3),
    "drip": ("drip,bytes=4096,seconds=0.01,times=1", 1),
}


WORDS = {
    *("429", "500", "502 HTML", "503 empty", "200 HTML", "200 empty", "200 JSON"),
    *("wrong types", "odd states", "odd times"),
}
"""What is a whole answer, so that both drivers make the same of it."""


@pytest.fixture(scope="module")
def _gateway() -> Iterator[Sandbox]:
    with Sandbox(fast=True, pace=0.005) as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway: Sandbox) -> Iterator[Sandbox]:
    """A sandbox without faults, and without any left afterwards."""
    yield _gateway
    _gateway.clear_faults()


@pytest.fixture
def hub(colour: Colour, gateway: Sandbox) -> Hub:
    """A client of each driver."""
    return colour.hub(gateway.url, api_key="sandbox", timeout=TIMEOUTS)


def _saved_well(gateway: Sandbox, target: Path, paid: int) -> None:
    """One create was paid, its video is the file, whole, and nothing else lies beside it."""
    assert gateway.paid == paid + 1
    (task,) = gateway.creates[-1].tasks[-1:]
    assert hashlib.sha256(target.read_bytes()).hexdigest() == task.sha256
    assert task.fetched_whole
    names = {path.name for path in target.parent.iterdir()}
    assert names == {target.name, f"{target.name}.task.json"}
    assert gateway.key_leaks == 0


def _job(wire: Wire, case: str, target: Path) -> dict[str, Any]:
    """Arguments that no other job has, for a clip that all have."""
    seconds = {"seconds": 1} if wire.name == "openai" else {}
    return {**wire.arguments, **seconds, "extra": {"case": case}, "save_to": target, "timeout": 30}


def _by_turns(cases: Iterable[str]) -> pytest.MarkDecorator:
    """A test for each case; format and driver change, and what breaks the connection is tried through both drivers."""
    turns = cycle(product(WIRES.values(), DRIVERS))
    chosen: list[Any] = []
    for case in cases:
        wire, driver = next(turns)
        drivers = (driver,) if case in WORDS else DRIVERS
        chosen += [pytest.param(case, wire, each, id=f"{case}-{each}") for each in drivers]
    return pytest.mark.parametrize(("case", "wire", "colour"), chosen, indirect=["colour"])


@_by_turns(QUERIES)
def test_queries_that_go_wrong(
    gateway: Sandbox, hub: Hub, wire: Wire, case: str, tmp_path: Path
) -> None:
    """A job whose queries fail ends with its video, and with one create."""
    target, paid = tmp_path / "kitten.mp4", gateway.paid
    faults = [Fault.parse(QUERIES[case])]
    refused = faults[0].kind == "refuse"
    if not refused:
        gateway.set(faults.pop())

    def shut(_: object) -> None:
        """Refuse connections from the moment the task is there."""
        while faults:
            gateway.set(faults.pop())

    job = _job(wire, f"query {case} {hub.colour.name}", target)
    hub.videos.generate(**job, on_update=shut)
    _saved_well(gateway, target, paid)
    assert refused or gateway.fault_counts[0]["struck"]


@_by_turns(DOWNLOADS)
def test_downloads_that_go_wrong(
    gateway: Sandbox, hub: Hub, wire: Wire, case: str, tmp_path: Path
) -> None:
    """A job whose download fails ends with the rendered file."""
    target, paid = tmp_path / "kitten.mp4", gateway.paid
    step = "content" if wire.name == "openai" else "link"
    spec, least = DOWNLOADS[case]
    gateway.set(Fault.parse(f"{step}:{spec}"))
    before = len(gateway.requests)
    hub.videos.generate(**_job(wire, f"download {case} {hub.colour.name}", target))
    _saved_well(gateway, target, paid)
    assert sum(request.step == step for request in gateway.requests[before:]) >= least


def test_only_the_rest_is_fetched_again(
    gateway: Sandbox, hub: Hub, wire: Wire, tmp_path: Path
) -> None:
    """After a cut the download continues where it broke off; where ranges are ignored it starts over."""
    step = "content" if wire.name == "openai" else "link"
    for ignores in (False, True):
        target, paid = tmp_path / f"{ignores}" / "kitten.mp4", gateway.paid
        target.parent.mkdir()
        gateway.fault(step, "cut", bytes=5000, times=1)
        if ignores:
            gateway.fault(step, "no_range")
        before = len(gateway.requests)
        hub.videos.generate(**_job(wire, f"rest {ignores} {hub.colour.name}", target))
        _saved_well(gateway, target, paid)
        first, second = (each for each in gateway.requests[before:] if each.step == step)
        assert "range" not in first.headers
        assert second.headers["range"] == "bytes=5000-"
        assert (second.fault == "no_range at done") is ignores


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_expired_links_are_renewed(gateway: Sandbox, hub: Hub, status: int, tmp_path: Path) -> None:
    """A link that has expired, even twice and in the middle of the download, costs two more queries."""
    target, paid = tmp_path / "kitten.mp4", gateway.paid
    gateway.fault("link", "cut", bytes=5000, times=1)
    gateway.fault("link", "expire", status=status, times=2)
    hub.videos.generate(**_job(WIRES["unified"], f"expired {status} {hub.colour.name}", target))
    _saved_well(gateway, target, paid)
    assert gateway.fault_counts[1]["struck"] == 2


_SAVES = """
import sys
from pathlib import Path
from chainhub_video import ChainHub
with ChainHub(base_url=sys.argv[1], api_key="sandbox") as hub:
    hub.videos.download(hub.videos.retrieve(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.parametrize("colour", ["blocking"], indirect=True)
def test_two_processes_may_save_to_one_path(gateway: Sandbox, hub: Hub, tmp_path: Path) -> None:
    """Processes that download to one path at the same time, slowly and with cuts, leave one whole file."""
    target = tmp_path / "kitten.mp4"
    task = hub.videos.create(**{**WIRES["unified"].arguments, "prompt": "Two at once"})
    task = hub.videos.wait(task)
    gateway.fault("link", "cut", bytes=10_000, times=2)
    gateway.fault("link", "drip", bytes=20_000, seconds=0.05, times=2)
    before = sum(request.step == "link" for request in gateway.requests)
    command = [sys.executable, "-c", _SAVES, gateway.url, task.id, str(target)]
    with subprocess.Popen(command) as other:
        gateway.wait_for("link", before + 1, seconds=60)
        hub.videos.download(task, target)
        assert other.wait(30) == 0
    assert [fault["struck"] for fault in gateway.fault_counts] == [2, 2]
    (paid,) = gateway.creates[-1].tasks
    assert hashlib.sha256(target.read_bytes()).hexdigest() == paid.sha256
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
