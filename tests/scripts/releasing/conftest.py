"""An environment that holds the wheel and its three dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.wheels import environment


@pytest.fixture(scope="session")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, its dependencies and nothing else: no extra, no test package."""
    return environment(wheel, tmp_path_factory.mktemp("bare"))
