"""A pytest plugin for apps that make videos: a sandbox gateway as a fixture, and clients bound to it.

pytest loads it wherever the distribution is installed, so it imports nothing before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chainhub_sandbox import Sandbox
    from chainhub_video import AsyncChainHub, ChainHub

_SEEN: pytest.StashKey[Sandbox] = pytest.StashKey()
_MARKER = "chainhub_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    text = "arguments of the test's sandbox, as in dialect='relay'; see chainhub_sandbox.Sandbox"
    config.addinivalue_line("markers", f"{_MARKER}(**arguments): {text}")


@pytest.fixture
def chainhub_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A fresh sandbox gateway, in whose time a ten-minute task takes milliseconds.

    Every client of this process talks to it, those too that the app makes for itself.
    `.paid`, `.tasks`, `.requests`, `.fault(…)`, `.finish(task)`, `.fail(task, reason)`, `.hold()`, `.advance(seconds)`.
    `@pytest.mark.chainhub_sandbox(dialect="relay")` gives it further arguments.
    """
    try:
        from chainhub_video.testing import sandboxed
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "chainhub_video":
            raise
        pytest.fail(
            f"the fixture chainhub_sandbox needs {missing.name!r}: pip install 'chainhub-video[sandbox]'",
            pytrace=False,
        )
    markers = reversed([*request.node.iter_markers(_MARKER)])  # the closest comes last, and wins
    options = {name: value for marker in markers for name, value in marker.kwargs.items()}
    with sandboxed(**options) as gateway:
        request.node.stash[_SEEN] = gateway
        yield gateway


@pytest.fixture
def chainhub(chainhub_sandbox: Sandbox) -> Iterator[ChainHub]:
    """A `ChainHub` that talks to the sandbox of this test."""
    from chainhub_video import ChainHub

    with ChainHub(base_url=chainhub_sandbox.url) as hub:
        yield hub


@pytest.fixture
def async_chainhub(chainhub_sandbox: Sandbox) -> AsyncChainHub:
    """An `AsyncChainHub` that talks to the sandbox of this test, on whatever event loop the test runs."""
    from chainhub_video.testing import loop_free_client

    return loop_free_client(chainhub_sandbox)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows beside a failure what the gateway saw of it."""
    report = yield
    gateway = item.stash.get(_SEEN, None)
    if call.when == "call" and report.failed and gateway is not None:
        from chainhub_video.testing import seen_by

        report.sections.append(("ChainHub sandbox", seen_by(gateway)))
    return report
