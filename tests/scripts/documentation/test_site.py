"""What `scripts/docs` says of a built site in which something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from documentation.__main__ import main
from documentation.checking import findings

from tests.support.places import ROOT

WRONG = {
    '<a href="other.html">': "other.html: no such page or file",
    '<a href="../outside.html">': "../outside.html: no such page or file",
    '<a href="page.html#there">': "page.html#there: no such anchor on that page",
    '<a href="#here">': "#here: no such anchor on that page",
    '<img src="picture.svg" alt="a picture">': "picture.svg: no such page or file",
    '<img src="page.html">': "page.html: a picture without a text for those who cannot see it",
    '<script src="https://cdn.example.com/a.js"></script>': "https://cdn.example.com/a.js: fetched from elsewhere",
    '<img src="//example.com/a.png" alt="a">': "//example.com/a.png: fetched from elsewhere",
    '<link rel="stylesheet" href="https://example.com/css">': "https://example.com/css: fetched from elsewhere",
    '<pre class="mermaid">': "an element of class mermaid: a program is fetched from elsewhere for it",
}
RIGHT = """
<link rel="canonical" href="https://example.com/page.html">
<h2 id="title">x</h2><a href="#title"></a><a href="page.html#title"></a><a href="https://example.com/"></a>
"""


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    """One line names the page and the address, and says why."""
    for element, words in WRONG.items():
        (tmp_path / "page.html").write_text(f"{RIGHT}{element}")
        assert [*findings(tmp_path)] == [f"page.html: {words}"]


def test_a_style_that_fetches_is_told(tmp_path: Path) -> None:
    """A font or sheet from another host is named, one of the site's own is not."""
    (tmp_path / "a.css").write_text("x{src:url(https://f.example.com/a.woff)} y{src:url(a.woff)}")
    assert [*findings(tmp_path)] == ["a.css: https://f.example.com/a.woff: fetched from elsewhere"]


def test_a_site_that_is_right_is_silent(tmp_path: Path) -> None:
    """Links out of the site are no findings: they are followed by readers, not by pages."""
    (tmp_path / "page.html").write_text(RIGHT)
    assert [*findings(tmp_path)] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[a page](gone.md)", "gone.md"),
        ("![a picture](https://example.com/a.png)", "https://example.com/a.png: fetched from elsewhere"),
    ],
)  # fmt: skip
def test_a_page_with_a_mistake_is_not_built(
    line: str, words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether the builder's warning or the check of what it built tells of it, the code is 1 and the thing is named."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Start\n\n{line}\n")
    settings = (ROOT / "zensical.toml").read_text("utf-8")
    start, end = settings.index("nav = ["), settings.index("[project.theme]")
    (tmp_path / "zensical.toml").write_text(
        f'{settings[:start]}nav = ["index.md"]\n{settings[end:]}'.replace("extra_css", "# ")
    )
    assert main(tmp_path) == 1
    assert words in capfd.readouterr().err
