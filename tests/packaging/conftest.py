"""The wheel, built once, and an environment that holds it and its three dependencies."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build a distribution with the locked build backend, offline.

    Args:
        kind: `wheel` or `sdist`.
        source: the project's folder.
        folder: where the result goes.

    Returns:
        The result.
    """
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob({"wheel": "*.whl", "sdist": "*.tar.gz"}[kind])
    return path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, its dependencies and nothing else: no extra, no test package.

    The dependencies are copied from this environment, so that no index is asked.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--no-index", "--no-deps", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    (site,) = folder.glob("lib/python*/site-packages")
    for name in closure(metadata_requirements(wheel)):
        copy(distribution(name), site)
    return python


def metadata_requirements(wheel: Path) -> list[str]:
    """Return what the wheel's own metadata requires."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        message = message_from_bytes(archive.read(name))
    return message.get_all("Requires-Dist", [])


def closure(requirements: list[str]) -> set[str]:
    """Return the names of all distributions that the requirements need without any extra."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if name not in found:
            found.add(name)
            try:
                needs = distribution(name).requires or []
            except PackageNotFoundError:
                pytest.fail(f"{name} is needed and not installed: run scripts/bootstrap")
            waiting.extend(Requirement(text) for text in needs)
    return found


def copy(source: Distribution, site: Path) -> None:
    """Copy an installed distribution's importable files and metadata."""
    for file in source.files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(file.locate()), target)
