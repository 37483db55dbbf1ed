"""The project's distributions, and environments outside of the repository to put them into."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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


def environment(wheel: Path, folder: Path, extra: str = "", more: Iterable[str] = ()) -> Path:
    """Make an environment with a wheel and what it needs, and nothing else.

    pip installs the wheel; the other distributions are those of this environment, so that no index is asked.

    Args:
        wheel: the wheel.
        folder: where the environment goes.
        extra: the name of an extra of the wheel, to be had as well.
        more: names of further distributions, to be had with what they need.

    Returns:
        The environment's interpreter.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    installed = subprocess.run(
        [*pip, "install", "--no-index", "--no-deps", "--disable-pip-version-check", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    (site,) = folder.glob("lib/python*/site-packages")
    for name in closure([*requirements(wheel), *map(Requirement, more)], extra):
        lend(name, site)
    return python


def requirements(wheel: Path) -> list[Requirement]:
    """Return what the wheel's own metadata requires."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        message = message_from_bytes(archive.read(name))
    return [Requirement(text) for text in message.get_all("Requires-Dist", [])]


def closure(wanted: Iterable[Requirement], extra: str = "") -> set[str]:
    """Return the names of all distributions that requirements need: with an extra at first, with none below."""
    found: set[str] = set()
    waiting = [(requirement, extra) for requirement in wanted]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        if name not in found:
            found.add(name)
            try:
                needs = distribution(name).requires or []
            except PackageNotFoundError:
                pytest.fail(f"{name} is needed and not installed: run scripts/bootstrap")
            waiting.extend((Requirement(text), "") for text in needs)
    return found


def lend(name: str, site: Path) -> None:
    """Put an installed distribution's files into another environment, without copying them if possible."""
    for file in distribution(name).files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        source, target = Path(str(file.locate())), site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(source)
        except OSError:
            shutil.copy2(source, target)
