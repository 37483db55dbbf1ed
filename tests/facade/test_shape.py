"""What the package looks like from outside, and how it is built inside."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args

import chainhub_video
import pytest
from chainhub_video import AsyncChainHub, ChainHub, models
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.batch.calls import AsyncBatch, Batch
from chainhub_video.videos import Videos

PACKAGE = Path(chainhub_video.__file__).parent
EXTRAS = {"sandbox", "cli", "batch", "testing", "testing.py"}
CORE = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in EXTRAS]


def _public(kind: type) -> dict[str, object]:
    return {name: inspect.getattr_static(kind, name) for name in dir(kind) if name[0] != "_"}


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is in order, names what is there, and everything public is in it."""
    ordered = sorted(chainhub_video.__all__, key=lambda name: (not name.isupper(), name))
    assert chainhub_video.__all__ == ordered
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert imported == set(chainhub_video.__all__)


def test_both_colours_have_the_same_names() -> None:
    """Whatever the blocking class has, the asynchronous one has, and the other way round."""
    for blocking, asynchronous in (
        (Videos, AsyncVideos),
        (Batch, AsyncBatch),
        (ChainHub, AsyncChainHub),
    ):
        assert set(_public(blocking)) == set(_public(asynchronous))
        for name, member in _public(blocking).items():
            if inspect.isfunction(member):
                other = getattr(asynchronous, name)
                assert inspect.signature(member).parameters == inspect.signature(other).parameters
                assert inspect.getdoc(member) == inspect.getdoc(other)
                assert inspect.getdoc(member)
        takes = [
            [
                (one.name, one.kind, one.default)
                for one in inspect.signature(kind).parameters.values()
            ]
            for kind in (blocking, asynchronous)
        ]
        assert takes[0] == takes[1]
    returned = [inspect.signature(kind.watch).return_annotation for kind in (Videos, AsyncVideos)]
    assert returned == ["Iterator[VideoTask]", "AsyncIterator[VideoTask]"]


@pytest.mark.parametrize("calls", [Videos, Batch])
def test_every_parameter_is_documented(calls: type) -> None:
    """Each parameter of each call has its line under `Args:`, and each call tells what it returns and raises."""
    for name, method in _public(calls).items():
        documentation = inspect.getdoc(method) or ""
        for parameter in list(inspect.signature(getattr(calls, name)).parameters)[1:]:
            assert f"\n    {parameter}: " in documentation, f"{name}: {parameter}"
        assert "Returns:" in documentation
        assert "Raises:" in documentation


def test_importing_the_client_is_quick() -> None:
    """Whoever imports the client does not yet pay for HTTP, nor for the reading of dates."""
    code = """
        import sys
        import chainhub_video
        late = {"chainhub_video.drivers.blocking", "chainhub_video.batch.calls", "httpx", "dateutil", "csv"}
        print(sorted(late & set(sys.modules)))
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert told.stdout.split("\n")[0] == "[]"


def test_asynchronous_calls_are_coroutine_functions() -> None:
    """Each call of the asyncio client says so to `inspect`, and `watch` gives an asynchronous iterator."""
    for name, method in _public(AsyncVideos).items():
        assert inspect.iscoroutinefunction(method) is (name != "watch"), name
    assert not any(inspect.iscoroutinefunction(method) for method in _public(Videos).values())


def test_the_known_words_are_those_of_the_table() -> None:
    """What editors offer for a model, a size and a ratio is what the table of models knows."""

    def known(alias: object) -> set[str]:
        words = (word for part in get_args(alias) for word in get_args(part))
        return {word for word in words if isinstance(word, str)}

    rows = models.MODELS
    assert known(models.ModelName) == {row.name for row in rows}
    assert known(models.Size) == {
        size
        for row in rows
        for size in (*row.sizes, *(word for word in row.means if ":" not in word))
    }
    assert known(models.AspectRatio) == {ratio for row in rows for ratio in row.aspect_ratios}


def test_every_module_has_one_reason() -> None:
    """No module of the core is longer than 450 lines, and none is named for nothing in particular."""
    for path in CORE:
        assert len(path.read_text().splitlines()) <= 450, path
        assert path.stem not in {"utils", "helpers", "manager", "common", "misc"}
        assert ast.get_docstring(ast.parse(path.read_text())), path
