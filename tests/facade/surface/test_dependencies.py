"""What is imported is declared, and what extras install stays out of the core."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import KITTEN, ROOT

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
    missing = {}
    for path in (file for folder in folders for file in folder.rglob("*.py")):
        for module in packages_of(path):
            owners = {canonicalize_name(each) for each in homes().get(module, ())}
            if owners and not owners & {*names, "chainhub-video"}:
                missing[module] = f"{path.relative_to(ROOT)}: {' or '.join(owners)} is not declared"
    assert missing == {}


def packages_of(path: Path) -> set[str]:
    """Return the packages that a file imports, but for relative ones and the standard library's."""
    imports = re.findall(r"^ *(?:import|from) (\w+)", path.read_text("utf-8"), re.MULTILINE)
    return set(imports) - sys.stdlib_module_names


@cache
def homes() -> Mapping[str, list[str]]:
    """Return the distributions that install each package, by its name."""
    return packages_distributions()  # which reads the name of every installed file


# What is imported by the end of each step, as a program of its own tells it.
PROGRAM = """
import json, sys
from pathlib import Path

sys.modules["httpx._main"] = None  # httpx's own command, which takes rich where it finds it
sys.modules["socksio"] = None  # httpcore takes it where it finds it

def end_of(step):
    print(json.dumps([step, sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})]))

import chainhub_video
end_of("import")
import asyncio
from chainhub_video import AsyncChainHub, ChainHub, PollPolicy
asyncio.run(AsyncChainHub().close())
with ChainHub(poll=PollPolicy(first=0, interval=0.05), inline_images=True) as hub:
    hub.raw
    end_of("clients")
    picture = Path(sys.argv[1])
    square = {"model": "grok-video-3", "aspect_ratio": "1:1"}
    hub.videos.generate("x", **square, save_to="1.mp4")
    hub.videos.generate("x", **square, image=picture, save_to="2.mp4")
    end_of("jobs")
    hub.videos.generate("x", model="veo_3_1", size="1280x720", image=picture, save_to="3.mp4")
    end_of("measuring a picture")
"""


def _closure(requirements: list[str]) -> set[str]:
    """Return the distributions that some requirements need, with the extras that they name."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, within = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": within}):
            continue
        for extra in ("", *requirement.extras):
            one = (canonicalize_name(requirement.name), extra)
            if one not in found:
                found.add(one)
                needs = distribution(requirement.name).requires or []
                waiting.extend((Requirement(text), extra) for text in needs)
    return {name for name, _ in found}


def foreign() -> dict[str, set[str]]:
    """Return, for each extra and for pytest, the modules that the core must not import."""

    def modules(requirements: list[str]) -> set[str]:
        wanted = _closure(requirements)
        return {
            module
            for module, names in homes().items()
            if wanted.intersection(map(canonicalize_name, names))
        }

    core = modules(CORE)
    extras = {**EXTRAS, "(the tests)": ["pytest"]}
    return {extra: modules(needs) - core for extra, needs in extras.items()}


@pytest.fixture
def imported(tmp_path: Path) -> dict[str, set[str]]:
    """What the program has imported by the end of each step; it runs against a sandbox in this process."""
    with Sandbox(fast=True, pace=0.01) as gateway:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM, KITTEN],
            env={
                "PATH": os.environ["PATH"],
                "CHAINHUB_API_KEY": "sandbox",
                "CHAINHUB_BASE_URL": gateway.url,
                "HOME": str(tmp_path),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert gateway.paid == 3
    return {step: set(modules) for step, modules in map(json.loads, done.stdout.splitlines())}


def test_no_extra_leaks_into_the_core(imported: dict[str, set[str]]) -> None:
    """Importing, making clients and whole jobs import nothing of any extra, though all of them are installed.

    The one exception is meant: where Pillow is there, it measures a picture that should have certain pixels.
    """
    extras = foreign()
    for extra, modules in extras.items():
        assert modules, extra
    every = set().union(*extras.values())
    assert {"typer", "rich", "PIL", "av", "starlette", "uvicorn", "pytest", "ruamel"} <= every
    assert not {"httpx", "attrs", "attr", "dateutil", "anyio", "h11", "json"} & every
    leaks = {step: modules & every for step, modules in imported.items()}
    assert leaks == {
        "import": set(),
        "clients": set(),
        "jobs": set(),
        "measuring a picture": {"PIL"},
    }
