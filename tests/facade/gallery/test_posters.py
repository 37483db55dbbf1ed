"""Posters are made by processes that may hang or crash, and only where they are new."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import pytest
from chainhub_video.gallery import posters
from chainhub_video.gallery.page import Poster, posters_in
from chainhub_video.gallery.posters import Job, make_posters
from chainhub_video.gallery.writing import write_gallery
from PIL import Image

LITTLE_PATIENCE = 5.0  # seconds; a slow machine needs one to start a process


def test_a_poster_is_a_small_picture_of_the_video(clip: bytes, tmp_path: Path) -> None:
    """It has the video's shape, and a name may hold anything."""
    path = tmp_path / "concat:a|b #%\\n.mp4"
    path.write_bytes(clip)
    told: list[int] = []
    (poster,) = make_posters([Job(path, 1.0)], on_made=told.append)
    assert poster is not None
    with Image.open(io.BytesIO(base64.b64decode(poster))) as image:
        assert (image.format, image.size) == ("WEBP", (160, 90))
    assert told == [1]


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_what_hangs_or_is_hostile_costs_its_own_poster(clip: bytes, tmp_path: Path) -> None:
    """A process that hangs is killed, and the others' posters are made; a playlist opens no other file."""
    (tmp_path / "good.mp4").write_bytes(clip)
    (tmp_path / "cut.mp4").write_bytes(clip[: len(clip) // 2])
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:2,\n{tmp_path / 'good.mp4'}\n")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "good.mp4")
    os.mkfifo(tmp_path / "hangs.mp4")  # nobody ever writes, so that opening it never ends
    names = ["hangs", "good", "list", "cut", "link", "gone", "good"]
    made = make_posters([Job(tmp_path / f"{n}.mp4", 0.2) for n in names], patience=LITTLE_PATIENCE)
    assert [poster is not None for poster in made] == [n == "good" for n in names]


def test_a_process_that_crashes_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash the next video has a new process."""
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    if 'bad' in json.loads(line)['path']: os.abort()\n"
        "    print(json.dumps({'poster': 'x'}), flush=True)\n"
    )
    monkeypatch.setattr(posters, "_WORKER", worker)
    monkeypatch.setattr(posters, "_MOST_PROCESSES", 1)
    made = make_posters([Job(Path(name), 0.0) for name in ("a", "bad", "b", "bad", "c")])
    assert made == ["x", None, "x", None, "x"]


def test_only_new_videos_are_decoded_again(clip: bytes, tmp_path: Path) -> None:
    """The posters of files of the same name, size and time are taken over, all others are made."""
    for name in ("same.mp4", "touched.mp4", "removed.mp4"):
        (tmp_path / name).write_bytes(clip)
    first = write_gallery(tmp_path)
    assert (first.posters, first.made) == (3, 3)
    before = posters_in(first.path.read_text())
    os.utime(tmp_path / "touched.mp4", (1, 1))
    (tmp_path / "removed.mp4").unlink()
    (tmp_path / "new.mp4").write_bytes(clip)
    second = write_gallery(tmp_path)
    assert (second.posters, second.made) == (3, 2)
    after = {one.name: one for one in posters_in(second.path.read_text())}
    assert {*after} == {"same.mp4", "touched.mp4", "new.mp4"}
    assert after["same.mp4"] in before
    assert after["touched.mp4"] not in before


def test_an_edited_page_has_no_posters() -> None:
    """What is not as it was written is not taken over."""
    page = '<script type="application/json" id="posters">%s</script>'
    for block in (
        "{",
        "[1]",
        '[["a.mp4", 1, 2, 3]]',
        '[["a.mp4", "x", 2, "UklGRg=="]]',
        '[["a.mp4", 1, 2, "<img>"]]',
        '[["a.mp4", 1, 2]]',
    ):
        assert posters_in(page % block) == [], block
    whole = Poster(name="a.mp4", size=1, changed=2, image="UklGRg==")
    assert posters_in(page % '[["a.mp4", 1, 2, "UklGRg=="]]') == [whole]
