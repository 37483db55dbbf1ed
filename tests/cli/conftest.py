"""The real command, in a process of its own, against a real sandbox."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chainhub_video.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("chainhub-video")
KITTEN = ROOT / "examples" / "kitten.png"
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def gateway() -> Iterator[Sandbox]:
    """One sandbox for the folder; its clips are small and its tasks quick."""
    with Sandbox(fast=True) as running:
        yield running


@pytest.fixture
def environment(gateway: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Nothing but what the command needs, so that no setting of this machine decides a test."""
    return {
        "CHAINHUB_API_KEY": "sandbox",
        "CHAINHUB_BASE_URL": gateway.url,
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "COLUMNS": "120",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run the command to its end in an empty folder."""

    def run(*arguments: object, **settings: str | None) -> subprocess.CompletedProcess[str]:
        changed = {**environment, **{k: v for k, v in settings.items() if v is not None}}
        for name in (name for name, value in settings.items() if value is None):
            del changed[name]
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=changed,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=bound_by_permissions,
        )

    return run


def bound_by_permissions() -> None:
    """Have the permissions of files hold for the child, even if it is root's."""
    if sys.platform == "linux" and os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
