"""The command within this process, and as a process of its own, against a real sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from .command import Command, make_command

COMMAND = Path(sys.executable).with_name("chainhub-video")
GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")

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


def interrupted(
    arguments: Sequence[object],
    environment: dict[str, str],
    folder: Path,
    sandbox: Sandbox,
    step: str,
    times: int = 1,
) -> tuple[str, list[str]]:
    """Run the command as a process, and press Ctrl-C when it has asked so many times for a step.

    Returns:
        What came on standard output, and the lines of standard error.
    """
    with subprocess.Popen(
        [COMMAND, *map(str, arguments)], env={**environment, "CHAINHUB_BASE_URL": sandbox.url}, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        sandbox.wait_for(step, times, 60)
        process.send_signal(signal.SIGINT)
        told, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    return told, said.splitlines()


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command within this process, without a key or any other setting."""
    with pytest.MonkeyPatch.context() as environment:  # ends before what was there is given back
        yield make_command(tmp_path, environment, capsys)


@pytest.fixture
def command(bare: Command, chainhub_sandbox: Sandbox) -> Iterator[Command]:
    """The command within this process, against a sandbox and on its clock, so that minutes take milliseconds."""
    with (
        pytest.MonkeyPatch.context() as environment
    ):  # ends before the sandbox's own change of the environment
        environment.setenv("CHAINHUB_API_KEY", "sandbox")
        environment.setenv("CHAINHUB_BASE_URL", chainhub_sandbox.url)
        yield replace(bare, environment=environment)


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Nothing but what a process needs, so that no setting of this machine decides a test."""
    return {
        "CHAINHUB_API_KEY": "sandbox",
        "CHAINHUB_BASE_URL": sandbox.url,
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "COLUMNS": "120",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run the command as a process, bound by permissions, to its end in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*BOUND_BY_PERMISSIONS, COMMAND, *map(str, arguments)], env=environment, cwd=tmp_path,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run
