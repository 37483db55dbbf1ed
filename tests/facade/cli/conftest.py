"""The real command, in a process of its own, against a real sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.app import run as command

from .inside import Inside, make_inside

COMMAND = Path(sys.executable).with_name("chainhub-video")

# Root may read and write what permissions forbid, unless these capabilities are dropped. A program of its own does it:
# a function between fork and exec can hang, since this process has threads.
_DROP = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_IS_ROOT = sys.platform == "linux" and os.geteuid() == 0
BOUND_BY_PERMISSIONS = (sys.executable, "-I", "-c", _DROP) if _IS_ROOT else ()

Run = Callable[..., subprocess.CompletedProcess[str]]
Ends = Callable[..., tuple[int, list[str], list[str]]]


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
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run the command to its end in an empty folder."""

    def run(
        *arguments: object, stdin: str = "", **settings: str | None
    ) -> subprocess.CompletedProcess[str]:
        changed = {**environment, **{k: v for k, v in settings.items() if v is not None}}
        for name in (name for name, value in settings.items() if value is None):
            del changed[name]
        return subprocess.run(
            [*BOUND_BY_PERMISSIONS, COMMAND, *map(str, arguments)],
            env=changed,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Inside:
    """The command within this process, in an empty folder, two below that of the project's file."""
    return make_inside(tmp_path, monkeypatch, capsys)


@pytest.fixture
def connected(inside: Inside, gateway: Sandbox) -> Inside:
    """The same, with the sandbox as its gateway."""
    inside.environment.setenv("CHAINHUB_API_KEY", "sandbox")
    inside.environment.setenv("CHAINHUB_BASE_URL", gateway.url)
    return inside


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ends:
    """Run the command in this process, in an empty folder; return its exit status, and the lines of its outputs."""
    monkeypatch.chdir(tmp_path)

    def here(*arguments: object) -> tuple[int, list[str], list[str]]:
        status = command([*map(str, arguments)])
        told = capsys.readouterr()
        return status, told.out.splitlines(), told.err.splitlines()

    return here


@pytest.fixture
def ends(here: Ends, chainhub_sandbox: Sandbox) -> Ends:
    """Run the command in this process, against a sandbox and on its clock, so that minutes take milliseconds."""
    assert chainhub_sandbox.running
    return here
