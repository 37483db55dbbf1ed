"""Receipts by command: what is finished, what is told, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox

from .command import Command
from .conftest import GROK


@pytest.fixture
def started(command: Command) -> dict[str, Any]:
    """The receipt of a task that was created and not waited for, at a.mp4."""
    status, _, (*_, line) = command("generate", "x", *GROK, "-o", "a.mp4", "--timeout", "0")
    assert status == 4
    assert str(command.folder / "a.mp4.task.json") in line
    assert line.endswith(f"chainhub-video resume {command.folder / 'a.mp4'}")
    receipt: dict[str, Any] = json.loads(Path("a.mp4.task.json").read_text())
    assert receipt["state"] == "submitted"
    return receipt


def _left(name: str, receipt: dict[str, Any], **changes: Any) -> None:
    """Leave a receipt as an earlier run would have."""
    changed = {**receipt, **changes}
    changed["times"] = {**receipt["times"], changed["state"]: "2026-11-20T12:00:00.000+00:00"}
    Path(f"{name}.task.json").write_text(json.dumps(changed))


def test_several_are_resumed_and_each_failure_is_told(
    command: Command, chainhub_sandbox: Sandbox, started: dict[str, Any]
) -> None:
    """What can be finished is, whatever comes before it; each other one has a line; exit status: the worst."""
    _left("failed", started, state="failed", reason="moderation")
    _left("uncertain", started, state="uncertain", task=None)
    torn = Path("torn.mp4.task.json")
    torn.write_text('{"version": 1, "state": "sub')
    status, (result,), said = command(
        "resume", "failed", "none.mp4", "torn.mp4", "uncertain.task.json", "a.mp4.task.json"
    )
    assert status == 3
    assert str(command.folder / "a.mp4") in result
    assert Path("a.mp4").stat().st_size > 1000
    lines = [line for line in said if line.startswith("chainhub-video: ")]
    told = {line.split(": ")[1]: line for line in lines}
    assert len(told) == len(lines) == 4
    assert "moderation" in told["failed"]
    assert "nothing was started there" in told["none.mp4"]
    assert "torn" in told["torn.mp4"]
    assert "may have been paid" in told["uncertain.task.json"]
    assert chainhub_sandbox.paid == 1
    assert torn.read_text() == '{"version": 1, "state": "sub'


def test_resumed_again_it_is_there_already(
    command: Command, chainhub_sandbox: Sandbox, started: dict[str, Any]
) -> None:
    """The second time nothing is asked for, and the result, here as JSON, is the same completed task."""
    first = command("resume", "a.mp4", "--json")
    heard = len(chainhub_sandbox.requests)
    second = command("resume", "a.mp4", "--json")
    assert (first.status, second.status) == (0, 0), first.said + second.said
    one, other = json.loads(first.told[0]), json.loads(second.told[0])
    assert (one["sha256"], one["task"]["id"]) == (other["sha256"], started["task"]["id"])
    assert one["task"]["status"] == other["task"]["status"] == "completed"
    assert len(chainhub_sandbox.requests) == heard


def test_status_reads_each_state_without_key_or_gateway(
    command: Command, chainhub_sandbox: Sandbox, started: dict[str, Any]
) -> None:
    """One line an output, in the order that was asked for: its state, since when, its task, its size, why."""
    result = {"size": 5_300_000, "sha256": "0" * 64}
    end = "2026-11-20T12:05:00.000+00:00"
    _left("1", started, state="submitting", task=None, expires=end)
    _left("2", started, state="uncertain", task=None, reason="reset by peer")
    _left("3", started)
    _left("4", started, state="saved", result=result)
    _left("5", started, state="failed", reason="line\nbreak")
    command.environment.delenv("CHAINHUB_API_KEY")
    heard, task = len(chainhub_sandbox.requests), f"task {started['task']['id']}"
    since = "since 2026-11-20T12:00:00.000+00:00"
    assert command("status", "1", "2", "3.task.json", "4", "5") == (
        0,
        [
            f"1: submitting {since}",
            f"2: uncertain {since}, reset by peer",
            f"3.task.json: submitted {since}, {task}",
            f"4: saved {since}, {task}, 5.3 MB",
            f"5: failed {since}, {task}, line break",
        ],
        [],
    )
    assert json.loads(command("status", "4", "--json").told[0])["result"] == result
    assert len(chainhub_sandbox.requests) == heard


def test_status_tells_what_it_can_and_why_not_the_rest(
    command: Command, started: dict[str, Any]
) -> None:
    """An output without a receipt is not taken for an id; each that fails has its line, and the others are told."""
    Path("torn.task.json").touch()
    task = started["task"]["id"]
    status, told, said = command("status", "none.mp4", "torn", "video_unknown", "a.mp4", task)
    assert status == 1
    saved, asked = told
    assert saved.startswith("a.mp4: submitted since ")
    assert task in asked
    none, torn, unknown = said
    assert "there is no receipt" in none
    assert "torn or was edited" in torn
    assert "does not know this task" in unknown
