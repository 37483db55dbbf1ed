"""Applying corrections."""

from typing import Any

import pytest
from pipeline.overlay import apply
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.report import Change, PipelineError
from pipeline.tree import YamlMapping

from tests.support.places import ROOT

DOCUMENT = "a:\n  b: 1\n  list: [x, y, z]\n  sub: {c: 2}\nd: [{n: 1}, {n: 2}]\n"


def overlay(actions: str, version: str = "1.0.0") -> YamlMapping:
    """Parse an overlay with these actions, the first in line 3."""
    return parse(Excerpt("o.yaml", f"overlay: {version}\nactions:\n{actions}"))[0]


def act(actions: str) -> tuple[Any, list[Change]]:
    """Apply actions to the document above."""
    return apply(parse(Excerpt("p.md", DOCUMENT))[0], overlay(actions))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("{target: $.a, description: w, update: {b: 9}}", {"b": 9, "list": ["x", "y", "z"], "sub": {"c": 2}}),
        ("{target: $.a, description: w, update: {sub: {e: 3}, list: [q]}}",
         {"b": 1, "list": ["x", "y", "z", "q"], "sub": {"c": 2, "e": 3}}),
        ("{target: $.a.list, description: w, update: q}", {"b": 1, "list": ["x", "y", "z", "q"], "sub": {"c": 2}}),
        ("{target: '$.a.list[0,2]', description: w, remove: true}", {"b": 1, "list": ["y"], "sub": {"c": 2}}),
        ("{target: \"$.a['b','sub']\", description: w, remove: true}", {"list": ["x", "y", "z"]}),
    ],
)  # fmt: skip
def test_actions_do_what_overlay_1_0_says(action: str, expected: object) -> None:
    """Mappings are merged, lists appended to, selected nodes removed, several at once."""
    assert act(f"  - {action}\n")[0]["a"] == expected


def test_a_filter_selects_by_value() -> None:
    """Targets are JSONPath of RFC 9535, filters included."""
    data, changes = act("  - {target: '$.d[?@.n == 2]', description: w, update: {m: 0}}\n")
    assert data["d"] == [{"n": 1}, {"n": 2, "m": 0}]
    assert str(changes[0]) == "o.yaml:3: overlay: w [updated /d/1] (p.md:5)"


@pytest.mark.parametrize(
    ("target", "extra", "message"),
    [
        ("$.d[*]", "", "the action says 1 and matches 2: $.d[*]. Next: correct its target"),
        ("$..n", "", "the action says 1 and matches 2"),
        ("$.a['b','none']", "", "the action says 2 and matches 1"),
        ("$.d[*]", ", x-matches: 3", "the action says 3 and matches 2"),
        ("$.d[*]", ", x-matches: all", "x-matches is not a number"),
    ],
)
def test_an_action_that_matches_more_or_less_than_it_says_is_an_error(
    target: str, extra: str, message: str
) -> None:
    """A target says as many places as it names, one for a wildcard or filter, or x-matches."""
    with pytest.raises(PipelineError) as caught:
        act(f'  - {{target: "{target}", description: w, remove: true{extra}}}\n')
    assert message in str(caught.value)


def test_an_action_may_say_how_many_places_it_means() -> None:
    """With x-matches, a wildcard reaches as many as were meant."""
    data, _ = act("  - {target: '$.d[*]', description: w, update: {m: 0}, x-matches: 2}\n")
    assert data["d"] == [{"n": 1, "m": 0}, {"n": 2, "m": 0}]


def test_actions_see_what_the_ones_before_them_did() -> None:
    """A value is replaced by one of another kind with a removal and an update."""
    data, _ = act(
        "  - {target: $.a.list, description: w, remove: true}\n"
        "  - {target: $.a, description: w, update: {list: new}}\n"
    )
    assert data["a"]["list"] == "new"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("{target: $.nowhere, description: w, remove: true}",
         "o.yaml:3: error: the action matches nothing: $.nowhere"),
        ("{target: $.a, description: w, update: {b: 1}}", "changes nothing at /a"),
        ("{target: $.a, update: {b: 2}}", "o.yaml:3: error: the action has no reason"),
        ("{target: $.a, description: ' ', update: {b: 2}}", "the action has no reason"),
        ("{description: w, update: {b: 2}}", "the action has no target"),
        ("{target: '$.a[', description: w, remove: true}", "is not JSONPath"),
        ("{target: $.a.b, description: w, update: {x: 1}}", "the target is 1 in p.md:2"),
        ("{target: $.a, description: w}", "must have either update or remove"),
        ("{target: $.a, description: w, update: {b: 2}, remove: true}", "must have either"),
        ("{target: $.a, description: w, replace: 1, remove: true}", "unknown fields: replace"),
        ("{target: $, description: w, remove: true}", "removes the whole document"),
        ("just text", "the action has no target"),
    ],
)  # fmt: skip
def test_an_action_that_is_wrong_or_idle_is_an_error(action: str, message: str) -> None:
    """A correction that does not correct anything is noticed, with its line."""
    with pytest.raises(PipelineError) as caught:
        act(f"  - {action}\n")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_actions_that_match_nothing_are_told_in_one_run() -> None:
    """Whoever removes a page sees every action that goes with it at once, and the others are not blamed."""
    with pytest.raises(PipelineError) as caught:
        act(
            "  - {target: $.gone, description: w, remove: true}\n"
            "  - {target: $.a, description: w, update: {b: 9}}\n"
            "  - {target: $.a.gone, description: w, update: {c: 1}}\n"
            "  - {target: \"$.a['b','gone']\", description: w, remove: true}\n"
        )
    assert [problem.place.line for problem in caught.value.problems] == [3, 5, 6]
    assert "matches nothing: $.gone" in str(caught.value.problems[0])


def test_the_overlay_version_is_checked() -> None:
    """An overlay of another version of the specification is refused."""
    with pytest.raises(PipelineError, match=r"is not 1\.0\.x"):
        apply(parse(Excerpt("p.md", DOCUMENT))[0], overlay("  - x\n", "2.0.0"))


def test_the_inputs_are_not_changed() -> None:
    """Applying works on a copy."""
    document = parse(Excerpt("p.md", DOCUMENT))[0]
    apply(document, overlay("  - {target: $.a, description: w, remove: true}\n"))
    assert "a" in document


def test_our_overlay_settles_each_known_contradiction() -> None:
    """Each contradiction of the vendor's pages is named by the action that settles it."""
    actions = parse(Excerpt("overlay.yaml", (ROOT / "openapi/overlay.yaml").read_text()))[0][
        "actions"
    ]
    reasons = " ".join(" ".join(action["description"].split()) for action in actions)
    settled = ("16x9", "ile://", "Pad map", '"Optional"', "milliseconds", "images", "all eight")
    for contradiction in settled:
        assert contradiction in reasons


FIELDS = "s:\n  properties:\n    a: {type: string}\n    properties: {type: object, properties: {b: {}}}\n"


def correct(action: str) -> Any:
    """Apply an action to a schema."""
    return apply(parse(Excerpt("p.md", FIELDS))[0], overlay(f"  - {action}\n"))[0]["s"][
        "properties"
    ]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            "{target: $.s.properties, description: w, update: {a: {x: 1}, c: {description: d}}}",
            "o.yaml:3: error: the action is about the field c, which is not in p.md:2. Next: correct that, or delete",
        ),
        (
            "{target: $.s, description: w, update: {properties: {properties: {properties: {d: {}}}}}}",
            "the action is about the field d, which is not in p.md:1",
        ),
        (
            "{target: $.s, description: w, x-adds: [a], update: {properties: {a: {x: 1}}}}",
            "x-adds names a, and the action does not add that field to p.md:1. Next: delete the name there.",
        ),
        ("{target: $.s, description: w, x-adds: a, update: {properties: {a: {x: 1}}}}", "x-adds is not a list"),
    ],
)  # fmt: skip
def test_an_update_adds_no_field_that_it_does_not_name(action: str, message: str) -> None:
    """A field that the vendor removed does not come back as what a correction says of it."""
    with pytest.raises(PipelineError) as caught:
        correct(action)
    assert message in str(caught.value)


def test_an_update_adds_the_fields_that_it_names() -> None:
    """A field under x-adds is added; what else an update says of known fields needs no name."""
    fields = correct(
        "{target: $.s, description: w, x-adds: [c], update: {properties: {a: {x: 1}, c: {y: 2}}, new: {d: 3}}}"
    )
    assert (fields["a"], fields["c"]) == ({"type": "string", "x": 1}, {"y": 2})
