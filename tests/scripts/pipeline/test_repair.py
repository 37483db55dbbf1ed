"""Making YAML of what is not, without losing a character."""

from typing import Any

from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.repair import repair
from pipeline.report import Change

from tests.support.places import ROOT


def mend(text: str) -> tuple[Any, list[Change]]:
    """Repair and parse a text that starts in line 1."""
    excerpt, changes = repair(Excerpt("p.md", text))
    assert excerpt.text.count("\n") == text.count("\n"), "line numbers must stay true"
    return parse(excerpt)[0], changes


VALUES = [
    "Model name: grok-video-3", "Optional: 2:3, 3:2, 1:1", "ends with a colon:", "pick a # sign",
    "#fff", "@someone", "`code`", "%d frames", "*important* note", "&amp; more", "!important",
    "{x} or {y}", "[Optional] the ratio", "[Optional]", ", then", "? why", "- one - two", "| a | b |",
    "> quoted", "three", "12", "true", "a\tb", "C:\\Users\\x: here", "5 o'clock: tea",
    "line\u2028separator", "bell \x07", "漢字: 説明 😀",
]  # fmt: skip


def test_a_value_comes_out_as_it_stands() -> None:
    """A description that YAML would refuse or cut short is read character by character."""
    for text in ["a:\n  description: {}\n  b: 1\n", "a:\n  - description: {}\n    b: 1\n"]:
        for value in VALUES:
            data, _ = mend(text.format(value))
            inner = data["a"] if isinstance(data["a"], dict) else data["a"][0]
            assert inner == {"description": value, "b": 1}


# A page, what it is read as, and, of a page that has to be repaired, words of a reason.
MENDED: list[tuple[str, object, str | None]] = [
    # An item with a colon is a text among texts, and a mapping among mappings.
    ("a:\n  required:\n    - model\n    - Optional: 2:3\n", {"required": ["model", "Optional: 2:3"]}, None),
    ("a:\n  images:\n  - https://x.y/z\n  - Note: see\n", {"images": ["https://x.y/z", "Note: see"]}, None),
    ("a:\n  tags:\n    - Video: all\n", {"tags": ["Video: all"]}, None),
    ("a:\n  security:\n    - bearer: []\n", {"security": [{"bearer": []}]}, None),
    ("a:\n  list:\n    - k: 1\n      l: 2\n    - text\n", {"list": [{"k": 1, "l": 2}, "text"]}, None),
    ("a:\n  list:\n    -\n      k: 1\n", {"list": [{"k": 1}]}, None),
    # Lines below a mangled block marker are kept as they are; without lines, a marker is text.
    ("a:\n  b: |>-\n    one: two # x\n    - y\n  c: 1\n", {"b": "one: two # x\n- y", "c": 1}, None),
    ("a:\n  b: >|+\n    x\n\n  c: 1\n", {"b": "x\n\n", "c": 1}, None),
    ("a:\n  - |>-\n    x: y\n  - z\n", ["x: y", "z"], None),
    ("a:\n  b: >- Some: text\n  c: 1\n", {"b": ">- Some: text", "c": 1}, None),
    ("a:\n  b: |\n  c: |>-\n  d: >\n", {"b": "|", "c": "|>-", "d": ">"}, None),
    # A line that can be nothing else is more of the block above it.
    ("a:\n  b: |-\n    one\ntwo\n  c: 1\n", {"b": "one\ntwo", "c": 1}, "put back"),
    ("a:\n  b: |-\n    one\n  two, soon\n    three\n  c: 1\n", {"b": "one\ntwo, soon\nthree", "c": 1}, "put back"),
    ("a:\n  b: |-\n    one\n# Two\n    three\n  c: 1\n", {"b": "one\n# Two\nthree", "c": 1}, "put back"),
    ("a:\n  b: |-\n    one\nNote well: two\n  c: 1\n", {"b": "one\nNote well: two", "c": 1}, "put back"),
    ("a:\n  b: |-\n    one\n| x | y |\n  c: 1\n", {"b": "one\n| x | y |", "c": 1}, "put back"),
    ("a:\n  b: |>-\n    one\n  * two\n  c: 1\n", {"b": "one\n* two", "c": 1}, "put back"),
    # Depth written with tabs or blanks that YAML does not know is written with plain blanks.
    ("a:\n\tb: x\n\tc:\n\t\td: y\n", {"b": "x", "c": {"d": "y"}}, ""),
    ("a:\n  b:\tx\n  c: y\t\n", {"b": "x", "c": "y"}, ""),
    ("a:\n\u00a0\u00a0b: x\n", {"b": "x"}, ""),
    ("a:\n  b: |\n    one\n\t\ttwo\n  c: 1\n", {"b": "one\ntwo\n", "c": 1}, ""),
]  # fmt: skip


def test_items_markers_fallen_lines_and_tabs_are_mended() -> None:
    """Each is read with every character, as the only thing that it can mean."""
    for text, expected, reason in MENDED:
        data, changes = mend(text)
        assert data == {"a": expected}, text
        assert reason is None or any(reason in change.reason for change in changes), text


def test_sound_block_scalars_are_not_touched() -> None:
    """Nothing inside a block scalar is a defect, whatever it looks like."""
    text = "a:\n  b: |\n    x: y: z\n    @me # no\n    \tq\n\n  c: >2-\n      deep\n  d: 1\n"
    data, changes = mend(text)
    assert data["a"] == {"b": "x: y: z\n@me # no\n\tq\n", "c": "  deep", "d": 1}
    assert changes == []


def test_what_may_be_more_than_text_ends_a_block() -> None:
    """An entry, an item and a comment behind a block are what YAML takes them for."""
    text = "a:\n  - b: |-\n      one\n  # comment\n  - c: |\n      two\nd: 1\n"
    data, changes = mend(text)
    assert data == {"a": [{"b": "one"}, {"c": "two\n"}], "d": 1}
    assert changes == []


QUOTES = [
    ("'It's a test: yes'", "It's a test: yes"),
    ("'Model''s name, the user's one'", "Model's name, the user's one"),
    ("'a' and 'b'", "'a' and 'b'"),
    ('"Say "hi" now\\n"', '"Say "hi" now\\n"'),
    ('"C:\\Users"', '"C:\\Users"'),
    ("'open", "'open"),
    ('"', '"'),
    ('"x" and y', '"x" and y'),
    ("'sound' # with a tail", "'sound' # with a tail"),
]  # fmt: skip


def test_broken_quotes_are_mended() -> None:
    """Quotes that do not span a value belong to it, unless mere apostrophes broke them."""
    for value, expected in QUOTES:
        assert mend(f"a: {value}\n")[0] == {"a": expected}


def test_a_value_over_several_lines_is_quoted_as_one() -> None:
    """A plain value that goes on below is quoted from its first to its last line, and folded."""
    data, changes = mend("a:\n  b: Some text: here\n    goes on # yes\n\n    to the end\n  c: 1\n")
    assert data["a"] == {"b": "Some text: here goes on # yes\nto the end", "c": 1}
    assert [change.place.line for change in changes] == [2, 5]


def test_names_of_the_service_are_left_alone() -> None:
    """Under properties and in examples, `title` and `description` are names like any other."""
    text = "properties:\n  title: {}\nexample:\n  title: 3\n  description: [a]\n"
    data, changes = mend(text)
    assert data == {"properties": {"title": {}}, "example": {"title": 3, "description": ["a"]}}
    assert changes == []


def test_keys_that_start_with_a_reserved_character_are_quoted() -> None:
    """A key such as @type is read as it stands."""
    assert mend("a:\n  @type: x\n  $ref: y\n  /v1/x: 1\n")[0]["a"] == {
        "@type": "x",
        "$ref": "y",
        "/v1/x": 1,
    }


def test_every_repair_says_line_before_after_and_reason() -> None:
    """The report holds what is needed to judge a repair without opening the page."""
    _, changes = mend("a: 1\nb: Model name: grok\n")
    (change,) = changes
    assert str(change) == (
        "p.md:2: repair: the value holds ': ', which YAML takes for another key; quoted\n"
        "    - b: Model name: grok\n    + b: 'Model name: grok'"
    )


def test_the_vendor_pages_need_exactly_the_known_repairs() -> None:
    """The two pages are repaired at the two values that hold a colon, and nowhere else."""
    from pipeline.page import take_document

    found = []
    for path in sorted((ROOT / "openapi/sources").glob("create-video-*.md")):
        excerpt, _ = take_document(path.read_bytes(), path.name)
        found += [str(change.place) for change in repair(excerpt)[1]]
    assert found == ["create-video-unified-format.md:49", "create-video-unified-format.md:55"]


def test_sound_yaml_is_not_touched() -> None:
    """Our own documents, which are YAML, pass the repair without a change."""
    for name in ("lifecycle.yaml", "openapi.yaml"):
        text = "".join(
            line + "\n"
            for line in (ROOT / "openapi" / name).read_text().splitlines()
            if not line.lstrip().startswith("#")
        )
        excerpt, changes = repair(Excerpt(name, text))
        assert (excerpt.text, changes) == (text, [])
