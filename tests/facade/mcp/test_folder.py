"""Whatever an assistant calls a video or a picture, it stays in the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chainhub_video import InvalidRequest
from chainhub_video.mcp.folder import Folder


@pytest.mark.parametrize(
    "name",
    [
        "", "  ", ".mp4", ".hidden", "../kitten", "a/b", "a\\b", "/etc/kitten", "C:\\kitten", "C:kitten", "..",
        "kitten\0", "kit\nten", "con", "NUL.mp4", "com1.x", "kitten.", "kitten?", "k" * 300, "\ud800",
    ],
)  # fmt: skip
def test_no_name_leads_out(folder: Path, name: str) -> None:
    """A name that leads into another folder, or that some disk cannot keep, is refused."""
    with pytest.raises(InvalidRequest):
        Folder.at(folder).output(name)


@pytest.mark.parametrize("name", ["kitten", "kitten.mp4", "Kätzchen 2", "猫.MP4"])
def test_a_plain_name_is_a_file_of_the_folder(folder: Path, name: str) -> None:
    """Names with and without .mp4 are one file, directly in the folder."""
    path = Folder.at(folder).output(name)
    assert path.parent == folder
    assert path.suffix == ".mp4"


def test_a_link_in_the_place_of_a_video_is_refused(folder: Path, tmp_path: Path) -> None:
    """A client writes through links, so one that leads out must not be written to."""
    (folder / "kitten.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    with pytest.raises(InvalidRequest, match="taken by a link"):
        Folder.at(folder).output("kitten")


@pytest.mark.parametrize(
    "picture",
    [
        "", "/etc/passwd", "../secret.png", "sub/../../secret.png", "sub/../kitten.png",
        "..\\secret.png", "C:\\secret.png", "C:secret.png",
        "\\\\host\\share\\secret.png", "file:///etc/passwd", "FILE:/etc/passwd", "data:image/png;base64,AAAA",
        "ftp://host/a.png", "kitten.png\0", "missing.png", "out.png", "linked/secret.png", "loop.png", "~/a.png",
    ],
)  # fmt: skip
def test_no_picture_is_read_from_outside(folder: Path, tmp_path: Path, picture: str) -> None:
    """Pictures are links of the web or files inside the folder; no link of the disk leads out."""
    (tmp_path / "secret.png").write_bytes((folder / "kitten.png").read_bytes())
    (folder / "sub").mkdir()
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "loop.png").symlink_to("loop.png")
    with pytest.raises(InvalidRequest):
        Folder.at(folder).picture(picture)


def test_pictures_inside_are_found(folder: Path) -> None:
    """A file of the folder, one of a folder in it, a link that stays inside, and a link of the web are taken."""
    (folder / "sub").mkdir()
    (folder / "sub" / "again.png").symlink_to(folder / "kitten.png")
    place = Folder.at(folder)
    assert place.picture("kitten.png") == str(folder / "kitten.png")
    assert place.picture("sub/again.png") == str(folder / "kitten.png")
    assert place.picture("https://example.com/a.png") == "https://example.com/a.png"
    with pytest.raises(InvalidRequest, match="relative to it"):
        place.picture(str(folder / "kitten.png"))


def test_what_is_no_folder_is_refused(folder: Path) -> None:
    """A server does not start in a folder that is missing, or is a file."""
    for path in (folder / "missing", folder / "kitten.png", Path(os.devnull)):
        with pytest.raises(InvalidRequest):
            Folder.at(path)
