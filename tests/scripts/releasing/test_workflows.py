"""The files that a forge reads: they are YAML of the right shape, and what they run is there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.places import ROOT

FORGE = ROOT / ".github"
WORKFLOWS = sorted((FORGE / "workflows").glob("*.yml"))
FORMS = sorted((FORGE / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    """Read one of the files; `on` is a truth value in YAML 1.1, and a key here."""
    read: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return read


def steps(workflow: Path) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_ends(workflow: Path) -> None:
    """Rights are given for a job, not for all; each job has a time limit and a machine."""
    content = read(workflow)
    assert content["permissions"] == {"contents": "read"}
    assert True in content  # `on`
    for job in content["jobs"].values():
        assert job["timeout-minutes"] <= 30
        assert job["runs-on"]
        assert job.get("permissions", {}).keys() <= {"id-token"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_runs_is_there(workflow: Path) -> None:
    """Scripts can be run, folders of tests and files of requirements are in the repository, actions have a version."""
    named = 0
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+|[0-9a-f]{40})", step["uses"])
        for word in step.get("run", "").split():
            path = word.removeprefix("--ignore=")
            if path.startswith(("scripts/", ".ci/", "tests/")):
                named += 1
                assert (ROOT / path).exists(), path
        if (first := step.get("run", "").split(" ")[0]).startswith(("scripts/", ".ci/")):
            assert os.access(ROOT / first, os.X_OK), first
    assert named or workflow.name not in ("ci.yml", "release.yml")


def test_what_runs_on_windows_can_be_imported_there() -> None:
    """A file of tests that imports a module of POSIX alone is left out there, and no other one is."""
    run = next(
        step["run"]
        for step in steps(FORGE / "workflows" / "ci.yml")
        if "pytest" in step.get("run", "")
    )
    ignored = [ROOT / path for path in re.findall(r"--ignore=(\S+)", run)]
    posix = re.compile(r"^import (fcntl|grp|pty|pwd|resource|termios)$", re.MULTILINE)
    found, left_out = set[str](), set[str]()
    for folder in re.findall(r" (tests/\S+)", run):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            if posix.search(text) and not any(path.is_relative_to(other) for other in ignored):
                found.add(path.name)
            for listed in re.findall(r"^POSIX_ONLY = \[(.*?)\]", text, re.MULTILINE | re.DOTALL):
                left_out |= set(re.findall(r'"(.+?)"', listed))
    assert found == left_out


def test_only_publishing_may_ask_for_a_token() -> None:
    """The job that runs our code cannot publish, and the one that publishes runs none of it."""
    jobs = read(FORGE / "workflows" / "release.yml")["jobs"]
    may = [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})]
    assert may == ["publish"]
    assert jobs["publish"]["environment"] == "pypi"
    assert not any("run" in step for step in jobs["publish"]["steps"])


def test_every_supported_python_is_tried() -> None:
    """The workflows and the script of a release name the same versions as each other."""
    from releasing.trying import PYTHONS

    versions = {name.removeprefix("python") for name in PYTHONS}
    jobs = read(FORGE / "workflows" / "ci.yml")["jobs"]
    for job in jobs.values():
        assert set(job["strategy"]["matrix"]["python"]) == versions
    (setup,) = (
        step
        for step in steps(FORGE / "workflows" / "release.yml")
        if "setup-python" in step.get("uses", "")
    )
    assert set(setup["with"]["python-version"].split()) == versions


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_a_form_has_what_the_forge_wants(form: Path) -> None:
    """Name, description and a body whose fields have ids of their own and labels; or the chooser's one setting."""
    content = read(form)
    if form.name == "config.yml":
        assert content == {"blank_issues_enabled": False}
        return
    assert content["name"]
    assert content["description"]
    fields = [each for each in content["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len({each["id"] for each in fields}) == len(fields)
    assert all(each["attributes"]["label"] for each in fields)
    assert any(each.get("validations", {}).get("required") for each in fields)


def test_dependabot_looks_after_actions_alone() -> None:
    """The lock is written by scripts/lock, whose command Dependabot does not know."""
    updates = read(FORGE / "dependabot.yml")["updates"]
    assert [each["package-ecosystem"] for each in updates] == ["github-actions"]
