"""Environments outside of the repository, with the built wheel in them and pytest."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outside:
    """A Python that knows nothing of the repository.

    Attributes:
        python: its interpreter.
    """

    python: Path

    def pytest(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest in a folder, with warnings as errors."""
        told = ("-W", "error", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp"))
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [self.python, "-m", "pytest", *told, *arguments],
            cwd=folder,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked build backend, offline."""
    folder = tmp_path_factory.mktemp("dist")
    command = ("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def environment(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Outside]:
    """Make an environment with the wheel, one of its extras, and further distributions."""

    def make(extra: str, *more: str) -> Outside:
        folder = tmp_path_factory.mktemp("outside")
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", folder], check=True, capture_output=True
        )
        (site,) = folder.glob("lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        for name in needed([*wanted_by(wheel, extra), *more]):
            link(name, site)
        return Outside(folder / "bin" / "python")

    return make


@pytest.fixture(scope="session")
def outside(environment: Callable[..., Outside]) -> Outside:
    """The wheel with the extra `sandbox`, pytest and pytest-xdist."""
    return environment("sandbox", "pytest", "pytest-xdist")


@pytest.fixture(scope="session")
def without_extra(environment: Callable[..., Outside]) -> Outside:
    """The wheel without any extra, and pytest."""
    return environment("", "pytest")


def wanted_by(wheel: Path, extra: str) -> list[str]:
    """Return what a wheel requires, an extra's needs included, without markers."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        told = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    requirements = map(Requirement, told)
    return [
        each.name
        for each in requirements
        if each.marker is None or each.marker.evaluate({"extra": extra})
    ]


def needed(names: list[str]) -> set[str]:
    """Return the names of distributions and of all that they need."""
    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and name not in found:
            found.add(name)
            waiting += map(Requirement, distribution(name).requires or ())
    return found


def link(name: str, site: Path) -> None:
    """Put an installed distribution's files into another environment, without copying them if possible."""
    source = distribution(name)
    for file in source.files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        origin = Path(str(file.locate()))
        try:
            target.hardlink_to(origin)
        except OSError:
            target.write_bytes(origin.read_bytes())
