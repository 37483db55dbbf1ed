"""The soak's verdict: what the folder and the sandbox's ledger say in the end."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainhub_sandbox import CreateRecord, Sandbox

from tests.faults.jobs import EVENTS, PICTURE, number_in, output_of, receipt_of
from tests.faults.schedule import History

CALLS = "calls"
KILLS = "clients killed (SIGKILL)"
PAID_TWICE = "paid twice without release"
LOST = "lost (paid, unknown, never released)"


@dataclass
class Job:
    """All that is known of one job.

    Attributes:
        number: its number.
        record: its creates, as the sandbox saw them; None if none was read whole.
        receipt: what its receipt says in the end.
        by_create: how often a create told its caller that its outcome is unknown.
        by_receipt: how often a receipt told so, later.
        releases: how often a caller then said that it be sent again.
        in_window: how many claims were cut off by a kill.
    """

    number: int
    record: CreateRecord | None
    receipt: dict[str, Any] | None
    by_create: int
    by_receipt: int
    releases: int
    in_window: int

    @property
    def paid(self) -> int:
        """How many creates production would have charged."""
        return len(self.record.tasks) if self.record else 0

    @property
    def arrived(self) -> int:
        """How many creates the sandbox read whole."""
        return self.record.arrived if self.record else 0

    @property
    def uncertain(self) -> int:
        """How often a caller was told that the outcome is unknown."""
        return self.by_create + self.by_receipt

    @property
    def open_tasks(self) -> int:
        """How many paid tasks the receipt does not name: known to nobody but the vendor."""
        known = (self.receipt or {}).get("task") or {}
        tasks = self.record.tasks if self.record else ()
        return sum(task.id != known.get("id") for task in tasks)


@dataclass
class Verdict:
    """What came out of a soak.

    Attributes:
        rows: the table: numbers, and how many requests have each number of something.
        broken: what does not hold, one line each; empty if all is well.
    """

    rows: dict[str, Any] = field(default_factory=dict[str, Any])
    broken: list[str] = field(default_factory=list[str])

    def require(self, holds: object, complaint: str) -> None:
        """Notes a complaint unless something holds."""
        if not holds:
            self.broken.append(complaint)

    def add(self, other: Verdict) -> None:
        """Takes in what came out of another soak."""
        for label, value in other.rows.items():
            self.rows[label] = value + self.rows.get(label, type(value)())
        self.broken += other.broken

    def __str__(self) -> str:
        width = max(len(label) for label in self.rows)
        lines = [f"{label:<{width}}  {_shown(value)}" for label, value in self.rows.items()]
        return "\n".join([*lines, *(f"BROKEN: {complaint}" for complaint in self.broken)])


def judge(history: History, folder: Path, gateway: Sandbox) -> Verdict:
    """Compares what the clients were told, what lies in the folder, and what the sandbox saw."""
    verdict = Verdict()
    jobs = _jobs(history, folder, gateway)
    strangers = [record for record in gateway.creates if number_in(record.body) >= history.calls]
    verdict.require(not strangers, f"creates that no job asked for: {strangers}")
    for job in jobs:
        _judge_money(job, verdict)
        _judge_file(job, folder, verdict)
    _judge_doubts(jobs, gateway, verdict)
    _judge_folder(jobs, folder, verdict)
    verdict.require(not history.stuck, "nothing was saved any more, so the soak gave up")
    verdict.require(history.crashes == 0, f"{history.crashes} clients crashed")
    verdict.require(gateway.key_leaks == 0, f"the key leaked {gateway.key_leaks} times")
    verdict.rows = _table(history, jobs, folder, gateway)
    return verdict


def _jobs(history: History, folder: Path, gateway: Sandbox) -> list[Job]:
    records: dict[int, CreateRecord] = {}
    for record in gateway.creates:
        number = number_in(record.body)
        assert number not in records, f"job {number} has two fingerprints"
        records[number] = record
    uncertain = Counter(
        (event["job"], "Uncertain: receipt " in event["text"]) for event in history.of("uncertain")
    )
    releases = Counter(event["job"] for event in history.of("release"))
    in_window = Counter(job for job, _ in history.in_window)
    return [
        Job(
            number,
            records.get(number),
            _receipt(folder / receipt_of(number)),
            uncertain[number, False],
            uncertain[number, True],
            releases[number],
            in_window[number],
        )
        for number in range(history.calls)
    ]


def _receipt(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return receipt


def _judge_money(job: Job, verdict: Verdict) -> None:
    """At most one paid create, apart from those reported as uncertain and then released."""
    name = f"job {job.number}"
    verdict.require(job.paid >= 1, f"{name}: nothing was ever paid, so nothing can be saved")
    verdict.require(
        job.paid <= 1 + job.releases, f"{name}: {job.paid} paid, {job.releases} released"
    )
    verdict.require(
        job.releases <= job.uncertain,
        f"{name}: {job.releases} released, {job.uncertain} reported as uncertain",
    )
    verdict.require(
        job.open_tasks <= job.releases,
        f"{name}: {job.open_tasks} paid tasks are lost, {job.releases} were released",
    )


def _judge_file(job: Job, folder: Path, verdict: Verdict) -> None:
    """The file is what the sandbox rendered for the task that the receipt names."""
    name, receipt = f"job {job.number}", job.receipt
    if receipt is None or receipt["state"] != "saved":
        state = "no receipt" if receipt is None else f"a receipt {receipt['state']!r}"
        verdict.broken.append(f"{name}: {state} in the end")
        return
    tasks = {task.id: task for task in (job.record.tasks if job.record else ())}
    task = tasks.get(receipt["task"]["id"])
    if task is None:
        verdict.broken.append(f"{name}: its receipt names a task that is not the job's")
        return
    verdict.require(task.fetched_whole, f"{name}: task {task.id} was never fetched whole")
    video = folder / output_of(job.number)
    digest = hashlib.sha256(video.read_bytes()).hexdigest() if video.exists() else "no file"
    verdict.require(digest == task.sha256, f"{name}: {digest} on disk, {task.sha256} was rendered")
    told = receipt["result"]["sha256"], receipt["result"]["size"]
    verdict.require(told == (task.sha256, task.size), f"{name}: the receipt says {told}")


def _judge_doubts(jobs: list[Job], gateway: Sandbox, verdict: Verdict) -> None:
    """A job is called uncertain only if it had sent a create, or was killed between claim and answer."""
    for job in jobs:
        verdict.require(
            not job.by_receipt or job.by_create or job.in_window,
            f"job {job.number}: its receipt was called uncertain while its create was on its way",
        )
    unexplained = sum(max(0, job.releases - job.arrived - job.in_window) for job in jobs)
    verdict.require(
        unexplained <= gateway.unread,
        f"{unexplained} creates were called uncertain that never arrived; only {gateway.unread} arrived unread",
    )


def _judge_folder(jobs: list[Job], folder: Path, verdict: Verdict) -> None:
    expected = {PICTURE, EVENTS}
    expected |= {name for job in jobs for name in (output_of(job.number), receipt_of(job.number))}
    left = sorted({path.name for path in folder.iterdir()} - expected)
    verdict.require(not left, f"{len(left)} files were left behind: {', '.join(left[:5])}")


def _table(history: History, jobs: list[Job], folder: Path, gateway: Sandbox) -> dict[str, Any]:
    return {
        CALLS: history.calls,
        "seconds": round(history.seconds),
        "clients started": history.starts,
        KILLS: history.kills,
        "  with a create on its way": len(history.in_window),
        "faults that struck": sum(entry["struck"] for entry in gateway.fault_counts),
        "creates that arrived, per request": Counter(job.arrived for job in jobs),
        "creates paid, per request": Counter(job.paid for job in jobs),
        "told uncertain": sum(job.uncertain for job in jobs),
        "  by the create itself": sum(job.by_create for job in jobs),
        "  by the receipt, later": sum(job.by_receipt for job in jobs),
        "released with resubmit_uncertain": len(history.of("release")),
        PAID_TWICE: sum(max(0, job.paid - 1 - job.releases) for job in jobs),
        "paid, released, and known to the vendor only": sum(job.open_tasks for job in jobs),
        LOST: sum(max(0, job.open_tasks - job.releases) for job in jobs),
        "other errors a caller saw": len(history.of("trouble")),
        ".part files left": len(list(folder.glob("*.part"))),
    }


def _shown(value: int | Counter[int]) -> str:
    if isinstance(value, Counter):
        return ", ".join(f"{number}: {value[number]}" for number in sorted(value))
    return str(value)
