"""The plugin as its users have it: from the installed wheel, in folders that know nothing of the repository."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

from tests.support.places import KITTEN, ROOT

from .conftest import Outside

SHOP = ROOT / "examples" / "shop"
GUIDE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
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
    """Write modules into a folder."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def indent(block: str) -> str:
    """Put a block into a function."""
    return textwrap.indent(block, "    ")


def test_the_guide_tells_the_truth(outside: Outside, tmp_path: Path) -> None:
    """The guide's ten lines run as they stand, and all its other tests and faults with their imports."""
    first, *others = BLOCKS
    assert "import" in first
    for number, block in enumerate(others, 1):
        whole = (
            block if "def test_" in block else f"def test_it(chainhub_sandbox):\n{indent(block)}"
        )
        write(tmp_path, **{f"test_{number}": f"{AROUND}{whole}"})
    done = outside.pytest(write(tmp_path, test_0=first))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(BLOCKS)} passed" in done.stdout


def test_the_example_of_a_dialect(outside: Outside, tmp_path: Path) -> None:
    """The guide's test of an app in a dialect runs as it stands, and a wrong dialect is said before the test begins."""
    guide = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (block,) = (each for each in blocks if "@pytest.mark.chainhub_sandbox" in each)
    shutil.copy(KITTEN, tmp_path)
    wrong = """
        import pytest

        @pytest.mark.chainhub_sandbox(dialect="klingon")
        def test_wrong(chainhub_sandbox): ...
        """
    folder = write(tmp_path, test_right=block, test_wrong=wrong)
    done = outside.pytest(folder, "--strict-markers")
    assert "1 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "no dialect 'klingon'; there are documented, numeric-ids" in done.stdout


def test_the_shop_is_tested(outside: Outside, tmp_path: Path) -> None:
    """The example's own tests pass against the installed wheel, in two processes of pytest-xdist."""
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = outside.pytest(folder, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_a_start_of_pytest_costs_nothing(without_extra: Outside, tmp_path: Path) -> None:
    """Where no test uses it, the plugin's own small module is all that pytest loads of the distribution."""
    conftest = """
        import sys

        def pytest_sessionfinish():
            print("LOADED", *sorted(sys.modules))
        """
    folder = write(tmp_path, conftest=conftest, test_nothing="def test_nothing(): pass")
    loaded = []
    for blocked in ((), ("-p", "no:pytest_chainhub_video")):
        done = without_extra.pytest(folder, "-q", "-s", *blocked)
        assert done.returncode == 0, done.stdout + done.stderr
        (line,) = (line for line in done.stdout.splitlines() if "LOADED" in line)
        loaded.append(set(line.split()))
    assert loaded[0] - loaded[1] == {"pytest_chainhub_video"}
    assert not loaded[0] & {"httpx", "attrs", "starlette", "chainhub_video"}


def test_a_missing_extra_is_one_line(without_extra: Outside, tmp_path: Path) -> None:
    """Without the extra every test that asks for a fixture is told what to install, and no traceback."""
    tests = """
        def test_a(chainhub_sandbox): pass
        def test_b(chainhub): pass
        def test_c(async_chainhub): pass
        """
    done = without_extra.pytest(write(tmp_path, test_x=tests), "-q")
    assert done.returncode == 1
    reasons = [line for line in done.stdout.splitlines() if line.startswith("the fixture")]
    assert len(reasons) == 3
    assert all(line.endswith("pip install 'chainhub-video[sandbox]'") for line in reasons)
    assert "Traceback" not in done.stdout
    assert "site-packages" not in done.stdout


def test_a_failure_shows_what_the_gateway_saw(outside: Outside, tmp_path: Path) -> None:
    """Beside a failed test stand its creates, its tasks, its requests and its faults, and only its own."""
    tests = """
        import pytest
        from chainhub_video import ChainHub, ChainHubError

        ASKED = {"model": "grok-video-3", "aspect_ratio": "3:2"}

        def test_fine(chainhub):
            chainhub.videos.create("A dog", **ASKED)

        def test_paid_twice(chainhub_sandbox, chainhub):
            chainhub_sandbox.fault("create", "reset", times=1)
            with pytest.raises(ChainHubError):
                chainhub.videos.create("A kitten", **ASKED)
            chainhub.videos.create("A kitten", **ASKED)
            assert chainhub_sandbox.paid == 1
        """
    done = outside.pytest(write(tmp_path, test_shop=tests), "-q")
    assert done.returncode == 1
    shown = done.stdout[done.stdout.index("ChainHub sandbox") :]
    assert "2 paid, 2 requests" in shown
    assert "asked 2x, paid 2x: 'A kitten'" in shown
    assert "POST /v1/video/create no answer -> grok:" in shown
    assert "[reset at done]" in shown
    assert "A dog" not in done.stdout


def test_nothing_is_left(outside: Outside, tmp_path: Path) -> None:
    """After tests that pass, fail and break off, no thread, file or setting of the sandbox's is left."""
    conftest = """
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
    tests = """
        import pytest
        ASKED = {"model": "grok-video-3", "aspect_ratio": "3:2"}

        @pytest.mark.parametrize("number", range(3))
        def test_one(chainhub_sandbox, chainhub, number):
            assert chainhub_sandbox.paid == 0 and chainhub_sandbox.faults == []
            chainhub_sandbox.fault("query", "hang")
            chainhub.videos.create("A kitten", **ASKED)

        def test_broken(chainhub_sandbox, chainhub):
            chainhub.videos.create("A kitten", **ASKED)
            raise RuntimeError("on purpose")
        """
    done = outside.pytest(write(tmp_path, conftest=conftest, test_shop=tests), "-q")
    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "on purpose" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1]
