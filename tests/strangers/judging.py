"""Run Schemathesis against a sandbox, and count what it checked.

It runs as a program of its own, as anybody would run it, with `schemathesis.toml` beside this file. The numbers come
from its event report: its own summary tells neither how many checks there were, nor which operation answered what.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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


@dataclass
class Judgement:
    """What Schemathesis did and found.

    Attributes:
        exit_status: 0 if it found nothing, no warning either.
        printed: its own output.
        checks: how many checks held and failed, by name and outcome.
        answers: how many cases of an operation, `POST /v1/videos`, were accepted and refused: by it and whether.
        followed: how many times a link was followed and the answer was 2xx, by where from and to.
        failures: one line each.
    """

    exit_status: int
    printed: str
    checks: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    answers: Counter[tuple[str, bool]] = field(default_factory=Counter[tuple[str, bool]])
    followed: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    def add(self, label: str, recorder: dict[str, Any]) -> None:
        """Count one scenario."""
        for case_id, case in recorder.get("cases", {}).items():
            value = case["value"]
            operation = f"{value['method']} {value['path']}"
            response = recorder["interactions"].get(case_id, {}).get("response")
            status = response["status_code"] if response else 0
            accepted = 200 <= status < 300
            self.answers[operation, accepted] += 1
            if case.get("transition") and accepted:
                self.followed[case["transition"]["id"]] += 1
            for check in recorder["checks"].get(case_id, ()):
                self.checks[check["name"], check["status"]] += 1
                if check["status"] == "failure":
                    self.failures.append(f"{label}: {check['name']}: {operation} answered {status}")


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
            *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
            *("--config-file", str(Path(__file__).with_name(by)), "run", str(document)),
            *("--url", url, "--report", "ndjson", "--report-ndjson-path", str(events), *options),
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


def judge_creates(url: str, folder: Path) -> Judgement:
    """The same for the creates, by the document with its prose turned into rules, see `prose.py`."""
    document = folder / "strict.json"
    document.write_text(json.dumps(strict(yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))))
    creates = ("--include-operation-id-regex", "^create")
    return judge(url, folder, *creates, by="strict.toml", document=document)
