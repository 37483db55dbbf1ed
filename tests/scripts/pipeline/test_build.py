"""Small pages with one defect each: exactly repaired, or exactly refused; and the command that tells."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from pipeline.__main__ import main

from .small import small_repository

PAGES = Path(__file__).parent / "pages"
WORDS = {
    "colon-in-description": "Model name: grok-video-3",
    "colons-and-ratios": "Optional: 2:3, 3:2, 1:1",
    "colon-at-the-end": "One of these:",
    "hash": "100% sure # not a comment",
    "at-sign": "@deprecated use size",
    "asterisk": "*bold*: text",
    "ampersand": "&amp; more",
    "percent": "%d frames",
    "exclamation": "!important note",
    "bar": "| a | b |",
    "greater-than": "> quoted",
    "brace": "{braces} text",
    "bracket": "[link](https://example.com/a#b)",
    "backtick": "`code` first",
    "dash": "- dash",
    "question-mark": "? question",
    "comma": ", then",
    "single-quote": "'quoted' then more",
    "double-quote": '"quoted" and: more',
    "apostrophe": " The model's prompt: all of it ",
    "mangled-marker": "First line: here\n  # deeper\n*last*",
    "folded-over-lines": "Some text: here goes on # yes to: the end",
    "chinese": "模型名称：grok，比例：2:3、3:2",  # noqa: RUF001 - the marks are meant
    "four-backticks": "```json\n{}\n```",
    "several-fences": "Text: here",
    "byte-order-mark": "Text: here",
    "carriage-returns": "Text: here",
    "tilde-fence": "Text",
}
SCHEMA = ("requestBody", "content", "application/json", "schema")
EXAMPLE = ("requestBody", "content", "application/json", "example")
FIELD = (*SCHEMA, "properties", "field")
# What one place of a page holds after all; the path leads from the operation.
VALUES: list[tuple[str, tuple[str | int, ...], object]] = [
    *((name, (*FIELD, "description"), text) for name, text in WORDS.items()),
    ("placeholder", (*FIELD, "example"), "{{YOUR_API_KEY}}"),
    ("windows-path", (*FIELD, "example"), "ile://C:\\Users\\me: x"),
    ("colon-in-summary", ("summary",), "Create: a video"),
    ("colon-in-tag", ("tags",), ["Video model: all"]),
    ("colon-in-list-item", (*SCHEMA, "x-apifox-orders"), ["Some text: more"]),
    ("dash-in-list-item", (*SCHEMA, "enum"), ["- dash", "two"]),
    (
        "colon-in-example-value",
        EXAMPLE,
        {
            "field": "key: value: value",
            "list": ["Note this: that", {"role": "user", "content": '"a": b'}],
        },
    ),
    ("tabs", (*SCHEMA, "required"), ["field"]),
    ("aliases", (*SCHEMA, "x-names"), ["field"]),
    ("equal-duplicate", (*SCHEMA, "type"), "object"),
    (
        "yaml-1-2",
        EXAMPLE,
        {
            "ratio": "3:2",
            "word": "no",
            "version": "1.0.0",
            "day": "2024-01-01",
            "digits": "0123",
            "octal": 12,
            "float": 1000.0,
            "grouped": "1_000",
            "none": None,
            "flag": True,
        },
    ),
]
# The lines of the repairs, where it is not the one line of the description.
LINES = {
    "placeholder": [25],
    "windows-path": [25],
    "colon-in-summary": [13],
    "colon-in-tag": [15],
    "colon-in-list-item": [29],
    "dash-in-list-item": [29],
    "colon-in-example-value": [29, 31, 33],
    "tabs": [26, 27, 27],
    "equal-duplicate": [28],
    "folded-over-lines": [24, 26],
    "several-fences": [34],
    "byte-order-mark": [1, 24],
    "carriage-returns": [1, 24],
    "chinese": [],
    "four-backticks": [],
    "tilde-fence": [],
    "aliases": [],
    "yaml-1-2": [],
}
POINTER = "/paths/~1v1~1video~1create/post/requestBody/content/application~1json/schema/type"
TWICE = (
    "key 'type' is given twice with different values, in line 20: 'object' and in line 28: 'array'"
)
NOT_HERE = "not YAML: mapping values are not allowed in this context, at"
REFUSALS: dict[str, tuple[int | None, str]] = {
    "alias-bomb": (9, "the aliases expand to more than 100,000 characters"),
    "binary": (3, "a binary file: it holds a zero byte"),
    "cut-off": (5, "the fenced block opened here is never closed"),
    "deep-nesting": (105, "not YAML that describes an API: nested deeper than 100 levels"),
    "empty": (None, "the file is empty"),
    "html": (1, "the file is HTML, not Markdown"),
    "no-document": (None, "no fenced block holds an OpenAPI document (fenced blocks: line 3)"),
    "no-operation": (6, "the path /v1/video/create has no operation"),
    "no-paths": (4, "the document has no `paths`"),
    "not-utf-8": (32, "byte 0xff is not UTF-8 text"),
    "reference-to-a-file": (30, "the reference '../common.yaml#/Video' leads out of the document"),
    "reference-to-a-url": (30, "the reference 'http://127.0.0.1:9/x.yaml' leads out of the document"),
    "reference-to-nowhere": (
        30,
        "the reference '#/components/schemas/Nowhere' leads nowhere in this page",
    ),
    "swallowed-key": (24, f"{NOT_HERE} 'description: Some text: here'"),
    "tag-of-yaml": (26, "the YAML tag !set is not supported"),
    "two-documents": (36, "2 fenced blocks hold an OpenAPI document (lines 5 and 36)"),
    "unequal-duplicate": (28, f"{TWICE} (at {POINTER})"),
    "wrong-indentation": (14, f"{NOT_HERE} 'tags:'"),
}  # fmt: skip


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run --inspect --json; returns the exit code and what each line holds."""

    def run(*pages: Path) -> tuple[int, list[Any]]:
        code = main(["--inspect", "--json", *map(str, pages)], tmp_path)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_every_page_of_the_folder_is_judged_here() -> None:
    """No page lies there untested, and none is tested that is not there."""
    names = {path.stem for path in PAGES.glob("*.md")}
    assert names == {name for name, _, _ in VALUES} | set(REFUSALS)


@pytest.mark.parametrize(("name", "path", "expected"), VALUES, ids=[name for name, *_ in VALUES])
def test_a_defect_is_repaired_to_exactly_the_value(
    told: Any, name: str, path: tuple[str | int, ...], expected: object
) -> None:
    """The value has every character of the page, its neighbours too, and each repair its line."""
    code, (found,) = told(PAGES / f"{name}.md")
    assert (code, found["refused"]) == (0, None)
    assert found["page"] == str(PAGES / f"{name}.md")
    value = operation = found["document"]["paths"]["/v1/video/create"]["post"]
    for step in path:
        value = value[step]
    assert json.dumps(value) == json.dumps(expected)
    assert operation["responses"] == {"200": {"description": ""}}
    assert [repair["line"] for repair in found["repairs"]] == LINES.get(name, [24])
    lines = (PAGES / f"{name}.md").read_bytes().decode("utf-8-sig").split("\n")
    for repair in found["repairs"]:
        assert repair.keys() == {"line", "before", "after", "reason"}
        assert len(repair["reason"].split()) > 3
        if repair["before"] not in ("\ufeff", "\r\n") and name != "tabs":
            assert repair["before"] == lines[repair["line"] - 1].removesuffix("\r")


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_read_is_refused_with_line_and_reason(told: Any, name: str) -> None:
    """Each bad page gets its one reason, its line if there is one, and exit code 1."""
    line, reason = REFUSALS[name]
    code, (found,) = told(PAGES / f"{name}.md")
    assert code == 1
    assert (found["document"], found["refused"]) == (None, {"line": line, "reason": reason})


def test_every_file_is_answered_even_after_a_refusal(told: Any, tmp_path: Path) -> None:
    """A missing file, a folder and 50 MB are refusals like others; the rest is read all the same."""
    large = tmp_path / "large.md"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    pages = [tmp_path / "none.md", PAGES / "hash.md", tmp_path, large, PAGES / "dash.md"]
    code, found = told(*pages)
    assert code == 1
    assert [item["page"] for item in found] == [str(page) for page in pages]
    assert [item["refused"] is None for item in found] == [False, True, False, False, True]
    assert "larger than 4 MiB" in found[3]["refused"]["reason"]


def test_the_text_is_one_line_a_page_with_its_repairs(capsys: pytest.CaptureFixture[str]) -> None:
    """People read `ok` with the repairs, or file, line and reason."""
    pages = [str(PAGES / f"{name}.md") for name in ("chinese", "hash", "no-paths", "empty")]
    assert main(["--inspect", *pages], Path("/nonexistent")) == 1
    assert capsys.readouterr().out == (
        f"{pages[0]}: ok\n"
        f"{pages[1]}: ok, 1 repair\n"
        f"  {pages[1]}:24: repair: the value holds ' #', which YAML takes for a comment; quoted\n"
        "    - description: 100% sure # not a comment\n"
        "    + description: '100% sure # not a comment'\n"
        f"{pages[2]}:4: refused: the document has no `paths`\n"
        f"{pages[3]}: refused: the file is empty\n"
    )


def test_a_wrong_command_line_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Options that do not go together end in usage and exit code 2."""
    for arguments in ("--inspect", "--json a.md", "--inspect --check a.md", "--what"):
        with pytest.raises(SystemExit) as caught:
            main(arguments.split())
        assert caught.value.code == 2
        assert "usage: scripts/regenerate" in capsys.readouterr().err


def test_the_overlay_says_which_of_two_values_holds(told: Any, tmp_path: Path) -> None:
    """A key given twice is read once the overlay has named the value that holds, by page and place."""
    entry = (
        f"x-duplicates:\n  - page: unequal-duplicate.md\n    pointer: {POINTER}\n    holds: object\n"
        "    description: The second line is a leftover.\n"
    )
    overlay = "overlay: 1.0.0\nactions: []\n" + entry
    small_repository(tmp_path, {}, overlay=overlay)
    code, (found,) = told(PAGES / "unequal-duplicate.md")
    assert code == 0
    schema = found["document"]["paths"]["/v1/video/create"]["post"]["requestBody"]["content"]
    assert schema["application/json"]["schema"]["type"] == "object"
    assert found["repairs"][0]["line"] == 28
    assert "the overlay says which one holds" in found["repairs"][0]["reason"]


TEXTS = [*WORDS.values(), "plain text only", "https://example.com/a#b", "Bearer {{KEY}}", "12:30"]


def test_fifty_pages_take_less_than_three_seconds(told: Any, tmp_path: Path) -> None:
    """Fifty pages of 9 kB, with a hundred defects each, are read in time, and rightly."""
    chosen = random.Random(7)
    one_line = [text for text in TEXTS if "\n" not in text and text == text.strip()]
    expected, pages = [], []
    for number in range(50):
        texts = [chosen.choice(one_line) for _ in range(120)]
        fields = "".join(
            f"        f{at}:\n          description: {t}\n" for at, t in enumerate(texts)
        )
        page = tmp_path / f"page{number}.md"
        page.write_text(
            f"```yaml\nopenapi: 3.0.1\npaths: {{/a: {{get: {{}}}}}}\ncomponents:\n  schemas:\n"
            f"    A:\n      properties:\n{fields}```\n"
        )
        pages.append(page)
        expected.append(texts)
    start = time.process_time()  # of the processor: others may be using the machine
    code, found = told(*pages)
    assert time.process_time() - start < 3
    assert code == 0
    for item, texts in zip(found, expected, strict=True):
        fields = item["document"]["components"]["schemas"]["A"]["properties"]
        assert [field["description"] for field in fields.values()] == texts
