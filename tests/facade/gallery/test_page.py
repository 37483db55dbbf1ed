"""The page is one file, whatever the prompts and names are, and never takes the place of anything else."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.gallery.page import is_ours
from chainhub_video.gallery.writing import write_gallery

from .conftest import HEBREW, MARKUP, ODD


class Tags(HTMLParser):
    """Every start tag with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.text += data

    def all(self, tag: str, name: str) -> list[str | None]:
        """One attribute of all tags of a kind that have it."""
        return [
            attributes[name] for each, attributes in self.tags if each == tag and name in attributes
        ]


@pytest.fixture(scope="module")
def page(happened: Path) -> str:
    """The page of the folder in which everything has happened."""
    return write_gallery(happened, title="</title><script>x</script>").path.read_text("utf-8")


def test_foreign_text_stays_text(page: str) -> None:
    """No prompt, name or title becomes a tag, and each can be read as it was."""
    tags = Tags(page)
    assert [tag for tag, _ in tags.tags if tag in ("script", "b")].count("script") == 2
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
    assert MARKUP in tags.text
    assert HEBREW in tags.text
    assert "</title><script>x</script>" in tags.text
    assert ODD in tags.text


def test_links_lead_to_the_videos(page: str, happened: Path) -> None:
    """Each address, decoded, is the relative path of a video that is there; nothing leads elsewhere."""
    addresses = [address or "" for address in Tags(page).all("a", "href")]
    found = {happened / os.fsdecode(unquote_to_bytes(address)) for address in addresses}
    assert len(found) == 4
    assert all(path.is_file() for path in found)
    assert not [a for a in addresses if re.search(r"""[\s"'#?<>:]""", a) or a.startswith("/")]
    assert "://" not in re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def test_the_policy_allows_what_is_there_and_nothing_else(page: str) -> None:
    """The policy names the one script and the one style by their hashes, and no host."""
    (policy,) = [
        content or ""
        for content in Tags(page).all("meta", "content")
        if "default-src" in (content or "")
    ]
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not Tags(page).all("script", "src")


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_page_of_others_stays(tmp_path: Path) -> None:
    """What this command has not written is replaced only if that is said; its own is replaced.

    A link is not written through: the file that it leads to stays as it was, even if the link is to be replaced.
    """
    page, other = tmp_path / "index.html", tmp_path / "other.txt"
    other.write_text("<!doctype html>\nmine")
    page.symlink_to(other)
    with pytest.raises(InvalidRequest, match="--force"):
        write_gallery(tmp_path)
    write_gallery(tmp_path, force=True)
    assert not page.is_symlink()
    page.write_bytes(other.read_bytes())
    with pytest.raises(InvalidRequest, match="--force"):
        write_gallery(tmp_path)
    assert page.read_text() == other.read_text() == "<!doctype html>\nmine"
    write_gallery(tmp_path, force=True)
    assert is_ours(page.read_bytes())
    write_gallery(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"index.html", "other.txt"}


def test_the_page_may_lie_elsewhere(clip: bytes, tmp_path: Path) -> None:
    """Its links lead from there to the videos."""
    videos, pages = tmp_path / "my videos", tmp_path / "pages"
    videos.mkdir()
    pages.mkdir()
    (videos / "a.mp4").write_bytes(clip)
    written = write_gallery(videos, output=pages / "all.html")
    assert written.path == pages / "all.html"
    assert 'href="../my%20videos/a.mp4"' in written.path.read_text()


def test_half_characters_do_not_end_it(tmp_path: Path) -> None:
    """A torn receipt may quote anything; the page stays UTF-8."""
    (tmp_path / "a.mp4.task.json").write_text('{"version": 1, "state": "\\ud800\\u0000"}')
    write_gallery(tmp_path).path.read_text("utf-8")


@pytest.mark.parametrize(
    ("folder", "output", "words"),
    [
        ("none", None, "none is not a folder"),
        ("file", None, "file is not a folder"),
        (".", "none/page.html", "must exist"),
        (".", ".", "is a folder: choose another --output"),
    ],
)
def test_a_mistake_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, output: str | None, words: str
) -> None:
    """What cannot be done is refused in one line, before anything is written."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(InvalidRequest, match=words):
        write_gallery(folder, output=output)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
