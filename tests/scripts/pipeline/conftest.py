"""The repository as the pipeline sees it: the real one for reading, a copy for everything else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.__main__ import main
from pipeline.build import Build, build, read_inputs

from tests.support.places import ROOT

Snapshot = dict[str, tuple[bytes, int]]
Regenerate = Callable[..., str]


def snapshot(root: Path) -> Snapshot:
    """Note the bytes and the time of change of every file the pipeline answers for."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for folder in ("openapi", "generated")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def built() -> Build:
    """What a build of the repository gives; built once, since generating takes seconds."""
    return build(read_inputs(ROOT, []))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the pipeline reads and writes, to be spoilt at will."""
    root = tmp_path / "repository"
    for folder in ("openapi", "generated"):
        shutil.copytree(
            ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache")
        )
    return root


@pytest.fixture
def regenerate(copy: Path, capsys: pytest.CaptureFixture[str]) -> Regenerate:
    """Run the command on the copy, in this process: returns what it says, once its exit code is the one given.

    A command that fails, or only looks, has not touched a file.
    """

    def run(*arguments: str | Path, status: int = 0) -> str:
        before = snapshot(copy)
        assert main([str(argument) for argument in arguments], copy) == status
        writes = status == 0 and not {"--check", "--dry-run", "--inspect"} & {*arguments}
        assert writes or snapshot(copy) == before
        said = capsys.readouterr()
        return said.err if status == 1 else said.out

    return run
