"""The command writes the page, and says in one line each what it could not do."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from chainhub_video.cli.app import run

from tests.facade.cli.conftest import BOUND_BY_PERMISSIONS, COMMAND


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_has_its_page(
    clip: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is written with title and poster, and its path is the result; what was skipped is told aside."""
    Path("videos").mkdir()
    Path("videos/a.mp4").write_bytes(clip)
    Path("videos/elsewhere").symlink_to(folder)
    assert run(["gallery", "videos", "--title", "Mine", "-o", "page.html"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{folder / 'page.html'} (1 output, 1 poster)\n"
    assert told.err == "not entered: elsewhere: it is a link\n"
    assert "<title>Mine</title>" in Path("page.html").read_text()


def test_an_empty_folder_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """There is a page, and a line that says that it is empty."""
    assert run(["gallery", "."]) == 0
    assert capsys.readouterr().err == "no videos and no receipts in .\n"
    assert Path("index.html").exists()


def test_a_mistake_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A page of others stays, and the line says what to do."""
    Path("index.html").write_text("mine")
    assert run(["gallery", "."]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "choose another --output, or replace it with --force" in line
    assert Path("index.html").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_an_unreadable_folder_is_told() -> None:
    """One line says that the system refused, and which folder; the exit status is 1."""
    Path("closed").mkdir(mode=0o300)
    done = subprocess.run(
        [*BOUND_BY_PERMISSIONS, COMMAND, "gallery", "closed"], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert "the system refused" in done.stderr
    assert "closed" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="terminals")
def test_an_interruption_leaves_the_page_as_it_was(clip: bytes, folder: Path) -> None:
    """On a terminal progress is shown; Ctrl-C ends the command and its processes, with one line and no new page."""
    Path("0.mp4").write_bytes(clip)
    for number in range(1, 400):
        os.link("0.mp4", f"{number}.mp4")
    terminal, theirs = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        process = subprocess.Popen(
            [COMMAND, "gallery", "."], stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        said = b""
        while b"posters: 2 of 400" not in said:
            said += shown.read(1000)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)  # ends when all that have its output have ended
        while b"\n" not in said:
            said += shown.read(1000)
    assert (process.returncode, out) == (130, b"")
    assert b"chainhub-video: interrupted; the page is as it was" in said
    assert not [entry for entry in folder.iterdir() if "index" in entry.name]
