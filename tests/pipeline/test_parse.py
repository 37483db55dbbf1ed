"""Reading YAML 1.2 with places."""

import pytest
from pipeline.page import Excerpt
from pipeline.parse import parse, place_at
from pipeline.render import render
from pipeline.report import PipelineError


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
    assert "line 2" in changes[0].reason


@pytest.mark.parametrize(
    ("text", "line", "reasons"),
    [
        ("a: 1\nb:\n  type: x\n  type: y\n", 4, ["'type' is given twice", "line 3", "'x' and 'y'"]),
        ("a: 1\na: true\n", 2, ["given twice", "line 1"]),
        ("a: b: c\n", 1, ["not YAML", "mapping values"]),
        ("a:\n  b: 1\n c: 2\n", 3, ["not YAML"]),
        ("a: &x 1\nb: *x\n", 1, ["aliases"]),
        ("a: !thing 1\n", 1, ["!thing"]),
        ("a: \x07\n", 1, ["not allowed in YAML"]),
        ("- a\n", 1, ["not a mapping"]),
        ("? [a]\n: 1\n", 1, ["key that is not plain text"]),
        ("", 1, ["not a mapping"]),
        ("a: " + "[" * 1200 + "\n", 1, ["nested too deeply"]),
    ],
)
def test_what_cannot_be_read_is_named_by_line(text: str, line: int, reasons: list[str]) -> None:
    """Whatever is wrong with the text ends in one line with place, reason and next step."""
    with pytest.raises(PipelineError) as caught:
        parse(Excerpt("p.md", text))
    message = str(caught.value)
    assert message.startswith(f"p.md:{line}: error: ")
    assert all(reason in message for reason in reasons), message
    assert "\n" not in message
    assert " Next: " in message


def test_rendered_text_reads_the_same_in_yaml_1_1_and_1_2() -> None:
    """A document written by the pipeline means the same to old YAML readers."""
    yaml = pytest.importorskip("yaml", reason="PyYAML, a reader of YAML 1.1, is not installed")
    words = [
        "3:2",
        "no",
        "Y",
        "8",
        "1_000",
        "0o7",
        "0x1F",
        "1e3",
        "1.5",
        "2025-01-01",
        "~",
        "=",
        "<<",
    ]
    words += [" a", "a ", "a: b", "a #b", "@a", "", "null", "720P", "1280x720", "3.0.3", "x" * 200]
    words += [
        "long text " * 20,
        "two\nlines\n",
        "a  b " * 30,
        "tab\there",
        "é漢😀",
        "-",
        "- a",
        "'",
        '"',
    ]
    document = {"words": words, "number": 8, "flag": False, "none": None, "map": {}, "list": []}
    text = render(document)
    assert yaml.safe_load(text) == document
    assert parse(Excerpt("p", text))[0] == document
