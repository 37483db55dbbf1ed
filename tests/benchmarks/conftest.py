"""The benchmarks' own server, and interpreters that have the core and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.places import ROOT

BENCHMARKS = ROOT / "benchmarks"
CORE = (
    *("anyio", "attr", "attrs", "certifi", "chainhub_api", "chainhub_video", "dateutil", "h11"),
    *("httpcore", "httpx", "idna", "typing_extensions"),
)


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The address of the server that the benchmarks run against."""
    with subprocess.Popen(
        [sys.executable, "-I", BENCHMARKS / "server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that leads to the core's packages, and to no other of this environment's."""
    folder = tmp_path_factory.mktemp("core")
    for name in CORE:
        spec = find_spec(name)
        assert spec is not None, f"{name} is missing: run scripts/bootstrap"
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        (folder / source.name).symlink_to(source)
    return folder
