"""The soak's schedule: client processes against one sandbox where much goes wrong, killed and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from chainhub_sandbox import Sandbox
from PIL import Image

from tests.faults.clients import AT_ONCE, Assignment, start
from tests.faults.jobs import EVENTS, PICTURE, receipt_of
from tests.support.colours import DRIVERS

_WAVE = 5 * AT_ONCE  # jobs that a client is given at a time
_SHARED = 3  # jobs of others that a new client is given as well
_TICK = 0.02
_STOPPING = 0.05  # seconds after which a process that was stopped surely does nothing more
_STUCK = 120.0  # seconds without any job that is saved after which the soak gives up

# Chances per request: high enough that most jobs meet several, low enough that they get through.
FAULTS = (
    "create:reset,moment=arrival,probability=0.02",
    "create:reset,moment=read,probability=0.02",
    "create:reset,moment=done,probability=0.02",
    "create:close,moment=done,probability=0.01",
    "create:hang,moment=done,seconds=1.5,probability=0.01",
    "create:hang,moment=read,seconds=0.3,probability=0.03",
    "create:cut,part=head,probability=0.01",
    "create:cut,probability=0.01",
    "create:status,status=500,probability=0.01",
    "create:status,status=502,shape=html,moment=done,probability=0.01",
    "create:status,status=429,shape=flat,retry_after=0.1,probability=0.05",
    "create:types,probability=0.01",
    "query:reset,probability=0.02",
    "query:close,moment=arrival,probability=0.01",
    "query:hang,seconds=1.5,probability=0.002",
    "query:cut,probability=0.01",
    "query:length,by=-20,probability=0.01",
    "query:status,status=500,probability=0.02",
    "query:status,status=429,shape=empty,retry_after=0.1,probability=0.01",
    "query:status,status=200,shape=html,probability=0.02",
    "query:types,probability=0.01",
    "query:state,probability=0.02",
    "query:clock,probability=0.02",
    "content:reset,probability=0.03",
    "content:cut,probability=0.1",
    "content:cut,bytes=1000,ending=reset,probability=0.05",
    "content:length,probability=0.02",
    "content:drip,bytes=2048,probability=0.1",
    "content:no_range,probability=0.1",
    "content:status,status=503,shape=html,probability=0.05",
    "link:reset,moment=arrival,probability=0.03",
    "link:cut,probability=0.1",
    "link:cut,bytes=1000,ending=reset,probability=0.05",
    "link:length,by=-100,probability=0.02",
    "link:drip,bytes=2048,probability=0.1",
    "link:no_range,probability=0.1",
    "link:expire,probability=0.1",
    "link:status,status=200,shape=html,probability=0.03",
)


@dataclass(frozen=True)
class Plan:
    """How large a soak is.

    Attributes:
        seed: of every choice.
        calls: how many jobs there are; None for as many as there is time for.
        seconds: for how long jobs are given out.
        processes: how many clients run at the same time.
        kill_every: mean seconds between two kills.
        refuse_every: mean seconds between two short times in which connections are refused.
    """

    seed: int
    calls: int | None = None
    seconds: float = float("inf")
    processes: int = 3
    kill_every: float = 0.8
    refuse_every: float = 4.0


@dataclass
class Client:
    """A client process and what it was given."""

    process: BaseProcess
    jobs: list[int]

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid


@dataclass
class History:
    """What happened during a soak.

    Attributes:
        calls: how many jobs there were.
        seconds: how long it took.
        events: what the clients wrote, in order.
        kills: how many clients were killed.
        crashes: how many clients ended otherwise than by a kill before all was saved.
        starts: how many clients were started.
        in_window: the claims, by job and time, whose client was killed after it had claimed the
            create in the receipt, and before a task was written there.
        stuck: whether the soak gave up, since nothing was saved any more.
    """

    calls: int = 0
    seconds: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    kills: int = 0
    crashes: int = 0
    starts: int = 0
    in_window: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    stuck: bool = False

    def of(self, event: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [each for each in self.events if each["event"] == event]


class Soak:
    """One soak, from its first job to the time when all are saved.

    Args:
        plan: how large it is.
        folder: an empty one, for outputs, receipts and events.
        gateway: the sandbox, which must run with `FAULTS`.
    """

    def __init__(self, plan: Plan, folder: Path, gateway: Sandbox) -> None:
        self._plan = plan
        self._folder = folder
        self._gateway = gateway
        self._chance = random.Random(plan.seed)
        self._history = History()
        self._clients: dict[int, Client] = {}  # by place, of which there are as many as processes
        self._unfinished: dict[int, list[int]] = {place: [] for place in range(plan.processes)}
        self._saved: set[tuple[int, int]] = set()  # process id, job
        self._read_up_to = 0

    def run(self) -> History:
        """Runs until every job is saved, and returns what happened."""
        Image.new("RGB", (1280, 720), "orange").save(self._folder / PICTURE)
        (self._folder / EVENTS).touch()
        began = time.monotonic()
        try:
            self._loop(began)
        finally:
            for client in self._clients.values():
                client.process.kill()
                client.process.join()
        self._read_events()
        self._history.seconds = time.monotonic() - began
        return self._history

    def _loop(self, began: float) -> None:
        kill_at, refuse_at = self._next(self._plan.kill_every), self._next(self._plan.refuse_every)
        saved, last_saved = 0, time.monotonic()
        while True:
            now = time.monotonic()
            self._read_events()
            if len(self._saved) > saved:
                saved, last_saved = len(self._saved), now
            if now - last_saved > _STUCK:
                self._history.stuck = True
                return
            self._collect_ended()
            if now > kill_at and self._work_is_left(now - began):
                self._kill()
                kill_at = self._next(self._plan.kill_every)
            for place in self._unfinished:
                if place not in self._clients:
                    self._employ(place, giving=now - began < self._plan.seconds)
            if not self._clients:
                return
            if now > refuse_at:
                step = self._chance.choice(("create", "link"))
                self._gateway.fault(step, "refuse", seconds=self._chance.uniform(0.05, 0.3))
                refuse_at = self._next(self._plan.refuse_every)
            time.sleep(_TICK)

    def _next(self, mean: float) -> float:
        return time.monotonic() + self._chance.expovariate(1 / mean)

    def _employ(self, place: int, *, giving: bool) -> None:
        """Starts a client in a free place, if anything is left to do."""
        jobs = self._unfinished[place]
        while giving and len(jobs) < _WAVE and self._history.calls != self._plan.calls:
            job = self._history.calls
            self._history.calls += 1
            jobs.append(job)
        if not jobs:
            return
        self._chance.shuffle(jobs)
        jobs[:0] = self._taken_from_others(jobs)
        driver = DRIVERS[(self._history.starts + self._plan.seed) % len(DRIVERS)]
        url, folder = self._gateway.url, str(self._folder)
        assignment = Assignment(url, folder, driver, list(jobs), self._plan.seed)
        self._history.starts += 1
        self._clients[place] = Client(start(assignment), list(jobs))

    def _taken_from_others(self, own: list[int]) -> list[int]:
        """Jobs that other clients have in hand: at-least-once engines do such things."""
        others = [jobs for at, jobs in self._unfinished.items() if at in self._clients]
        theirs = sorted({job for jobs in others for job in jobs} - set(own))
        return self._chance.sample(theirs, min(_SHARED, len(theirs)))

    def _kill(self) -> None:
        """Kills a client, and notes which of its jobs were between claim and answer."""
        if not self._clients:
            return
        place = self._chance.choice(sorted(self._clients))
        client = self._clients[place]
        try:
            os.kill(client.pid, signal.SIGSTOP)
        except ProcessLookupError:  # it has ended, and the news is on its way
            return
        time.sleep(_STOPPING)
        # Before it dies: once a claim's process is dead, another client may settle the claim at once.
        claims = ((job, self._open_claim(job)) for job in client.jobs)
        self._history.in_window |= {(job, claim) for job, claim in claims if claim is not None}
        client.process.kill()
        client.process.join()
        if client.process.exitcode == -signal.SIGKILL:
            self._history.kills += 1
        else:  # it was at its end already
            self._history.crashes += client.process.exitcode != 0
        self._settle(place)

    def _collect_ended(self) -> None:
        for place, client in list(self._clients.items()):
            if client.process.exitcode is not None:
                self._history.crashes += client.process.exitcode != 0
                self._settle(place)

    def _settle(self, place: int) -> None:
        """Free a client's place, and take what it has saved off the place's list."""
        client = self._clients.pop(place)
        self._read_events()
        self._unfinished[place] = [
            job
            for job in self._unfinished[place]
            if job not in client.jobs or (client.pid, job) not in self._saved
        ]

    def _open_claim(self, job: int) -> str | None:
        """When a job's create was claimed whose outcome its receipt does not know yet."""
        try:
            receipt = json.loads((self._folder / receipt_of(job)).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if receipt["state"] not in ("submitting", "uncertain"):
            return None
        return str(receipt["times"]["submitting"])

    def _work_is_left(self, elapsed: float) -> bool:
        """Whether jobs are still given out: the last ones are left alone, so that there is an end."""
        if self._plan.calls is not None and self._history.calls == self._plan.calls:
            return sum(map(len, self._unfinished.values())) > AT_ONCE
        return elapsed < self._plan.seconds

    def _read_events(self) -> None:
        """Reads the events that are new."""
        with (self._folder / EVENTS).open("rb") as file:
            file.seek(self._read_up_to)
            lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self._read_up_to += len(lines)
        for line in lines.splitlines():
            event = json.loads(line)
            self._history.events.append(event)
            if event["event"] == "saved":
                self._saved.add((event["pid"], event["job"]))
