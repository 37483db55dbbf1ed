"""The scripts that set the project up, and the lock that they install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

LOCK = ROOT / "scripts" / "requirements.lock"
LOCKS = (LOCK, ROOT / "benchmarks" / "core.lock", ROOT / "benchmarks" / "openai.lock")
SCRIPTS = sorted(
    path
    for path in (*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run")
    if path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env bash")
)
TOOLS = ("bash", "cat", "cmp", "dirname", "env", "flock", "mkdir", "mv", "rm")


def test_scripts_are_programs_that_bash_can_read() -> None:
    """Each has its run bit, stops at the first failure, and is free of syntax errors."""
    assert len(SCRIPTS) > 10
    for script in SCRIPTS:
        checked = subprocess.run(
            ["bash", "-n", script], capture_output=True, text=True, check=False
        )
        assert checked.stderr == ""
        assert os.access(script, os.X_OK), script
        assert "\nset -euo pipefail\n" in script.read_text(), script


def test_ci_runs_the_whole_of_scripts_test() -> None:
    """Neither the runner's entry nor the workflow checks less than scripts/test does."""
    assert (
        'exec "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/test" "$@"'
        in (ROOT / ".ci" / "run").read_text()
    )
    assert "run: .ci/run\n" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_pin_with_hashes_and_name_no_place(lock: Path) -> None:
    """Each entry is one exact version with a hash, and nothing ties it to an index, a host or a machine."""
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]

    assert not re.search(r"://|^-|\bfile:|^\s*/|@|\.whl|index", text, re.MULTILINE)
    assert "uv via the following command:\n#    scripts/lock\n" in text
    assert len(entries) >= 10
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[^\s;]+( ; .+)? \\\n", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_benchmarks_measure_the_versions_that_are_tested() -> None:
    """The lock of what is measured differs in no version from the lock of the project's environment."""
    measured = pins(LOCKS[1])
    assert {"httpx", "attrs", "python-dateutil"} <= measured.keys()
    assert measured.items() <= pins(LOCK).items()


def pins(lock: Path) -> dict[str, list[str]]:
    """Return the versions that a lock pins, by name."""
    pinned: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE):
        pinned.setdefault(name, []).append(version)
    return pinned


def test_lock_meets_what_the_project_asks_for() -> None:
    """Each dependency, extra and tool of pyproject.toml is pinned, in the range given there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(r for extra in project["project"]["optional-dependencies"].values() for r in extra),
        *project["dependency-groups"]["dev"],
    ]
    pinned = pins(LOCK)
    for requirement in map(Requirement, asked):
        versions = pinned[canonicalize_name(requirement.name)]
        assert all(map(requirement.specifier.contains, versions)), requirement


class TestBootstrap:
    """Where it stops, and where it has nothing to do, in a folder whose name has blanks."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A project of only what bootstrap reads."""
        folder = tmp_path / "a new clone"
        (folder / "scripts").mkdir(parents=True)
        shutil.copy2(ROOT / "scripts" / "bootstrap", folder / "scripts")
        (folder / "scripts" / "requirements.lock").write_text("# nothing\n")
        (folder / "pyproject.toml").write_text("[project]\n")
        return folder

    @pytest.fixture
    def programs(self, tmp_path: Path) -> Path:
        """A folder for PATH with the tools that bootstrap uses, and no Python."""
        folder = tmp_path / "bin"
        folder.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (folder / tool).symlink_to(found)
        return folder

    @pytest.mark.parametrize(
        ("python", "words"),
        [
            (None, "no Python 3.11 or newer"),
            ("exit 1", "no Python 3.11 or newer"),
            ('case "$2" in *ensurepip*) exit 1 ;; esac', "python3-venv"),
        ],
        ids=["none", "too old", "cannot make environments"],
    )
    def test_no_python_that_will_do(
        self, project: Path, programs: Path, python: str | None, words: str
    ) -> None:
        """One line says what to do, and nothing is left behind."""
        if python is not None:
            program(programs / "python3", python)

        done = bootstrap(project, programs)

        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert words in done.stderr
        assert not (project / ".venv").exists()

    def test_finished_environment_is_left_alone(self, project: Path, programs: Path) -> None:
        """With a stamp of the same inputs nothing is done or said; a changed lock is noticed."""
        stamp_as_finished(project)

        same = bootstrap(project, programs)
        (project / "scripts" / "requirements.lock").write_text("# something else\n")
        changed = bootstrap(project, programs)

        assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
        assert "installing the locked packages" in changed.stderr

    def test_unfinished_environment_is_made_anew(self, project: Path, programs: Path) -> None:
        """What an interrupted run left is removed before anything else, even beside a stamp."""
        stamp_as_finished(project)
        (project / ".venv" / "bootstrap-unfinished").touch()

        done = bootstrap(project, programs)

        assert "made anew" in done.stderr
        assert not (project / ".venv").exists()


def stamp_as_finished(project: Path) -> None:
    """Leave what a finished run leaves."""
    (project / ".venv" / "bin").mkdir(parents=True)
    program(project / ".venv" / "bin" / "python", "exit 0")
    parts = ("scripts/requirements.lock", "pyproject.toml", "scripts/bootstrap")
    text = f"{project}\n" + "".join((project / part).read_text() for part in parts)
    (project / ".venv" / "bootstrap-finished").write_text(text)


def program(path: Path, body: str) -> None:
    """Write a shell script that can be run."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def bootstrap(project: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """Run the project's bootstrap from another folder."""
    return subprocess.run(
        [project / "scripts" / "bootstrap"],
        env={"PATH": str(programs)},
        cwd=programs,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
