"""A batch in processes of its own: interrupted, killed, and two at once on one folder."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import LocalReceipt

from .child import start
from .conftest import Run, kittens
from .killed import Killing, account

_LONGEST = 60.0


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Eight rows."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in kittens(8)))
    return path


def ended(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """Wait for a process, and return the report that it printed and what it said besides."""
    with process:
        told, said = process.communicate(timeout=_LONGEST)
    return json.loads(told or "{}"), said


def states(out: Path) -> list[str]:
    """Return how far the outputs in a folder are."""
    receipts = [LocalReceipt.of(path).load() for path in out.glob("*.task.json")]
    return [receipt.state.value for receipt in receipts if receipt is not None]


def test_ctrl_c_twice_stops_at_once_and_loses_nothing(
    run: Run, gateway: Sandbox, manifest: Path, tmp_path: Path
) -> None:
    """Tasks that run forever are left; their receipts tell of them, and the next run saves their videos."""
    before, out = gateway.paid, tmp_path / "out"
    gateway.hold()
    process = start(manifest, out, gateway.url, concurrency=2)
    try:
        ends = time.monotonic() + _LONGEST
        while states(out) != ["submitted", "submitted"]:
            assert time.monotonic() < ends
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the rows
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        _, said = ended(process)
    finally:
        gateway.release()
    assert said.rstrip().splitlines()[-1].startswith("KeyboardInterrupt")
    assert process.returncode in (-signal.SIGINT, 130)
    assert states(out) == ["submitted", "submitted"]
    report = run(manifest)
    assert (report.saved, report.creates, report.ok) == (8, 6, True)
    assert gateway.paid - before == 8


def test_two_batches_at_once_pay_once(gateway: Sandbox, manifest: Path, tmp_path: Path) -> None:
    """Both are run on one folder; each row has one create, and both see all rows done."""
    before, out = gateway.paid, tmp_path / "out"
    both = [start(manifest, out, gateway.url, concurrency=4) for _ in range(2)]
    reports = [ended(process)[0] for process in both]
    assert [report["ok"] for report in reports] == [True, True], reports
    assert gateway.paid - before == 8
    assert len([*out.glob("*.mp4")]) == 8


def test_a_batch_that_is_killed_loses_nothing(gateway: Sandbox, tmp_path: Path) -> None:
    """Killed at random and continued: never more creates than rows and released ones, and every file is right."""
    killing = Killing(gateway, tmp_path, rows=12, concurrency=4, seed=3)
    lines = account(killing, kills=1)
    assert lines[-1] == "12 files, each with the sha256 that the gateway made"
