"""Kill a batch at random, continue it, and account for every create and every byte.

    python -m tests.facade.batch.killed --rows 1000 --kills 5 --seed 1

Each run is a process of its own that is killed (SIGKILL) after a random number of
creates; the last ones run to their end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

from chainhub_sandbox import Sandbox
from chainhub_video import BatchReport, ChainHub, LocalReceipt

from tests.facade.batch.child import POLL, start

CLIPS = 3  # few enough to be rendered once
_LONGEST = 600.0  # seconds without a create, after which something hangs


def write_manifest(path: Path, rows: int) -> None:
    """Write a manifest of rows that differ in a field of their own, and show few different clips."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            row = {
                "prompt": f"kitten {number % CLIPS}", "model": "grok-video-3", "aspect_ratio": "1:1",
                "name": f"{number:05}", "extra": {"number": number},
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")


class Killing:
    """A batch that is killed and continued.

    Args:
        gateway: a running sandbox.
        folder: an empty one.
        rows: of the manifest.
        concurrency: of each run.
        seed: of when it is killed.
    """

    def __init__(
        self, gateway: Sandbox, folder: Path, rows: int, concurrency: int, seed: int
    ) -> None:
        self.gateway, self.rows, self.concurrency = gateway, rows, concurrency
        self.manifest, self.out = folder / "rows.jsonl", folder / "out"
        self._chance, self._paid = random.Random(seed), gateway.paid
        write_manifest(self.manifest, rows)

    @property
    def paid(self) -> int:
        """How many creates were paid for."""
        return self.gateway.paid - self._paid

    def kill_once(self, within: int) -> int:
        """Start a run, kill it after some creates, and return how many were paid by then.

        Args:
            within: creates within which it is killed.
        """
        paid = self.paid + self._chance.randint(1, max(1, within))
        with self.start() as process:
            ends = time.monotonic() + _LONGEST
            while self.paid < paid and process.poll() is None:
                assert time.monotonic() < ends, "no create arrives any more"
                time.sleep(0.002)
            time.sleep(self._chance.random() * 0.05)
            process.kill()
            process.communicate()
        return self.paid

    def finish(self, *, resubmit: bool = False) -> BatchReport:
        """Run it to its end in this process, and return its report."""
        with ChainHub(base_url=self.gateway.url, api_key="sandbox", poll=POLL) as hub:
            return hub.batch.run(
                self.manifest,
                self.out,
                concurrency=self.concurrency,
                resubmit_uncertain=resubmit,
            )

    def start(self) -> subprocess.Popen[str]:
        """Run it in a process of its own."""
        return start(self.manifest, self.out, self.gateway.url, concurrency=self.concurrency)

    def check_files(self) -> int:
        """Compare each file with its receipt and with what the gateway made for its task; return how many there are."""
        made = {task.id: task.sha256 for task in self.gateway.tasks}
        files = sorted(self.out.glob("*.mp4"))
        for path in files:
            receipt = LocalReceipt(path).load()
            assert receipt is not None
            task, result = receipt.task or {}, receipt.result or {}
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert digest == result["sha256"] == made[task["id"]], path
            assert receipt.request["extra"]["number"] == int(path.stem), path
        return len(files)


def account(killing: Killing, kills: int) -> list[str]:
    """Kill a batch some times, finish it, and return what it came to; any loss and any double create is an error."""
    rows = killing.rows
    lines = []
    for number in range(1, kills + 1):
        before = killing.paid
        paid = killing.kill_once(max(1, 2 * (rows - before) // (kills + 2 - number)))
        lines.append(f"kill {number}: {paid} creates paid")
    report = killing.finish()
    uncertain = report.uncertain
    lines.append(
        f"continued: {report.saved} saved, {report.present} present, {uncertain} uncertain"
    )
    lines.append(f"creates paid: {killing.paid} for {rows} rows")
    assert report.saved + report.present + uncertain == rows, report
    assert killing.paid <= rows, "more creates than rows"
    assert killing.check_files() == rows - uncertain
    again = killing.paid
    if uncertain:
        report = killing.finish(resubmit=True)
    lines.append(f"released the uncertain ones: {killing.paid - again} further creates")
    assert killing.paid == again + uncertain
    assert report.ok, report
    assert killing.check_files() == rows
    lines.append(f"{rows} files, each with the sha256 that the gateway made")
    return lines


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=32)
    given = parser.parse_args()
    with Sandbox(fast=True, pace=0.1) as gateway, tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        killing = Killing(gateway, Path(folder), given.rows, given.concurrency, given.seed)
        if given.kills:
            print("\n".join(account(killing, given.kills)))
        else:
            report, _ = killing.start().communicate()
            print(report, f"{killing.paid} creates paid", f"{killing.check_files()} files")
        print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
