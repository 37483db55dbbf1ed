"""Has Schemathesis judge the sandbox: `python -m tests.strangers.judging` prints what it says, and the numbers.

It runs as a program of its own, as anybody would run it, with `schemathesis.toml` beside this file. The numbers come
from its event report: its own summary tells neither how many checks there were, nor which operation answered what.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from chainhub_sandbox import Sandbox, VirtualClock

from tests.strangers.prose import strict
from tests.support.places import ROOT

DOCUMENT = ROOT / "openapi" / "openapi.yaml"
OPERATIONS = (
    "POST /v1/videos",
    "GET /v1/videos/{id}",
    "GET /v1/videos/{id}/content",
    "POST /v1/video/create",
    "GET /v1/video/query",
)
"""All that the document describes."""

LINKS = (
    "POST /v1/videos -> [200] state -> GET /v1/videos/{id}",
    "POST /v1/videos -> [200] video -> GET /v1/videos/{id}/content",
    "GET /v1/videos/{id} -> [200] video -> GET /v1/videos/{id}/content",
    "POST /v1/video/create -> [200] state -> GET /v1/video/query",
)
"""All steps from one operation to the next that it describes."""

_ACCEPTED = range(200, 300)


@dataclass
class Judgement:
    """What Schemathesis did and found.

    Attributes:
        exit_status: 0 if it found nothing, no warning either.
        printed: its own output.
        checks: how many checks held and failed, by name and outcome.
        answers: how many cases of an operation were answered with a status, by `POST /v1/videos` and 200.
        transitions: how many links were followed, by where from and to, and the status there.
        failures: one line each.
    """

    exit_status: int
    printed: str
    checks: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    transitions: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    failures: list[str] = field(default_factory=list[str])

    def add(self, label: str, recorder: dict[str, Any]) -> None:
        """Count one scenario."""
        for case_id, case in recorder.get("cases", {}).items():
            value = case["value"]
            operation = f"{value['method']} {value['path']}"
            response = recorder["interactions"].get(case_id, {}).get("response")
            status = response["status_code"] if response else 0
            self.answers[operation, status] += 1
            if case.get("transition"):
                self.transitions[case["transition"]["id"], status] += 1
            for check in recorder["checks"].get(case_id, ()):
                self.checks[check["name"], check["status"]] += 1
                if check["status"] == "failure":
                    self.failures.append(f"{label}: {check['name']}: {operation} answered {status}")

    def accepted(self, operation: str) -> int:
        """How many cases of an operation were answered with 2xx."""
        return sum(
            n
            for (name, status), n in self.answers.items()
            if name == operation and status in _ACCEPTED
        )

    def refused(self, operation: str) -> int:
        """How many were not."""
        return sum(n for (name, _), n in self.answers.items() if name == operation) - self.accepted(
            operation
        )

    def followed(self, link: str) -> int:
        """How many times a link was followed and the answer was 2xx."""
        return sum(
            n
            for (name, status), n in self.transitions.items()
            if name == link and status in _ACCEPTED
        )

    def lines(self) -> Iterator[str]:
        """The numbers, for people."""
        held = sum(n for (_, outcome), n in self.checks.items() if outcome == "success")
        yield f"{self.answers.total()} cases, {self.checks.total()} checks, {held} held, {len(self.failures)} failed"
        yield from self.failures
        answers = Counter[tuple[str, int]]()
        for (operation, status), n in self.answers.items():
            answers[
                operation if operation in OPERATIONS else "other methods of these paths", status
            ] += n
        yield "answers to the cases:"
        yield from _rows(answers)
        if self.transitions:
            yield "answers to the cases that followed a link:"
            yield from _rows(self.transitions)


def _rows(counted: Counter[tuple[str, int]]) -> Iterator[str]:
    for name in sorted({name for name, _ in counted}):
        statuses = sorted((status, n) for (each, status), n in counted.items() if each == name)
        yield f"    {name:70} {', '.join(f'{status}: {n}' for status, n in statuses)}"


def judge(
    url: str, folder: Path, *options: str, by: str = "schemathesis.toml", document: Path = DOCUMENT
) -> Judgement:
    """Run Schemathesis against a gateway.

    Args:
        url: the gateway's origin.
        folder: where reports may be written.
        *options: further ones of `schemathesis run`.
        by: the configuration, a file beside this one.
        document: what the gateway has to hold to.
    """
    events = folder / "events.ndjson"
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--no-color",
                "--config-file",
                str(Path(__file__).with_name(by)),
            ),
            *(
                "run",
                str(document),
                "--url",
                url,
                "--report",
                "ndjson",
                "--report-ndjson-path",
                str(events),
            ),
            *options,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    judgement = Judgement(run.returncode, run.stdout + run.stderr)
    if events.exists():
        for line in events.read_text(encoding="utf-8").splitlines():
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario:
                judgement.add(scenario["phase"], scenario["recorder"])
    return judgement


def judge_creates(url: str, folder: Path, *options: str) -> Judgement:
    """The same for the creates, by the document with its prose turned into rules, see `prose.py`."""
    document = folder / "strict.json"
    document.write_text(json.dumps(strict(yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))))
    creates = ("--include-operation-id-regex", "^create")
    return judge(url, folder, *creates, *options, by="strict.toml", document=document)


def main() -> int:
    """Judge a sandbox of one's own."""
    # Schemathesis begins by asking whether a NUL may stand in a header, and the server would report that.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    exit_status = 0
    for title, run in (("the document", judge), ("the document and its prose", judge_creates)):
        with (
            Sandbox(fast=True, pace=0, clock=VirtualClock()) as gateway,
            tempfile.TemporaryDirectory() as folder,
        ):
            judgement = run(gateway.url, Path(folder))
            print(judgement.printed)
            print(f"By {title}:", *judgement.lines(), sep="\n")
            print(f"{gateway.paid} creates were accepted\n", flush=True)
        exit_status |= judgement.exit_status
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
