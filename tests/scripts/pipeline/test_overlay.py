"""Applying corrections."""

from typing import Any

from pipeline.overlay import apply
from pipeline.report import Change

from tests.support.places import ROOT

from .reading import parsed, refusal

DOCUMENT = """\
a:
  b: 1
  list: [x, y, z]
  sub: {c: 2}
d: [{n: 1}, {n: 2}]
s:
  properties:
    a: {type: string}
    properties: {type: object, properties: {b: {}}}
"""


def act(actions: str, version: str = "1.0.0") -> tuple[Any, list[Change]]:
    """Apply actions to the document above, the first in line 3 of the overlay."""
    overlay = parsed(f"overlay: {version}\nactions:\n{actions}", "o.yaml")
    return apply(parsed(DOCUMENT), overlay)


APPLIED = [
    ("{target: $.a, description: w, update: {b: 9}}", {"b": 9, "list": ["x", "y", "z"], "sub": {"c": 2}}),
    ("{target: $.a, description: w, update: {sub: {e: 3}, list: [q]}}",
     {"b": 1, "list": ["x", "y", "z", "q"], "sub": {"c": 2, "e": 3}}),
    ("{target: $.a.list, description: w, update: q}", {"b": 1, "list": ["x", "y", "z", "q"], "sub": {"c": 2}}),
    ("{target: '$.a.list[0,2]', description: w, remove: true}", {"b": 1, "list": ["y"], "sub": {"c": 2}}),
    ("{target: \"$.a['b','sub']\", description: w, remove: true}", {"list": ["x", "y", "z"]}),
]  # fmt: skip


def test_actions_do_what_overlay_1_0_says() -> None:
    """Mappings are merged, lists appended to, selected nodes removed, several at once; the input is not changed."""
    for action, expected in APPLIED:
        assert act(f"  - {action}\n")[0]["a"] == expected, action
    before = parsed(DOCUMENT)
    removal = "overlay: 1.0.0\nactions: [{target: $.a, description: w, remove: true}]\n"
    apply(before, parsed(removal))
    assert "a" in before


def test_a_filter_selects_by_value() -> None:
    """Targets are JSONPath of RFC 9535, filters included."""
    data, changes = act("  - {target: '$.d[?@.n == 2]', description: w, update: {m: 0}}\n")
    assert data["d"] == [{"n": 1}, {"n": 2, "m": 0}]
    assert str(changes[0]) == "o.yaml:3: overlay: w [updated /d/1] (p.md:5)"


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


WRONG = [
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
    ("{target: '$.d[*]', description: w, remove: true}", "says 1 and matches 2: $.d[*]. Next: correct its target"),
    ("{target: $..n, description: w, remove: true}", "the action says 1 and matches 2"),
    ("{target: \"$.a['b','none']\", description: w, remove: true}", "the action says 2 and matches 1"),
    ("{target: '$.d[*]', description: w, remove: true, x-matches: 3}", "the action says 3 and matches 2"),
    ("{target: '$.d[*]', description: w, remove: true, x-matches: all}", "x-matches is not a number"),
    (
        "{target: $.s.properties, description: w, update: {a: {x: 1}, c: {description: d}}}",
        "o.yaml:3: error: the action is about the field c, which is not in p.md:7. Next: correct that, or delete",
    ),
    (
        "{target: $.s, description: w, update: {properties: {properties: {properties: {d: {}}}}}}",
        "the action is about the field d, which is not in p.md:6",
    ),
    (
        "{target: $.s, description: w, x-adds: [a], update: {properties: {a: {x: 1}}}}",
        "x-adds names a, and the action does not add that field to p.md:6. Next: delete the name there.",
    ),
    ("{target: $.s, description: w, x-adds: a, update: {properties: {a: {x: 1}}}}", "x-adds is not a list"),
]  # fmt: skip


def test_an_action_that_is_wrong_or_idle_is_an_error() -> None:
    """It has to correct something, as many places as it says, and adds no field that it does not name."""
    for action, words in WRONG:
        told = refusal(act, f"  - {action}\n")
        assert words in told, action
        assert "\n" not in told, action


def test_all_actions_that_match_nothing_are_told_in_one_run() -> None:
    """Whoever removes a page sees every action that goes with it at once, and the others are not blamed."""
    told = refusal(
        act,
        "  - {target: $.gone, description: w, remove: true}\n"
        "  - {target: $.a, description: w, update: {b: 9}}\n"
        "  - {target: $.a.gone, description: w, update: {c: 1}}\n"
        "  - {target: \"$.a['b','gone']\", description: w, remove: true}\n",
    ).splitlines()
    assert [line.split(": ")[0] for line in told] == ["o.yaml:3", "o.yaml:5", "o.yaml:6"]
    assert "matches nothing: $.gone" in told[0]


def test_the_overlay_version_is_checked() -> None:
    """An overlay of another version of the specification is refused."""
    assert "is not 1.0.x" in refusal(act, "  - x\n", "2.0.0")


def test_our_overlay_settles_each_known_contradiction() -> None:
    """Each contradiction of the vendor's pages is named by the action that settles it."""
    actions = parsed((ROOT / "openapi/overlay.yaml").read_text())["actions"]
    reasons = " ".join(" ".join(action["description"].split()) for action in actions)
    settled = ("16x9", "ile://", "Pad map", '"Optional"', "milliseconds", "images", "all eight")
    for contradiction in settled:
        assert contradiction in reasons


def test_an_update_adds_the_fields_that_it_names() -> None:
    """A field under x-adds is added; what else an update says of known fields needs no name."""
    data, _ = act(
        "  - {target: $.s, description: w, x-adds: [c], "
        "update: {properties: {a: {x: 1}, c: {y: 2}}, new: {d: 3}}}\n"
    )
    fields = data["s"]["properties"]
    assert (fields["a"], fields["c"]) == ({"type": "string", "x": 1}, {"y": 2})
