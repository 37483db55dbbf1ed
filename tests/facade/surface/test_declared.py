"""What is imported is declared: nothing is there only because something else needs it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
CORE = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]
PACKAGE = ROOT / "facade" / "chainhub_video"


@pytest.mark.parametrize(
    ("folders", "declared"),
    [
        pytest.param([ROOT / "sandbox"], [*CORE, *EXTRAS["sandbox"]], id="sandbox"),
        pytest.param(
            [PACKAGE / "cli"],
            [*CORE, *EXTRAS["cli"], *EXTRAS["cluster"], *EXTRAS["keyring"]],
            id="cli",
        ),
        pytest.param(
            [ROOT / name for name in ("scripts", "tests", "examples", "benchmarks")],
            [*CORE, *DEV, *(each for extra in EXTRAS.values() for each in extra)],
            id="development",
        ),
    ],
)
def test_nothing_undeclared_is_imported(folders: list[Path], declared: list[str]) -> None:
    """Each distribution that a folder imports stands in pyproject.toml, in the place for that folder."""
    names = {canonicalize_name(Requirement(each).name) for each in declared}
    known = _homes()
    missing = {}
    for path in (file for folder in folders for file in folder.rglob("*.py")):
        for module in imported(path):
            homes = {canonicalize_name(each) for each in known.get(module, ())}
            if homes and not homes & {*names, "chainhub-video"}:
                missing[module] = f"{path.relative_to(ROOT)}: {' or '.join(homes)} is not declared"
    assert missing == {}


@cache
def _homes() -> Mapping[str, list[str]]:
    return packages_distributions()  # which reads the name of every installed file


def imported(path: Path) -> Iterator[str]:
    """Name the packages that a file imports, but for relative ones and the standard library's."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(name), level=0):
                names = [name]
            case _:
                continue
        yield from {name.partition(".")[0] for name in names} - sys.stdlib_module_names
