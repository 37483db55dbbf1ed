"""Small pages with one defect each: exactly repaired, or exactly refused; and the command that tells."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from pipeline.__main__ import main
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.tree import plain
from pipeline.walk import leads_to

from .small import small_repository

PAGES = Path(__file__).parent / "pages"
# What each page comes to.
EXPECTED = plain(parse(Excerpt("expected.yaml", (PAGES / "expected.yaml").read_text()))[0])
READ, REFUSED = EXPECTED["read"], EXPECTED["refused"]
POINTER = "/paths/~1v1~1video~1create/post/requestBody/content/application~1json/schema/type"


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
    assert names == {*READ, *REFUSED}


def test_a_defect_is_repaired_to_exactly_the_value(told: Any) -> None:
    """The value has every character of the page, its neighbours too, and each repair its line."""
    for name in READ:
        code, (found,) = told(PAGES / f"{name}.md")
        assert (code, found["refused"]) == (0, None)
        assert found["page"] == str(PAGES / f"{name}.md")
        operation = found["document"]["paths"]["/v1/video/create"]["post"]
        value = leads_to(operation, f"#{READ[name]['place']}")
        assert json.dumps(value) == json.dumps(READ[name]["value"])
        assert operation["responses"] == {"200": {"description": ""}}
        assert [repair["line"] for repair in found["repairs"]] == READ[name]["repairs"]
        lines = (PAGES / f"{name}.md").read_bytes().decode("utf-8-sig").split("\n")
        for repair in found["repairs"]:
            assert repair.keys() == {"line", "before", "after", "reason"}
            assert len(repair["reason"].split()) > 3
            if repair["before"] not in ("\ufeff", "\r\n") and name != "tabs":
                assert repair["before"] == lines[repair["line"] - 1].removesuffix("\r")


def test_what_cannot_be_read_is_refused_with_line_and_reason(told: Any) -> None:
    """Each bad page gets its one reason, its line if there is one, and exit code 1."""
    for name in REFUSED:
        code, (found,) = told(PAGES / f"{name}.md")
        assert (code, found["document"], found["refused"]) == (1, None, REFUSED[name])


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
            main([*arguments.split()])
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


WORDS = [row["value"] for row in READ.values() if row["place"].endswith("/field/description")]
TEXTS = [*WORDS, "plain text only", "https://example.com/a#b", "Bearer {{KEY}}", "12:30"]


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
