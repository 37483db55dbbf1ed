"""What the extras install stays out of the core: whoever has no extra, or has them all, runs the same client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import KITTEN, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

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


@cache
def _owners() -> Mapping[str, list[str]]:
    return packages_distributions()  # which reads every installed file's name


def _modules(distributions: set[str]) -> set[str]:
    """Return the top-level modules that some distributions install."""
    return {
        module
        for module, owners in _owners().items()
        if {canonicalize_name(owner) for owner in owners} & distributions
    }


@cache
def foreign() -> dict[str, set[str]]:
    """Return, for each extra and for pytest, the modules that the core must not import."""
    core = _modules(_closure(PROJECT["dependencies"]))
    extras = {**PROJECT["optional-dependencies"], "(the tests)": ["pytest"]}
    return {extra: _modules(_closure(needs)) - core for extra, needs in extras.items()}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Sandbox]:
    """A sandbox in this process, for clients in others."""
    with Sandbox(fast=True, pace=0.01) as running:
        yield running


def run(gateway: Sandbox, folder: Path, *packages: Path) -> Iterator[tuple[str, set[str]]]:
    """Run the program against a sandbox, with packages from other folders in front, and give what it tells."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, KITTEN],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "CHAINHUB_API_KEY": "sandbox",
            "CHAINHUB_BASE_URL": gateway.url,
            "HOME": str(folder),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        name, modules = json.loads(line)
        yield name, set(modules)


def leaks(told: Iterator[tuple[str, set[str]]]) -> list[str]:
    """Return a line for each foreign module that was imported, with the step before which it was."""
    found: dict[str, str] = {}
    for name, modules in told:
        for extra, unwanted in foreign().items():
            for module in sorted(unwanted & modules):
                found.setdefault(module, f"{name}: {module} belongs to the extra {extra}")
    return [*found.values()]


def test_what_the_extras_install_is_known() -> None:
    """The list is read from pyproject.toml and the installed packages, and is not empty for any extra."""
    assert set(PROJECT["optional-dependencies"]) < set(foreign())
    for extra, modules in foreign().items():
        assert modules, extra
    every = set().union(*foreign().values())
    assert {"typer", "rich", "PIL", "av", "starlette", "uvicorn", "pytest", "ruamel"} <= every
    assert not {"httpx", "attrs", "attr", "dateutil", "anyio", "h11", "json"} & every


def test_no_extra_leaks_into_the_core(gateway: Sandbox, tmp_path: Path) -> None:
    """Importing, making clients and whole jobs import nothing of any extra, though all of them are installed.

    The one exception is meant: where Pillow is there, it measures a picture that should have certain pixels.
    """
    before = gateway.paid
    steps = dict(run(gateway, tmp_path))
    assert [*steps] == ["import", "clients", "jobs", "measuring a picture"]
    (told,) = leaks(iter(steps.items()))
    assert told.startswith("measuring a picture: PIL belongs to the extra ")
    assert gateway.paid - before == 3
    assert {path.name for path in tmp_path.glob("*.mp4")} == {"1.mp4", "2.mp4", "3.mp4"}


FUTURE = "from __future__ import annotations\n"
BUILDING = "    wire = format_for(model, format)\n"


@pytest.mark.parametrize(
    ("module", "after", "line", "words"),
    [
        ("__init__.py", FUTURE, "import rich.console", "import: rich belongs to the extra cli"),
        ("client.py", FUTURE, "import pytest", "import: pytest belongs to the extra (the tests)"),
        ("flows/source.py", FUTURE, "import dask", "clients: dask belongs to the extra cluster"),
        ("request.py", BUILDING, "    import ruamel.yaml", "jobs: ruamel belongs to the extra sandbox"),
    ],
    ids=["import", "clients", "flows", "jobs"],
)  # fmt: skip
def test_a_leak_would_be_found(
    gateway: Sandbox, tmp_path: Path, module: str, after: str, line: str, words: str
) -> None:
    """One import in a copy of the package is told, with the step that brought it in and the extra it belongs to."""
    copy = tmp_path / "copy" / "chainhub_video"
    shutil.copytree(
        ROOT / "facade" / "chainhub_video", copy, ignore=shutil.ignore_patterns("__pycache__")
    )
    source = (copy / module).read_text()
    assert after in source
    (copy / module).write_text(source.replace(after, f"{after}{line}\n"))
    assert words in leaks(run(gateway, tmp_path, copy.parent))
