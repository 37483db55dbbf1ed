"""Receipts by command: what is finished, what is told, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox

from .conftest import Run

GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")


@pytest.fixture
def started(run: Run, tmp_path: Path) -> dict[str, Any]:
    """The receipt of a task that was created and not waited for, at a.mp4."""
    done = run("generate", "x", *GROK, "-o", "a.mp4", "--timeout", "0")
    assert done.returncode == 4
    receipt: dict[str, Any] = json.loads((tmp_path / "a.mp4.task.json").read_text())
    assert receipt["state"] == "submitted"
    return receipt


def _left(folder: Path, name: str, receipt: dict[str, Any], **changes: Any) -> None:
    """Leave a receipt as an earlier run would have."""
    changed = {**receipt, **changes}
    changed["times"] = {**receipt["times"], changed["state"]: "2026-11-20T12:00:00.000+00:00"}
    (folder / f"{name}.task.json").write_text(json.dumps(changed))


def test_a_deadline_names_the_command_that_goes_on(run: Run, tmp_path: Path) -> None:
    """When the time is up, exit 4 and one line with the receipt and a command that then finishes."""
    made = run("generate", "x", *GROK, "-o", "a.mp4", "--timeout", "0")
    assert made.returncode == 4
    *_, line = made.stderr.splitlines()
    assert str(tmp_path / "a.mp4.task.json") in line
    assert line.endswith(f"chainhub-video resume {tmp_path / 'a.mp4'}")


def test_several_are_resumed_and_each_failure_is_told(
    run: Run, gateway: Sandbox, tmp_path: Path, started: dict[str, Any]
) -> None:
    """What can be finished is, whatever comes before it; each other one has a line; exit status: the worst."""
    _left(tmp_path, "failed", started, state="failed", reason="moderation")
    _left(tmp_path, "uncertain", started, state="uncertain", task=None)
    (tmp_path / "torn.mp4.task.json").write_text('{"version": 1, "state": "sub')
    paid = gateway.paid

    done = run("resume", "failed", "none.mp4", "torn.mp4", "uncertain.task.json", "a.mp4.task.json")

    assert done.returncode == 3
    (result,) = done.stdout.splitlines()
    assert str(tmp_path / "a.mp4") in result
    assert (tmp_path / "a.mp4").stat().st_size > 1000
    lines = [line for line in done.stderr.splitlines() if line.startswith("chainhub-video: ")]
    told = {name: line for line in lines for name in [line.split(": ")[1]]}
    assert len(told) == len(lines) == 4
    assert "moderation" in told["failed"]
    assert "nothing was started there" in told["none.mp4"]
    assert "torn" in told["torn.mp4"]
    assert "may have been paid" in told["uncertain.task.json"]
    assert gateway.paid == paid
    assert (tmp_path / "torn.mp4.task.json").read_text() == '{"version": 1, "state": "sub'


def test_resumed_again_it_is_there_already(
    run: Run, gateway: Sandbox, started: dict[str, Any]
) -> None:
    """The second time nothing is asked for, and the result, here as JSON, is the same completed task."""
    first = run("resume", "a.mp4", "--json")
    heard = len(gateway.requests)
    second = run("resume", "a.mp4", "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    one, other = json.loads(first.stdout), json.loads(second.stdout)
    assert (one["sha256"], one["task"]["id"]) == (other["sha256"], started["task"]["id"])
    assert one["task"]["status"] == other["task"]["status"] == "completed"
    assert len(gateway.requests) == heard


def test_status_reads_each_state_without_key_or_gateway(
    run: Run, gateway: Sandbox, tmp_path: Path, started: dict[str, Any]
) -> None:
    """One line an output, in the order that was asked for: its state, since when, its task, its size, why."""
    result = {"size": 5_300_000, "sha256": "0" * 64}
    end = "2026-11-20T12:05:00.000+00:00"
    _left(tmp_path, "1", started, state="submitting", task=None, expires=end)
    _left(tmp_path, "2", started, state="uncertain", task=None, reason="reset by peer")
    _left(tmp_path, "3", started)
    _left(tmp_path, "4", started, state="saved", result=result)
    _left(tmp_path, "5", started, state="failed", reason="line\nbreak")
    heard, task = len(gateway.requests), f"task {started['task']['id']}"

    done = run("status", "1", "2", "3.task.json", "4", "5", CHAINHUB_API_KEY=None)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    since = "since 2026-11-20T12:00:00.000+00:00"
    assert done.stdout.splitlines() == [
        f"1: submitting {since}",
        f"2: uncertain {since}, reset by peer",
        f"3.task.json: submitted {since}, {task}",
        f"4: saved {since}, {task}, 5.3 MB",
        f"5: failed {since}, {task}, line break",
    ]
    assert len(gateway.requests) == heard
    as_json = run("status", "4", "--json", CHAINHUB_API_KEY=None)
    assert json.loads(as_json.stdout)["result"] == result


def test_status_tells_what_it_can_and_why_not_the_rest(
    run: Run, tmp_path: Path, started: dict[str, Any]
) -> None:
    """An output without a receipt is not taken for an id; each that fails has its line, and the others are told."""
    (tmp_path / "torn.task.json").touch()
    done = run("status", "none.mp4", "torn", "video_unknown", "a.mp4", started["task"]["id"])
    assert done.returncode == 1
    told, asked = done.stdout.splitlines()
    assert told.startswith("a.mp4: submitted since ")
    assert started["task"]["id"] in asked
    none, torn, unknown = done.stderr.splitlines()
    assert "there is no receipt" in none
    assert "torn or was edited" in torn
    assert "does not know this task" in unknown
    assert run("status", "video_unknown").returncode == 1


def test_another_request_at_the_same_place_is_exit_1(
    run: Run, gateway: Sandbox, started: dict[str, Any]
) -> None:
    """One line names the receipt and the field that differs; nothing is sent."""
    heard = len(gateway.requests)
    done = run("generate", "another", *GROK, "-o", "a.mp4")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "a.mp4.task.json" in line
    assert "differs in prompt" in line
    assert len(gateway.requests) == heard
    assert started["request"]["prompt"] == "x"


def test_the_environment_limits_what_the_command_may_pay_for(
    run: Run, gateway: Sandbox, tmp_path: Path
) -> None:
    """CHAINHUB_MAX_CREATES=0 refuses the create as a mistake on this side, and leaves no receipt."""
    heard = len(gateway.requests)
    done = run("generate", "x", *GROK, "-o", "b.mp4", CHAINHUB_MAX_CREATES="0")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "of settings) is 0" in line
    assert len(gateway.requests) == heard
    assert not list(tmp_path.iterdir())
    wrong = run("generate", "x", *GROK, "-o", "b.mp4", CHAINHUB_MAX_CREATES="many")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
