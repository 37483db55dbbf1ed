"""The command writes the page, and says in one line each what it could not do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.facade.cli.conftest import BOUND_BY_PERMISSIONS

COMMAND = Path(sys.executable).with_name("chainhub-video")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a folder, with neither key nor address."""
    return subprocess.run(
        [*BOUND_BY_PERMISSIONS, COMMAND, "gallery", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_folder_has_its_page(clip: bytes, tmp_path: Path) -> None:
    """The page is written with title and poster, and its path is the result; what was skipped is told aside."""
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "a.mp4").write_bytes(clip)
    (videos / "elsewhere").symlink_to(tmp_path)
    done = run(tmp_path, "videos", "--title", "Mine", "-o", "page.html")
    assert done.returncode == 0
    assert done.stdout == f"{tmp_path / 'page.html'} (1 output, 1 poster)\n"
    assert done.stderr == "not entered: elsewhere: it is a link\n"
    assert "<title>Mine</title>" in (tmp_path / "page.html").read_text()


def test_an_empty_folder_is_no_failure(tmp_path: Path) -> None:
    """There is a page, and a line that says that it is empty."""
    done = run(tmp_path, ".")
    assert done.returncode == 0
    assert done.stderr == "no videos and no receipts in .\n"
    assert (tmp_path / "index.html").exists()


def test_a_mistake_ends_with_2(tmp_path: Path) -> None:
    """A page of others stays, and the line says what to do."""
    (tmp_path / "index.html").write_text("mine")
    done = run(tmp_path, ".")
    assert done.returncode == 2
    assert "choose another --output, or replace it with --force" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "index.html").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_an_unreadable_folder_is_told(tmp_path: Path) -> None:
    """One line says that the system refused, and which folder; the exit status is 1."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o300)
    done = run(tmp_path, "closed")
    assert done.returncode == 1
    assert "the system refused" in done.stderr
    assert "closed" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="terminals")
def test_an_interruption_leaves_the_page_as_it_was(clip: bytes, tmp_path: Path) -> None:
    """On a terminal progress is shown; Ctrl-C ends the command and its processes, with one line and no new page."""
    (tmp_path / "0.mp4").write_bytes(clip)
    for number in range(1, 400):
        os.link(tmp_path / "0.mp4", tmp_path / f"{number}.mp4")
    terminal, theirs = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        process = subprocess.Popen(
            [COMMAND, "gallery", "."],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        said = b""
        while b"posters: 2 of 400" not in said:
            said += shown.read(1000)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(
            timeout=60
        )  # it ends only when all that have its output have ended
        while b"\n" not in said:
            said += shown.read(1000)
    assert process.returncode == 130
    assert out == b""
    assert b"chainhub-video: interrupted; the page is as it was" in said
    assert not [entry for entry in tmp_path.iterdir() if "index" in entry.name]
