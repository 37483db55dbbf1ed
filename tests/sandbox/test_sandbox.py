"""Starting, stopping, and being told from production at a glance."""

from __future__ import annotations

import ast
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import chainhub_sandbox
import httpx
import pytest
from chainhub_sandbox import PortInUse, Sandbox, SandboxError, serve

from tests.support.places import ROOT
from tests.support.sandbox_caller import Caller

SERVE = """
import sys
sys.path[:0] = ["generated", "sandbox"]
from chainhub_sandbox import serve
serve(port=0, fast=True, on_ready=lambda sandbox: print(sandbox.url, flush=True))
print("stopped", flush=True)
"""


def test_starts_fast_and_leaves_nothing(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves a start under a second, and that stopping amid work leaves no thread or file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = set(threading.enumerate())
    started = time.process_time()  # of the processor: others may be using the machine
    with Sandbox() as gateway:
        assert time.process_time() - started < 1.0
        busy = Caller(gateway)
        busy.create_openai(seconds="60")
        busy.create_unified()
        busy.create_unified(prompt="still waiting for its turn")
        assert set(threading.enumerate()) > threads
        assert len(list(tmp_path.iterdir())) == 1
        started = time.process_time()
    assert time.process_time() - started < 3.0
    assert not set(threading.enumerate()) - threads
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        busy.query("video_x")
    busy.http.close()


def test_stops_while_a_client_reads_slowly(caller: Caller) -> None:
    """Proves that a client that has stopped reading does not keep the sandbox from stopping."""
    with Sandbox(pace=0.01) as gateway:
        slow = Caller(gateway)
        state = slow.finish(slow.create_unified(aspect_ratio="1:1"))
        with httpx.stream("GET", state["video_url"]) as answer:
            assert answer.status_code == 200
            started = time.perf_counter()
            gateway.stop()
            assert time.perf_counter() - started < 30
        slow.http.close()


def test_can_be_started_again() -> None:
    """Proves that one object may serve twice, though not at the same time."""
    sandbox = Sandbox(fast=True)
    with sandbox:
        with pytest.raises(SandboxError, match="runs already"):
            sandbox.start()
        assert httpx.get(sandbox.url).status_code == 200
    with sandbox:
        assert httpx.get(sandbox.url).status_code == 200
    sandbox.stop()


def test_port_in_use() -> None:
    """Proves that a taken port is an error of its own that names it, and nothing is left open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} on 127\.0\.0\.1 is in use"):
            Sandbox(port=port).start()
        with pytest.raises(PortInUse, match=str(port)):
            Sandbox(links_port=port).start()
        with pytest.raises(PortInUse, match=str(port)):
            serve(port=port)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"host": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
        ({"host": "no.such.host.invalid"}, "cannot listen on no.such.host.invalid"),
        ({"port": 70_000}, "0 to 65535"),
    ],
)
def test_impossible_address(arguments: dict[str, object], words: str) -> None:
    """Proves that an address that cannot be used is refused in one line."""
    with pytest.raises(SandboxError, match=words) as caught:
        Sandbox(**arguments).start()  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [{"pace": -1.0}, {"api_key": ""}])
def test_impossible_settings(arguments: dict[str, object]) -> None:
    """Proves that settings that make no sense are refused at once."""
    with pytest.raises(SandboxError):
        Sandbox(**arguments)  # type: ignore[arg-type]


def test_fixed_port_and_key() -> None:
    """Proves that the port is the one asked for, and that only the chosen key is let in."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Sandbox(port=port, api_key="schlüssel", fast=True) as gateway:
        assert gateway.url == f"http://127.0.0.1:{port}"
        url = f"{gateway.url}/v1/videos/x"
        right = httpx.get(url, headers={b"Authorization": "Bearer schlüssel".encode()})
        wrong = httpx.get(url, headers={"Authorization": "Bearer sandbox"})
        assert (right.status_code, wrong.status_code) == (400, 401)


def test_two_sandboxes_know_nothing_of_each_other(caller: Caller) -> None:
    """Proves that tasks and ledgers are each sandbox's own."""
    with Sandbox(fast=True) as one, Sandbox(fast=True) as two:
        callers = Caller(one), Caller(two)
        created = callers[0].create_unified().json()["id"]
        assert callers[0].query(created).status_code == 200
        assert callers[1].query(created).status_code == 400
        assert (one.paid, two.paid) == (1, 0)
        for each in callers:
            each.http.close()


def test_every_answer_is_marked(caller: Caller) -> None:
    """Proves that answers, refusals and files of both origins say that this is the sandbox."""
    link = caller.finish(caller.create_unified())["video_url"]
    answers = [
        caller.create_openai(),
        caller.create_openai(seconds="x"),
        caller.query("video_x"),
        httpx.get(caller.gateway.url),
        caller.http.get("/_sandbox/ledger"),
        httpx.get(link),
        httpx.get(caller.gateway.links_url),
    ]
    for answer in answers:
        assert answer.headers.get_list("server") == ["chainhub-sandbox"]
        assert answer.headers["x-chainhub-sandbox"] == "1"
        assert "date" in answer.headers


def test_request_ids_are_unique(caller: Caller) -> None:
    """Proves that every answer of the gateway has a request id of its own."""
    ids = [caller.query("video_x").headers["x-oneapi-request-id"] for _ in range(50)]
    assert len(set(ids)) == 50


def test_loopback_only_by_default(caller: Caller) -> None:
    """Proves that both origins listen on 127.0.0.1."""
    assert caller.gateway.url.startswith("http://127.0.0.1:")
    assert caller.gateway.links_url.startswith("http://127.0.0.1:")


@pytest.mark.skipif(sys.platform == "win32", reason="signals there end the process outright")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_on_signals(number: signal.Signals, tmp_path: Path) -> None:
    """Proves that the blocking server says where it is, and stops cleanly when asked."""
    command = [sys.executable, "-W", "error", "-c", SERVE]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(url).headers["server"] == "chainhub-sandbox"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    assert list(tmp_path.iterdir()) == []


def test_own_fault_is_said_in_one_line(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Proves that a bug in the sandbox is an answer in shape 1, and a traceback in its log only."""

    def bug(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("chainhub_sandbox.requests.find_model", bug)
    answer = caller.create_unified()
    assert answer.status_code == 500
    assert "ZeroDivisionError('a bug')" in answer.json()["error"]["message"]
    assert answer.headers["x-oneapi-request-id"] in answer.json()["error"]["message"]
    assert "Traceback" not in answer.text
    # The log is written after the answer, on the server's thread.
    deadline = time.monotonic() + 5
    while "ZeroDivisionError" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "ZeroDivisionError" in caplog.text


def test_knows_nothing_of_the_client() -> None:
    """Proves that the sandbox imports neither facade nor generated code: it cannot be fooled."""
    folder = Path(chainhub_sandbox.__file__).parent
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                assert not name.startswith(("chainhub_api", "chainhub_video")), module
