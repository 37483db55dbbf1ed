"""The three examples of docs/first-change.md, followed to the letter in a copy of the repository."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.places import ROOT

PAGE = ROOT / "docs" / "first-change.md"
EXAMPLES = {
    title: text
    for title, text in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    if "```diff" in text
}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("docs", "facade", "generated", "openapi", "sandbox", "scripts", "tests")
KEPT_OUT = shutil.ignore_patterns(".*_cache", ".hypothesis", "pictures", "*.pyc.*")
NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_chainhub_video"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository; its compiled modules stay valid, since times are copied too."""
    root = tmp_path_factory.mktemp("contributing") / "project"
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=KEPT_OUT)
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy2(ROOT / name, root / name)
    _environment(root)
    for command in ("git init --quiet", "git add ."):
        assert run(command.split(), root)[0] == 0
    return root


@pytest.fixture
def project(copy: Path) -> Path:
    """The copy without the changes of another example."""
    assert run(["git", "checkout", "--quiet", "."], copy)[0] == 0
    return copy


def _environment(root: Path) -> None:
    """Make `.venv` in a copy: its Python, its packages, but the copy's own folders in place of ours."""
    packages = Path(sysconfig.get_path("purelib"))
    here = root / ".venv" / packages.relative_to(sys.prefix)
    here.mkdir(parents=True)
    (root / ".venv" / "bin").mkdir()
    (root / ".venv" / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (root / ".venv" / "bin" / "ruff").symlink_to(Path(sys.prefix) / "bin" / "ruff")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", root / ".venv")
    paths = [*(root / folder for folder in ("facade", "generated", "sandbox")), packages]
    (here / "copy.pth").write_text("".join(f"{path}\n" for path in paths))
    # What scripts/bootstrap compares: this environment is finished.
    inputs = (
        root / name for name in ("scripts/requirements.lock", "pyproject.toml", "scripts/bootstrap")
    )
    stamp = f"{root}\n".encode() + b"".join(path.read_bytes() for path in inputs)
    (root / ".venv" / "bootstrap-finished").write_bytes(stamp)


def run(command: Sequence[str], root: Path, given: str = "") -> tuple[int, str]:
    """Run a command in a copy, and return its exit status and all that it printed."""
    done = subprocess.run(
        command, cwd=root, env=os.environ | NO_PLUGINS, input=given, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def apply(patch: str, root: Path) -> None:
    """Apply a block of the page, or fail with the block and with what git says of it."""
    status, said = run(["git", "apply", "-"], root, patch)
    assert status == 0, f"this patch of {PAGE.name} does not apply any more:\n{said}\n{patch}"


def take_back(blocks: Sequence[tuple[str, str]], root: Path) -> None:
    """Undo an example that somebody has just followed, and what its commands have written; else change nothing."""
    patches = [block for language, block in blocks if language == "diff"]
    undo = ["git", "apply", "--reverse"]
    if any(run([*undo, "--check", "-"], root, patch)[0] for patch in patches):
        return
    for patch in patches:
        assert run([*undo, "-"], root, patch)[0] == 0
    for _, block in blocks:
        for command in re.findall(r"^\$ (.+)$", block, re.MULTILINE):
            if "pytest" not in command:
                run(shlex.split(command), root)


def state(root: Path) -> list[str]:
    """Return the lines in which a copy differs from its first state, but for the time of a recording."""
    said = run(["git", "diff", "--unified=0"], root)[1].splitlines()
    return [line for line in said if re.match(r"[+-](?!  at: |--|\+\+)", line)]


def follow(block: str, root: Path) -> None:
    """Run the commands of a block, and compare what each prints with the lines below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        status, printed = run(shlex.split(command), root)
        shown = f"{PAGE.name}: {command}\nprints\n{printed}\nand not\n{expected}"
        wanted = re.escape(expected.strip()).replace("…", ".*")
        assert re.fullmatch(wanted, printed.strip(), re.DOTALL), shown
        assert (status != 0) is (" failed" in expected), shown


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_example_goes_as_the_page_says(project: Path, title: str) -> None:
    """Each patch applies to the code as it is now, each command prints what stands below it, and all can be undone.

    Who follows an example runs this test at its end, in a project that has the change already.
    """
    blocks = BLOCK.findall(EXAMPLES[title])
    take_back(blocks, project)
    before = state(project)
    for language, block in blocks:
        if language == "diff":
            apply(block, project)
        else:
            assert language == "console"
            follow(block, project)
    assert state(project) != before
    take_back(blocks, project)
    assert state(project) == before


def test_the_page_has_its_three_examples() -> None:
    """None is lost because a heading or a fence has changed."""
    assert [*EXAMPLES] == ["A new model", "A new word", "A changed page"]
