"""An environment outside of the repository, with the built wheel in it and pytest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.wheels import environment

Pytest = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Pytest:
    """Run pytest in a folder, warnings as errors, by a Python that has the wheel, outside of the repository."""
    made = tmp_path_factory.mktemp("outside")
    python = environment(wheel, made, "sandbox", ("pytest", "pytest-xdist"))
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        told = ("-W", "error", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp"))
        return subprocess.run(
            [python, "-m", "pytest", *told, *arguments], cwd=folder, env=clean, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return run
