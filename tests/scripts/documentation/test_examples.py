"""Every example of the documentation runs as it stands, and prints what it says."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import chainhub_sandbox
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub
from PIL import Image

from tests.support.places import ROOT

from .pages import DOCS, blocks, name_of, with_blocks

# Run by these tests instead, which have what the pages need.
ELSEWHERE = {
    "docs/cassettes.md": "tests/contract/test_recordings.py",
    "docs/models.md": "tests/scripts/documentation/test_examples.py",
    "docs/objects.md": "tests/facade/objects/test_jobs.py",
    "docs/testing.md": "tests/facade/testing/test_outside.py",
}
# They bring a gateway of their own.
ON_THEIR_OWN = {"docs/index.md", "docs/sandbox.md"}
PLAIN = sorted(with_blocks("python") - {*ELSEWHERE} - ON_THEIR_OWN)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of an example, with the files that the pages mention."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", "examples")
    shutil.copy("examples/kitten.png", "kitten.png")
    Image.new("RGB", (900, 1600), "teal").save("portrait.jpg")
    yield tmp_path
    logging.getLogger("chainhub_video").setLevel(logging.NOTSET)  # an example sets it


def run(page: str, given: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Run a page from top to bottom, as a reader would, and compare what is printed with what stands after `#>`."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(ROOT / page, "python"):
        names |= given
        exec(compile(block, page, "exec"), names)
        printed = capsys.readouterr().out.splitlines()
        for expected in re.findall(r"#> (.*)", block):
            assert expected in printed, block
        if isinstance(made := names.get("hub"), ChainHub) and made is not given.get("hub"):
            made.close()


@pytest.mark.parametrize("page", PLAIN)
@pytest.mark.usefixtures("folder", "chainhub_sandbox")
def test_every_example_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With `hub` at hand, as the pages say, no example fails."""
    with ChainHub() as hub:
        run(page, {"hub": hub}, capsys)


@pytest.mark.parametrize("page", sorted(ON_THEIR_OWN))
@pytest.mark.usefixtures("folder")
def test_every_example_with_a_gateway_of_its_own_runs(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They need neither key nor address from outside; only the sandbox is hurried."""
    monkeypatch.setattr(chainhub_sandbox, "Sandbox", partial(Sandbox, fast=True))
    with Sandbox(fast=True) as gateway:
        run(page, {"gateway": gateway}, capsys)


@pytest.mark.usefixtures("folder")
def test_every_example_of_a_model_runs(chainhub_sandbox: Sandbox) -> None:
    """Each family of models has an example, and the sandbox accepts and charges it."""
    page = DOCS / "models.md"
    examples = blocks(page, "python")
    assert len(examples) == page.read_text("utf-8").count("Source:") == 5
    with ChainHub() as hub:
        for example in examples:
            paid = chainhub_sandbox.paid
            names: dict[str, Any] = {"hub": hub}
            exec(compile(example, name_of(page), "exec"), names)
            assert chainhub_sandbox.paid == paid + 1
            task = hub.videos.wait(names["task"])
            assert f'model="{task.model}"' in example


def test_examples_that_run_elsewhere_do() -> None:
    """The test that is named for a page names the page."""
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text("utf-8")
