"""No documented example is lost, and a new one is a case without anybody writing one."""

from __future__ import annotations

import pytest
from pipeline.build import Inputs
from pipeline.publish import LIFECYCLE
from pipeline.report import PipelineError

from .documented import all_cases, inputs, lines_of, page_cases

PAGES = sorted(inputs().pages)


@pytest.mark.parametrize("name", [*PAGES, LIFECYCLE])
def test_no_documented_example_is_lost(name: str) -> None:
    """Every line that looks like an example, found without reading YAML, is part of a case."""
    raw = {**inputs().pages, **inputs().others}[name]
    claimed = {place.line for case in all_cases() for place in case.claims if place.file == name}
    assert claimed == lines_of(raw.decode()), f"{name}: these lines are no case"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_a_request_and_an_answer(name: str) -> None:
    """A page of an operation has examples of both directions."""
    kinds = {case.kind for case in page_cases(inputs(), name)}
    assert {"request", "answer"} <= kinds


def changed(name: str, old: str, new: str) -> Inputs:
    """The pages with a change in one of them."""
    text = inputs().pages[name].decode()
    assert text.count(old) == 1
    return Inputs({**inputs().pages, name: text.replace(old, new).encode()}, others=inputs().others)


def test_a_new_example_is_a_new_case() -> None:
    """Nobody has to write a case for an example that the vendor adds."""
    name = "openapi/sources/create-video-unified-format.md"
    new = "                '3':\n                  value: {id: 'grok:3', status: dreaming}\n"
    given = changed(name, "          headers: {}\n", f"{new}          headers: {{}}\n")
    before = [str(case).partition(" ")[2] for case in page_cases(inputs(), name)]
    after = {str(case).partition(" ")[2]: case for case in page_cases(given, name)}
    assert after.keys() - before == {"POST /v1/video/create answer 200 3"}
    assert after["POST /v1/video/create answer 200 3"].value == {
        "id": "grok:3",
        "status": "dreaming",
    }


def test_a_page_without_examples_is_named() -> None:
    """A page that shows nothing of what goes over the wire is no page to build on."""
    name = "openapi/sources/create-video-openai-format.md"
    text = inputs().pages[name].decode()
    bare = "".join(
        line for line in text.splitlines(keepends=True)
        if "example:" not in line and not line.startswith(" " * 16 + "id: v")
    )  # fmt: skip
    head, _, rest = bare.partition("                object: video\n")
    bare = head + rest[rest.index("          headers: {}") :]
    with pytest.raises(PipelineError) as caught:
        page_cases(Inputs({name: bare.encode()}, others=inputs().others), name)
    assert str(caught.value) == (
        f"{name}: error: there is no example in it, so nothing shows what goes over the wire. Next: fetch the "
        "page again; if the vendor has no example, write one in openapi/overlay.yaml."
    )
