"""Starting, stopping, and being told from production at a glance."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_sandbox import PortInUse, Sandbox, SandboxError, serve

from tests.support.places import ROOT
from tests.support.sandbox_caller import Caller, wait_until

SERVE = """
import sys
sys.path[:0] = ["generated", "sandbox"]
from chainhub_sandbox import serve
serve(port=0, fast=True, on_ready=lambda sandbox: print(sandbox.url, flush=True))
print("stopped", flush=True)
"""


def test_starts_fast_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start takes less than a second, a second one is refused, and stopping amid work leaves no thread or file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = set(threading.enumerate())
    started = time.process_time()  # of the processor: others may be using the machine
    with Sandbox() as gateway, Caller(gateway) as busy:
        assert time.process_time() - started < 1.0
        with pytest.raises(SandboxError, match="runs already"):
            gateway.start()
        busy.create_openai(seconds="60")
        busy.create_unified()
        busy.create_unified(prompt="still waiting for its turn")
        assert set(threading.enumerate()) - threads  # those of other tests may have ended
        assert len(list(tmp_path.iterdir())) == 1
        started = time.process_time()
        gateway.stop()
        assert time.process_time() - started < 3.0
        assert not set(threading.enumerate()) - threads
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(httpx.ConnectError):
            busy.query("video_x")


def test_stops_while_a_client_reads_slowly() -> None:
    """A client that has stopped reading does not keep the sandbox from stopping."""
    with Sandbox(pace=0.01) as gateway, Caller(gateway) as slow:
        state = slow.finish(slow.create_unified(aspect_ratio="1:1"))
        with httpx.stream("GET", state["video_url"]) as answer:
            assert answer.status_code == 200
            started = time.perf_counter()
            gateway.stop()
            assert time.perf_counter() - started < 30


def test_port_in_use() -> None:
    """A taken port is an error of its own that names it, and nothing is left open."""
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
        ({"pace": -1.0}, "0 or more"),
        ({"api_key": ""}, "api_key is empty"),
    ],
)
def test_impossible_settings(arguments: dict[str, Any], words: str) -> None:
    """An address that cannot be used, and settings that make no sense, are refused in one line."""
    with pytest.raises(SandboxError, match=words) as caught:
        Sandbox(**arguments).start()
    assert "\n" not in str(caught.value)


def test_fixed_port_and_key() -> None:
    """The port is the one asked for, and only the chosen key is let in."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Sandbox(port=port, api_key="schlüssel", fast=True) as gateway:
        assert gateway.url == f"http://127.0.0.1:{port}"
        url = f"{gateway.url}/v1/videos/x"
        right = httpx.get(url, headers={b"Authorization": "Bearer schlüssel".encode()})
        wrong = httpx.get(url, headers={"Authorization": "Bearer sandbox"})
        assert (right.status_code, wrong.status_code) == (400, 401)


def test_every_answer_is_marked(caller: Caller) -> None:
    """Answers, refusals and files of both origins say that this is the sandbox; the gateway's have ids of their own."""
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
    ids = {caller.query("video_x").headers["x-oneapi-request-id"] for _ in range(50)}
    assert len(ids) == 50


@pytest.mark.skipif(sys.platform == "win32", reason="it ends the process outright there")
def test_serve_stops_on_sigterm(tmp_path: Path) -> None:
    """The blocking server says where it is, and stops cleanly when asked; Ctrl-C is the command's test."""
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
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    assert list(tmp_path.iterdir()) == []


def test_own_fault_is_said_in_one_line(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in the sandbox is an answer in shape 1, and a traceback in its log only."""

    def bug(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("chainhub_sandbox.requests.find_model", bug)
    answer = caller.create_unified()
    assert answer.status_code == 500
    assert "ZeroDivisionError('a bug')" in answer.json()["error"]["message"]
    assert answer.headers["x-oneapi-request-id"] in answer.json()["error"]["message"]
    assert "Traceback" not in answer.text
    # The log is written after the answer, on the server's thread.
    wait_until(lambda: "ZeroDivisionError" in caplog.text)
