"""The guide for app developers, and the page on models, are true: each snippet runs, and prints what it says."""

from __future__ import annotations

import builtins
import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import PollPolicy, client
from PIL import Image

from .wires import png

DOCS = Path(__file__).parents[2] / "docs"
GUIDE, MODELS_PAGE = DOCS / "facade.md", DOCS / "models.md"


def _snippets(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


SNIPPETS = _snippets(GUIDE)


@pytest.fixture
def snippets_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> Iterator[dict[str, Any]]:
    """The names that the snippets share, in a folder with the pictures that they mention."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINHUB_API_KEY", "sandbox")
    monkeypatch.setenv("CHAINHUB_BASE_URL", sandbox.url)
    # The sandbox says when to look again, but the first look after a create is the client's own.
    monkeypatch.setattr(client, "PollPolicy", partial(PollPolicy, first=0.02))
    Path("kitten.png").write_bytes(png())
    Image.new("RGB", (900, 1600), "teal").save("portrait.jpg")
    names: dict[str, Any] = {"__name__": "guide"}
    yield names
    names["hub"].close()
    logging.getLogger("chainhub_video").setLevel(
        logging.NOTSET
    )  # a snippet sets it for the process


def test_every_snippet_runs_and_prints_what_it_says(
    snippets_run: dict[str, Any], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """From top to bottom, as a reader would: no snippet fails, and what stands after `#>` is printed."""
    paid = sandbox.paid
    assert len(SNIPPETS) > 12
    for snippet in SNIPPETS:
        exec(compile(snippet, str(GUIDE), "exec"), snippets_run)
        printed = capsys.readouterr().out.splitlines()
        for expected in re.findall(r"#> (.*)", snippet):
            assert expected in printed, snippet
    assert sandbox.paid > paid + 10


def test_every_example_of_a_model_runs(snippets_run: dict[str, Any], sandbox: Sandbox) -> None:
    """Each family of models has an example, and the sandbox accepts and charges it."""
    examples = _snippets(MODELS_PAGE)
    assert len(examples) == MODELS_PAGE.read_text("utf-8").count("Source:") == 5
    exec(compile(SNIPPETS[0], str(GUIDE), "exec"), snippets_run)
    for example in examples:
        paid = sandbox.paid
        exec(compile(example, str(MODELS_PAGE), "exec"), snippets_run)
        assert sandbox.paid == paid + 1
        task = snippets_run["hub"].videos.wait(snippets_run["task"], timeout=60)
        assert f'model="{task.model}"' in example


def test_the_guide_names_only_what_there_is() -> None:
    """Each error and each name in code font that looks like one of ours exists, and files it points to do, too."""
    import chainhub_video

    text = GUIDE.read_text("utf-8")
    for name in set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", text)):
        assert hasattr(chainhub_video, name) or hasattr(builtins, name), name
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", text):
        assert (GUIDE.parent / target).exists() or target == "receipts.md", target
