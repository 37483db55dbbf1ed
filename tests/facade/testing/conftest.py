"""Environments outside of the repository, with the built wheel in them and pytest."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.wheels import environment


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
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """The wheel with the extra `sandbox`, pytest and pytest-xdist."""
    folder = tmp_path_factory.mktemp("outside")
    return Outside(environment(wheel, folder, "sandbox", ("pytest", "pytest-xdist")))
