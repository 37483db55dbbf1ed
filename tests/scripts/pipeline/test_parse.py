"""Reading YAML 1.2 with places."""

import tracemalloc
from dataclasses import replace

import pytest
import yaml  # PyYAML: a reader of YAML 1.1
from pipeline.generate import render
from pipeline.page import Excerpt
from pipeline.parse import Choice, parse
from pipeline.report import PipelineError, Place
from pipeline.tree import place_at

from .reading import parsed, refusal


def test_yaml_1_2_keeps_ratios_words_and_dates_as_text() -> None:
    """What YAML 1.1 would take for numbers, truth values and dates is the text that stands there."""
    text = "a: 3:2\nb: no\nc: 2025-01-01\nd: 12\ne: true\nf: null\ng: 1.5\n200: x\n"
    data, _ = parse(Excerpt("p.md", text))
    assert data == {
        "a": "3:2", "b": "no", "c": "2025-01-01", "d": 12, "e": True, "f": None, "g": 1.5, "200": "x",
    }  # fmt: skip


def test_every_entry_knows_its_line() -> None:
    """Places count from the first line of the file, not of the excerpt."""
    data, _ = parse(Excerpt("p.md", "a:\n  - b: 1\n  - c:\n      d: 2\n", first_line=10))
    assert str(place_at(data, ("a", 1, "c", "d"))) == "p.md:13"
    assert str(place_at(data, ("a", 0))) == "p.md:11"
    assert str(place_at(data, ("a", 1, "c", "missing", 3))) == "p.md:12"


def test_a_key_given_twice_with_one_value_is_kept_once_and_told() -> None:
    """A harmless repetition is a repair with its line."""
    data, changes = parse(Excerpt("p.md", "a:\n  type: x\n  type: x\n"))
    assert data == {"a": {"type": "x"}}
    assert [str(change.place) for change in changes] == ["p.md:3"]
    assert "line 2" in changes[0].told


UNREADABLE = [
    ("a: 1\nb:\n  type: x\n  type: y\n", 4, ["'type' is given twice", "line 3: 'x' and in line 4: 'y'"]),
    ("a: 1\na: true\n", 2, ["given twice", "line 1"]),
    ("a: b: c\n", 1, ["not YAML", "mapping values"]),
    ("a: &x {n: 1}\nb:\n  <<: *x\n  n: 2\n  n: 3\n", 5, ["'n' is given twice"]),
    ("a:\n  b: 1\n c: 2\n", 3, ["not YAML"]),
    ("a: *x\n", 1, ["*x leads nowhere"]),
    ("a: &x [*x]\n", 1, ["*x stands inside what it stands for"]),
    ("a: &x\n  b: *x\n", 2, ["*x stands inside what it stands for"]),
    ("a: 1\nb:\n  <<: 1\n", 3, ["<< merges 1"]),
    ("*x : 1\n", 1, ["key that is not plain text"]),
    ("a: |\n  b\x80\n", 2, ["not allowed"]),
    ("a: !thing 1\n", 1, ["!thing"]),
    ("a: \x07\n", 1, ["not allowed in YAML"]),
    ("- a\n", 1, ["not a mapping"]),
    ("? [a]\n: 1\n", 1, ["key that is not plain text"]),
    ("", 1, ["not a mapping"]),
    ("a: " + "[" * 100_000 + "\n", 1, ["nested deeper than"]),
    ("- " * 200_000 + "x\n", 1, ["nested deeper than"]),
    ("? " * 100_000 + "\n", 1, ["key that is not plain text"]),
    ("\n".join(" " * depth + "a:" for depth in range(2_000)), 101, ["nested deeper than"]),
]  # fmt: skip


def test_what_cannot_be_read_is_named_by_line() -> None:
    """Whatever is wrong with the text ends in one line with place, reason and next step."""
    for text, line, reasons in UNREADABLE:
        message = refusal(parse, Excerpt("p.md", text))
        assert message.startswith(f"p.md:{line}: error: ")
        assert all(reason in message for reason in reasons), message
        assert "\n" not in message
        assert " Next: " in message


SCALARS = [
    ("3:2", "3:2"), ("no", "no"), ("on", "on"), ("1.0.0", "1.0.0"), ("2024-01-01", "2024-01-01"),
    ("1_000", "1_000"), ("0b11", "0b11"), ("=", "="), ("0x1g", "0x1g"), ("+", "+"), (".", "."),
    ("0123", "0123"), ("-012.5", "-012.5"), ("0o14", 12), ("0.5", 0.5), ("0", 0), ("0xFF", 255),
    ("-7", -7), ("+7", 7), ("1e3", 1000.0), ("1.", 1.0),
    (".5", 0.5), ("~", None), ("Null", None), ("", None), ("True", True), ("FALSE", False),
    (".inf", ".inf"), ("-.INF", "-.INF"), (".nan", ".nan"), ("1e999", "1e999"), ("9" * 500, "9" * 500),
    ("'12'", "12"), ("! 12", "12"), ("!!str 12", "12"),
]  # fmt: skip


def test_plain_scalars_mean_what_the_core_schema_says() -> None:
    """Types are those of YAML 1.2; what JSON has no value for stays the text it is."""
    for written, value in SCALARS:
        found = parsed(f"a: {written}\n")["a"]
        assert (type(found), found) == (type(value), value)


def test_honest_aliases_are_copies() -> None:
    """A value that is named and used again is there twice, independently; << puts entries in."""
    text = "a: &x {n: [1]}\nb: *x\nc:\n  n: 2\n  <<: *x\nd:\n  <<: [*x]\n  n: 3\n"
    data, changes = parse(Excerpt("p.md", text))
    assert data == {"a": {"n": [1]}, "b": {"n": [1]}, "c": {"n": 2}, "d": {"n": 3}}
    data["b"]["n"].append(2)
    assert data["a"] == {"n": [1]}
    assert [change.place.line for change in changes] == [5, 7]


def test_aliases_that_expand_to_gigabytes_are_refused_before_they_do() -> None:
    """Nine levels of nine aliases each are counted, not made: memory stays far below 50 MB."""
    rows = ["a0: &a0 [" + ", ".join(["x" * 50] * 9) + "]"]
    rows += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 10)]
    tracemalloc.start()
    try:
        with pytest.raises(PipelineError, match=r"^p\.md:\d: error: the aliases expand to more"):
            parse(Excerpt("p.md", "\n".join(rows)))
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_choice_settles_a_key_given_twice_and_nothing_else() -> None:
    """The value that was chosen holds, in either order; another one than the two settles nothing."""
    text = "a:\n  - type: x\n    type: y\n"
    choice = Choice(Place("overlay.yaml"), "p.md", ("a", "0", "type"), "z")
    for chosen in ("x", "y"):
        data, changes = parse(Excerpt("p.md", text), [replace(choice, holds=chosen)])
        assert data == {"a": [{"type": chosen}]}
        assert "the overlay says which one holds" in changes[0].reason
    with pytest.raises(PipelineError, match="/a/0/type"):
        parse(Excerpt("p.md", text), [choice])


def test_line_breaks_that_only_yaml_1_1_knows_are_characters() -> None:
    """Separators of Unicode and lone carriage returns stay in plain, quoted and block values."""
    odd = "x\u2028y\u2029z\x85w\rv"
    data, _ = parse(Excerpt("p.md", f"a: {odd}\nb: '{odd}'\nc: |-\n  {odd}\n"))
    assert data == dict.fromkeys("abc", odd)


def test_rendered_text_reads_the_same_in_yaml_1_1_and_1_2() -> None:
    """A document written by the pipeline means the same to old YAML readers."""
    words = [
        "3:2", "no", "Y", "8", "1_000", "0o7", "0x1F", "1e3", "1.5", "2025-01-01", "~", "=", "<<",
        " a", "a ", "a: b", "a #b", "@a", "", "null", "720P", "1280x720", "3.0.3", "x" * 200,
        "long text " * 20, "two\nlines\n", "a  b " * 30, "tab\there", "é漢😀", "-", "- a", "'", '"',
    ]  # fmt: skip
    document = {"words": words, "number": 8, "flag": False, "none": None, "map": {}, "list": []}
    text = render(document)
    assert yaml.safe_load(text) == document
    assert parse(Excerpt("p", text))[0] == document
