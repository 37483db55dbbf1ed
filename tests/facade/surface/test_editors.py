"""What editors and documentation generators see of the public calls."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
import pytest
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.videos import Videos

from tests.support.language_server import Document, language_server
from tests.support.places import ROOT

PACKAGE = ROOT / "facade" / "chainhub_video"
BIN = Path(sys.executable).parent
CALLS = ("create", "retrieve", "wait", "watch", "download", "generate", "resume")

APP = """\
from chainhub_video import AsyncChainHub, ChainHub

hub = ChainHub(api_key="k")
hub.videos.generate("p", model="grok-video-3", save_to="x.mp4")
hub.videos.create("p", model="")
hub.videos.retrieve("1", format="")
hub.videos.wait("video_1")


async def main(hub: AsyncChainHub) -> None:
    await hub.videos.download("video_1", "x.mp4")
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    """An app of a few lines, opened in a real language server."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    paths = ", ".join(f'"{ROOT / name}"' for name in ("facade", "generated", "sandbox"))
    settings = f'[tool.basedpyright]\nextraPaths = [{paths}]\npythonPath = "{sys.executable}"\n'
    (folder / "pyproject.toml").write_text(settings)
    with language_server(BIN / "basedpyright-langserver", folder) as server:
        yield server.open(folder / "app.py")


@pytest.mark.parametrize(
    ("marker", "kind"),
    [("hub.videos.generate", Videos), ("hub.videos.wait", Videos), ("hub.videos.download", AsyncVideos)],
    ids=["generate", "wait", "download"],
)  # fmt: skip
def test_hover_and_definition_show_the_call(app: Document, marker: str, kind: type) -> None:
    """Who rests on a call sees its parameters, its result and its first sentence, and is led to where it is written."""
    method = getattr(kind, marker.rpartition(".")[2])
    shown = app.hover(marker)
    for parameter in list(inspect.signature(method).parameters)[1:]:
        assert f"{parameter}: " in shown, parameter
    result = inspect.signature(method).return_annotation
    assert f"{result}]" in shown if kind is AsyncVideos else f"-> {result}" in shown
    assert (inspect.getdoc(method) or "").split("\n")[0] in shown.replace("&nbsp;", " ")
    address, line = app.definition(marker)
    source, first = inspect.getsourcelines(method)
    assert address == Path(inspect.getsourcefile(method) or "").as_uri()
    assert (line, "def " in source[0]) == (first, True)


@pytest.mark.parametrize(
    ("marker", "words"),
    [('create("p", model="', {"grok-video-3", "veo_3_1"}), ('format="', {"openai", "unified"})],
    ids=["model", "format"],
)
def test_the_known_words_are_offered(app: Document, marker: str, words: set[str]) -> None:
    """Inside the quotes an editor offers the models and the formats that there are."""
    offered = {label.strip("\"'") for label in app.completions(marker)}
    assert words <= offered


@pytest.fixture(scope="module")
def package() -> Any:
    """The package as griffe reads it, without running it."""
    return griffe.load("chainhub_video", search_paths=[PACKAGE.parent])


@pytest.mark.parametrize("name", CALLS)
def test_documentation_generators_see_the_call(package: Any, name: str) -> None:
    """A reader of the source finds a function in both classes, every parameter typed and described, alike in both."""
    seen = []
    for place in ("videos.Videos", "async_videos.AsyncVideos"):
        function = package[f"{place}.{name}"]
        assert function.is_function
        described: dict[str, Any] = {
            section.kind.value: section for section in function.docstring.parse("google")
        }
        parameters = [one for one in function.parameters if one.name != "self"]
        assert all(one.annotation is not None for one in parameters)
        told = [one.name for one in described["parameters"].value]
        assert sorted(told) == sorted(one.name for one in parameters)
        assert described["returns"].value
        assert described["raises"].value
        assert function.returns is not None
        seen.append(
            ([(p.name, str(p.annotation), str(p.default)) for p in parameters], function.docstring.value)
        )  # fmt: skip
    assert seen[0] == seen[1]
