"""The plugin as its users have it: from the installed wheel, in folders that know nothing of the repository."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

from tests.support.places import KITTEN, ROOT

from .conftest import Pytest

SHOP = ROOT / "examples" / "shop"
AROUND = """
import asyncio
import pytest
from concurrent.futures import ThreadPoolExecutor
from chainhub_video import ChainHub, WaitTimeout
from test_0 import make_kitten

async def my_app(hub, folder):
    await hub.videos.generate(
        "A kitten", model="grok-video-3", aspect_ratio="3:2", save_to=folder / "kitten.mp4"
    )

"""


def write(folder: Path, **files: str) -> Path:
    """Write modules into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


CLEAN = """
import os, tempfile, threading
from pathlib import Path
import pytest

@pytest.fixture(autouse=True, scope="session")
def all_clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("system")
    tempfile.tempdir = str(folder)
    yield
    assert [t.name for t in threading.enumerate() if "sandbox" in t.name] == []
    assert list(folder.iterdir()) == []
    assert not [name for name in os.environ if name.startswith("CHAINHUB")]
    ends = (os.path.realpath(each) for each in Path("/proc/self/fd").glob("*"))
    assert [end for end in ends if "socket:" in end] == []
"""
WRONG = """
import pytest
from chainhub_video import ChainHubError

ASKED = {"model": "grok-video-3", "aspect_ratio": "3:2"}

@pytest.mark.chainhub_sandbox(dialect="klingon")
def test_wrong_dialect(chainhub_sandbox): ...

@pytest.mark.parametrize("number", range(2))
def test_fine(chainhub_sandbox, chainhub, number):
    assert chainhub_sandbox.paid == 0 and chainhub_sandbox.faults == []
    chainhub_sandbox.fault("query", "hang")
    chainhub.videos.create("A dog", **ASKED)

def test_paid_twice(chainhub_sandbox, chainhub):
    chainhub_sandbox.fault("create", "reset", times=1)
    with pytest.raises(ChainHubError):
        chainhub.videos.create("A kitten", **ASKED)
    chainhub.videos.create("A kitten", **ASKED)
    assert chainhub_sandbox.paid == 1
"""


def blocks(page: str) -> list[str]:
    """Return the Python of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)


def test_the_guide_tells_the_truth(outside: Pytest, tmp_path: Path) -> None:
    """The guide's ten lines run as they stand, all its other tests and faults with their imports, and leave nothing.

    So does the example of an app in a dialect, in docs/sandbox.md.
    """
    first, *others = blocks("testing.md")
    assert "import" in first
    write(tmp_path, conftest=CLEAN, test_0=first)
    for number, block in enumerate(others, 1):
        inside = f"def test_it(chainhub_sandbox):\n{textwrap.indent(block, '    ')}"
        whole = block if "def test_" in block else inside
        write(tmp_path, **{f"test_{number}": f"{AROUND}{whole}"})
    (dialect,) = (each for each in blocks("sandbox.md") if "@pytest.mark.chainhub_sandbox" in each)
    shutil.copy(KITTEN, tmp_path)
    done = outside(write(tmp_path, test_dialect=dialect))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(others) + 2} passed" in done.stdout


def test_what_fails_is_explained_and_leaves_nothing(outside: Pytest, tmp_path: Path) -> None:
    """Beside a failed test stand its creates, tasks, requests and faults, and only its own; no thread or file is left.

    A dialect that is none is said before the test begins.
    """
    done = outside(write(tmp_path, conftest=CLEAN, test_shop=WRONG), "--strict-markers")
    assert "1 failed, 2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "no dialect 'klingon'; there are documented, numeric-ids" in done.stdout
    shown = done.stdout[done.stdout.index("ChainHub sandbox") :]
    assert "2 paid, 2 requests" in shown
    assert "asked 2x, paid 2x: 'A kitten'" in shown
    assert "POST /v1/video/create no answer -> grok:" in shown
    assert "[reset at done]" in shown
    assert "A dog" not in done.stdout


def test_the_shop_is_tested(outside: Pytest, tmp_path: Path) -> None:
    """The example's own tests pass against the installed wheel, in two processes of pytest-xdist."""
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = outside(folder, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_a_start_of_pytest_costs_nothing(outside: Pytest, tmp_path: Path) -> None:
    """Where no test uses it, the plugin's own small module is all that pytest loads of the distribution."""
    conftest = """
        import sys

        def pytest_sessionfinish():
            print("LOADED", *sorted(sys.modules))
        """
    folder = write(tmp_path, conftest=conftest, test_nothing="def test_nothing(): pass")
    loaded = []
    for blocked in ((), ("-p", "no:pytest_chainhub_video")):
        done = outside(folder, "-q", "-s", *blocked)
        assert done.returncode == 0, done.stdout + done.stderr
        (line,) = (line for line in done.stdout.splitlines() if "LOADED" in line)
        loaded.append(set(line.split()))
    assert loaded[0] - loaded[1] == {"pytest_chainhub_video"}
    assert not loaded[0] & {"httpx", "attrs", "starlette", "chainhub_video"}


def test_a_missing_extra_is_one_line(outside: Pytest, tmp_path: Path) -> None:
    """Without the extra every test that asks for a fixture is told what to install, and no traceback."""
    tests = """
        def test_a(chainhub_sandbox): pass
        def test_b(chainhub): pass
        def test_c(async_chainhub): pass
        """
    missing = "import sys; sys.modules['starlette'] = None"
    done = outside(write(tmp_path, conftest=missing, test_x=tests), "-q")
    assert done.returncode == 1
    reasons = [line for line in done.stdout.splitlines() if line.startswith("the fixture")]
    assert len(reasons) == 3
    assert all(line.endswith("pip install 'chainhub-video[sandbox]'") for line in reasons)
    assert "Traceback" not in done.stdout
    assert "site-packages" not in done.stdout
