"""The real command as a process of its own: what is on its wire, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.app import run
from chainhub_video.receipts.file import LocalReceipt

from tests.support.places import KITTEN

from .conftest import KEY, REQUEST

EXAMPLE = KITTEN.with_name("assistant_session.py")
PAGE = KITTEN.parents[1] / "docs" / "mcp.md"
COMMAND = str(Path(sys.executable).with_name("chainhub-video"))
pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes, shells and signals as on POSIX")

# Keeps every byte that passes, in both directions and on standard error.
_RECORDED = 'tee "$0/in" | "$@" 2>"$0/err" | tee "$0/out"'

# A client that starts a server and a video, and is killed before it has read the answer.
_CLIENT = """
import json, subprocess, sys, time
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for line in json.loads(sys.argv[1]):
    server.stdin.write(json.dumps(line).encode() + b"\\n")
server.stdin.flush()
time.sleep(600)
"""


def environment(gateway: Sandbox) -> dict[str, str]:
    """Return what the command needs, and the guard of the network."""
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("TESTS_", "PYTHON"))}
    return {
        **kept,
        "PATH": os.environ["PATH"],
        "CHAINHUB_API_KEY": KEY,
        "CHAINHUB_BASE_URL": gateway.url,
    }


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    """Return a request of the protocol."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def opening() -> list[dict[str, Any]]:
    """Return what a client of an earlier version of the protocol begins with."""
    client = {"name": "test", "version": "1"}
    return [
        request(1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]


def plain(session: str) -> list[str]:
    """Return the lines of a session that are the same each time."""
    session = re.sub(r"video_[0-9a-f-]{36}", "video_…", session)
    session = re.sub(r'"bytes": \d+', '"bytes": …', session)
    session = re.sub(r'"file": "[^"]*/', '"file": "…/', session)
    return [line for line in session.splitlines() if not line.startswith("    ")]


def test_a_session_and_every_byte_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One video is made and a second one refused, as the docs show it; the key is in no byte of wire and log."""
    example = runpy.run_path(str(EXAMPLE))
    recorded = ("sh", "-c", _RECORDED, str(tmp_path), *example["COMMAND"])
    asyncio.run(example["main"](recorded))
    shown = capsys.readouterr().out
    assert shown.count('"state": "saved"') == 3  # wait, the same generate again, list
    assert "ERROR The limit of creates is reached" in shown
    assert re.search(r"^    \d+ of 100: \w+$", shown, re.MULTILINE)
    assert shown.endswith("paid: 1\n")
    assert plain(shown) == plain(PAGE.read_text().split("```console\n")[1].split("```")[0])
    for stream in ("in", "out", "err"):
        assert example["KEY"].encode() not in (tmp_path / stream).read_bytes(), stream
    assert b"saved" in (tmp_path / "out").read_bytes()
    assert (tmp_path / "err").read_bytes() == b""


def test_nonsense_is_answered_and_a_signal_ends_it(gateway: Sandbox, folder: Path) -> None:
    """Lines that are no message, method or arguments leave the server alive; SIGTERM ends it with a true receipt."""
    gateway.hold()
    asked = [
        request(2, "no/such/method"),
        request(3, "tools/call", name=7, arguments="none"),
        request(4, "tools/call", name="pay", arguments={}),
        request(5, "tools/call", name="wait", arguments={"name": 1}),
        request(6, "tools/call", name="generate", arguments={"name": "kitten", **REQUEST}),
    ]
    begin, told = (
        b"\n".join(json.dumps(line).encode() for line in each) for each in (opening(), asked)
    )
    wrong = (
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'"text"',
        b'{"jsonrpc": "1.0", "id": 90, "method": "ping"}',
    )
    with subprocess.Popen(
        [COMMAND, "mcp", "--dir", folder, "--max-creates", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(gateway),
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"\n".join([begin, *wrong, told, b""]))
        server.stdin.flush()
        answers: dict[int, dict[str, Any]] = {}
        while 6 not in answers:
            answer = json.loads(server.stdout.readline())
            answers[answer.get("id")] = answer
        server.send_signal(signal.SIGTERM)  # while it waits for more
        began = time.monotonic()
        assert server.wait(timeout=60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10  # of a busy machine; alone it takes two
    assert answers[1]["result"]["protocolVersion"] == "2025-06-18"
    assert [answers[number]["error"]["code"] for number in (2, 3, 4)] == [-32601, -32602, -32602]
    assert answers[5]["result"]["isError"] is True
    assert answers[6]["result"]["structuredContent"]["state"] == "submitted"
    receipt = LocalReceipt.of(folder / "kitten.mp4").load()
    assert receipt is not None
    assert receipt.state == "submitted"


def test_a_client_that_is_killed_takes_the_server_with_it(gateway: Sandbox, folder: Path) -> None:
    """With a create on its way, and nobody left, the server ends; the receipt says that the outcome is unknown."""
    earlier = sum(one.method == "POST" for one in gateway.requests)
    gateway.fault("create", "hang", times=1)
    generate = request(2, "tools/call", name="generate", arguments={"name": "kitten", **REQUEST})
    server = [COMMAND, "mcp", "--dir", str(folder), "--max-creates", "1"]
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _CLIENT, json.dumps([*opening(), generate]), *server],
        stderr=subprocess.PIPE,  # the server has it too, so that its end is seen
        env=environment(gateway),
    ) as client:
        gateway.wait_for("create", times=earlier + 1, seconds=60)
        client.kill()
        began = time.monotonic()
        assert client.stderr is not None
        told = client.stderr.read()  # until the server has ended
        assert time.monotonic() - began < 10  # of a busy machine; alone it takes two
    assert b"Traceback" not in told
    assert KEY.encode() not in told
    receipt = LocalReceipt.of(folder / "kitten.mp4").load()
    assert receipt is not None
    assert receipt.state == "uncertain"


def test_a_server_needs_a_folder_and_a_limit(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither has a default: what may be spent, and where, is said by whoever starts it."""
    for arguments, words in (
        (["--dir", "."], "--max-creates"),
        (["--max-creates", "1"], "--dir"),
        (["--dir", ".", "--max-creates", "-1"], "max-creates"),
    ):
        assert run(["mcp", *arguments]) == 2
        assert words in capfd.readouterr().err


def test_a_missing_extra_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the command says what to install."""
    monkeypatch.delitem(sys.modules, "chainhub_video.mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    assert run(["mcp", "--dir", ".", "--max-creates", "1"]) == 2
    assert "pip install 'chainhub-video[mcp]'" in capfd.readouterr().err
