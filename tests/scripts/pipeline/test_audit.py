"""Every documented example against its schema, before and after the corrections."""

import socket
from pathlib import Path

import pytest
from pipeline.audit import contradictions
from pipeline.build import Assembled

from .reading import parsed, refusal
from .small import assembled, page

HEAD = "overlay: 1.0.0\n"
TARGET = "$.paths['/v1/video/create'].post.requestBody.content['application/json']"
SETTLES = f"""\
actions:
  - target: {TARGET}.schema.properties.other
    description: Has nothing to do with it.
    update:
      description: d
  - target: {TARGET}.schema.properties.n
    description: The example is a text, and right.
    update:
      type: string
"""
POINTER = "/paths/~1v1~1video~1create/post/requestBody/content/application~1json/example"
LISTED = f"""\
actions: []
x-contradictions:
  - example: {POINTER}
    description: The vendor's example is of another model.
"""
PAGE = page("A", "properties: {n: {type: integer}, other: {}}\nrequired: [n]", "n: text")


def build(root: Path, overlay: str, text: str = PAGE) -> Assembled:
    """Assemble a repository of one page and this overlay."""
    return assembled(root, {"a": text}, overlay=HEAD + overlay)


def audited(assembled: Assembled) -> list[str]:
    """Return what the audit told."""
    return [str(change) for change in assembled.changes if change.step == "audit"]


def test_an_unsettled_contradiction_fails_the_run_with_its_line(tmp_path: Path) -> None:
    """The line is that of the example in the page, and the pointer is there to be listed."""
    assert refusal(build, tmp_path, "actions: []\n").startswith(
        "openapi/sources/a.md:24: error: the example contradicts its schema: "
        f"'text' is not of type 'integer' (at {POINTER}). Next: settle it by an action"
    )


def test_a_contradiction_that_the_overlay_settles_is_named_as_settled(tmp_path: Path) -> None:
    """The report says by which action, and not by one before it."""
    assert audited(build(tmp_path, SETTLES)) == [
        (
            "openapi/sources/a.md:24: audit: the example contradicts its schema: "
            "'text' is not of type 'integer' (settled by openapi/overlay.yaml:7)"
        )
    ]


def test_a_contradiction_that_is_listed_is_left_with_its_reason(tmp_path: Path) -> None:
    """What is known and left alone stays in the report, with the reason and where it is listed."""
    assert audited(build(tmp_path, LISTED)) == [
        (
            "openapi/sources/a.md:24: audit: the example contradicts its schema: "
            "'text' is not of type 'integer'; left as it is: "
            "The vendor's example is of another model. (openapi/overlay.yaml:4)"
        )
    ]


IDLE = [
    (SETTLES + LISTED.removeprefix("actions: []\n"), "contradicts its schema. Next: delete"),
    (LISTED.replace("The vendor's example is of another model.", "' '"), "has no reason"),
    (LISTED.replace("description:", "reason:"), "does not have exactly the fields"),
    ("actions: []\nx-contradictions: {}\n", "x-contradictions is not a list"),
]  # fmt: skip


def test_an_idle_or_malformed_entry_is_an_error(tmp_path: Path) -> None:
    """A list of known contradictions must not outlive them."""
    for number, (overlay, told) in enumerate(IDLE):
        refused = refusal(build, tmp_path / str(number), overlay)
        assert told in refused
        assert refused.startswith("openapi/overlay.yaml:")


EXAMPLES = [
    ("type: string\n", "type: string\n                    example: 5\n", "/example"),
    ("      x-run",
     ("      parameters:\n        - {name: q, in: query, example: x, schema: {type: integer}}\n"
     "      x-run"), "/parameters/0/example"),
    ("                  id:\n                    type: string\n\n",
     ("                  id:\n                    type: string\n"
     "              examples:\n                bad: {value: {id: 3}}\n"), "/examples/bad/value"),
]  # fmt: skip


def test_examples_of_every_kind_are_audited(tmp_path: Path) -> None:
    """Requests, answers, parameters and single fields: each example is held against its schema."""
    sound = PAGE.replace("n: text", "n: 1\n              other: {}")
    assert audited(build(tmp_path / "sound", "actions: []\n", sound)) == []
    for old, new, path in EXAMPLES:
        assert old in sound
        text = sound.replace(old, new, 1)
        told = refusal(build, tmp_path / path.replace("/", "-"), "actions: []\n", text)
        assert f"{path}). Next: " in told


def test_a_reference_out_of_the_document_is_never_fetched() -> None:
    """A schema that names a URL is told, and nobody connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        text = (
            "components:\n  parameters:\n    P:\n      example: 1\n"
            f"      schema: {{$ref: 'http://127.0.0.1:{port}/x'}}\n"
        )
        found = contradictions(parsed(text))
        ((place, reason),) = found.values()
        assert (str(place), "cannot be held against" in reason) == ("p.md:4", True)
        with pytest.raises(TimeoutError):
            listener.accept()
