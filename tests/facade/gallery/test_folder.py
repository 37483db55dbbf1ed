"""What became of each output is told rightly, whatever lies in the folder."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chainhub_video.gallery.cards import Card, CardState, card_of
from chainhub_video.gallery.folder import Found, read_folder
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptState, fingerprint_of

from .conftest import LONG, MARKUP, ODD


def cards(folder: Path) -> dict[str, Card]:
    """The card of each output, by its name."""
    return {one.name: card_of(one, folder) for one in read_folder(folder).outputs}


def test_every_state_is_told(happened: Path) -> None:
    """Each output has the state that its receipt and its file say together."""
    assert {name: card.state for name, card in cards(happened).items()} == {
        "kitten.mp4": CardState.SAVED,
        ODD: CardState.SAVED,
        "sub/deep/hebrew.mp4": CardState.SAVED,
        "gone.mp4": CardState.MISSING,
        "cut.mp4": CardState.UNUSABLE,
        "lost answer.mp4": CardState.UNCERTAIN,
        "refused.mp4": CardState.FAILED,
        "under way.mp4": CardState.RUNNING,
        "alone.MP4": CardState.UNRECEIPTED,
    }


def test_what_is_known_is_told(happened: Path) -> None:
    """A saved video has its prompt, model, times, duration and pixels."""
    found = cards(happened)
    kitten, alone = found["kitten.mp4"], found["alone.MP4"]
    assert kitten.playable
    assert (kitten.prompt, kitten.model) == (LONG, "grok-video-3")
    assert kitten.task
    assert kitten.header is not None
    assert kitten.header.seconds == 6
    assert (kitten.header.width, kitten.header.height) == (270, 180)
    assert kitten.made is not None
    assert kitten.took is not None
    assert 0 < kitten.took < 600
    assert found[ODD].prompt == MARKUP
    assert alone.header is not None
    assert (alone.header.seconds, alone.prompt, alone.took) == (2, "", None)


@pytest.mark.parametrize(
    ("name", "words", "command"),
    [
        ("gone.mp4", "is missing", "chainhub-video resume gone.mp4.task.json"),
        ("cut.mp4", "is cut", "chainhub-video resume cut.mp4.task.json"),
        ("under way.mp4", "has the task", "chainhub-video resume 'under way.mp4.task.json'"),
        (
            "lost answer.mp4",
            "Look in the vendor's usage log for a grok-video-3 task",
            "chainhub-video resume 'lost answer.mp4.task.json' --task ID",
        ),
        ("refused.mp4", "The gateway gives no reason.", ""),
    ],
)
def test_it_says_what_to_do(happened: Path, name: str, words: str, command: str) -> None:
    """What is not saved has its reason, and the command that helps, without a path of this machine."""
    notice = cards(happened)[name].notice
    assert words in notice.text
    assert notice.command == command
    assert str(happened) not in f"{notice}"


def test_a_file_of_another_size_is_told(happened: Path, tmp_path: Path) -> None:
    """A whole video that is not the one of the receipt is marked, though it plays."""
    receipt = happened / "kitten.mp4.task.json"
    (tmp_path / receipt.name).write_bytes(receipt.read_bytes())
    (tmp_path / "kitten.mp4").write_bytes((happened / "alone.MP4").read_bytes())
    card = cards(tmp_path)["kitten.mp4"]
    assert card.state is CardState.UNUSABLE
    assert card.playable
    assert "its receipt says" in card.notice.text


def test_a_create_that_is_being_sent_is_no_more_than_that(tmp_path: Path) -> None:
    """A claim runs while its process holds it, and is uncertain once that has ended."""
    request = {"prompt": "x", "model": "m"}
    blank = Receipt(
        state=ReceiptState.SUBMITTING, fingerprint=fingerprint_of(request), request=request
    )
    store = LocalReceipt(tmp_path / "now.mp4")
    assert store.swap(None, blank.submitting(3600))
    assert cards(tmp_path)["now.mp4"].state is CardState.RUNNING
    del store  # closes the lock, as the end of its process does
    card = cards(tmp_path)["now.mp4"]
    assert card.state is CardState.UNCERTAIN
    assert "the process that was sending it has ended" in card.notice.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "The video is empty.", id="empty"),
        pytest.param(b"hello", "This is not an MP4 video", id="text"),
        pytest.param(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "This is not an MP4 video", id="playlist"),
        pytest.param(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 100_001, "more than 100,000 parts", id="boxes"),
        pytest.param(b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x08mdat", "It has no picture", id="bare"),
    ],
)  # fmt: skip
def test_a_broken_video_has_a_card(tmp_path: Path, content: bytes, words: str) -> None:
    """What is no video says so, and nothing is raised."""
    (tmp_path / "a.mp4").write_bytes(content)
    card = cards(tmp_path)["a.mp4"]
    assert (card.state, card.playable) == (CardState.UNUSABLE, False)
    assert words in card.notice.text


def test_a_torn_receipt_has_a_card(tmp_path: Path, clip: bytes) -> None:
    """A receipt that cannot be read is told beside its video, which still plays."""
    (tmp_path / "a.mp4.task.json").write_text("{")
    (tmp_path / "a.mp4").write_bytes(clip)
    (tmp_path / "b.mp4.task.json").mkdir()
    with (tmp_path / "c.mp4.task.json").open("wb") as long:
        long.truncate(1 << 40)  # which is not read
    found = cards(tmp_path)
    assert {card.state for card in found.values()} == {CardState.UNUSABLE}
    assert found["a.mp4"].playable
    assert found["a.mp4"].notice.text.startswith("Receipt a.mp4.task.json is torn")
    assert "is a folder" in found["b.mp4"].notice.text
    assert "far too long" in found["c.mp4"].notice.text


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_nothing_outside_is_read(tmp_path: Path, clip: bytes) -> None:
    """Links to files and folders are told and never followed; neither are pipes opened."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret.mp4").write_bytes(clip)
    (folder / "file.mp4").symlink_to(outside / "secret.mp4")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    (folder / "receipt.mp4.task.json").symlink_to(outside / "secret.mp4")
    (folder / "away").symlink_to(outside)
    (folder / "circle").symlink_to(folder)
    (folder / "named.mp4").mkdir()
    (folder / "named.mp4" / "inner.mp4").write_bytes(clip)
    os.mkfifo(folder / "pipe.mp4")
    read = read_folder(folder)
    assert read.skipped == ["away: it is a link", "circle: it is a link"]
    found = cards(folder)
    assert {name for name, card in found.items() if card.playable} == {"named.mp4/inner.mp4"}
    assert "links are not followed" in found["file.mp4"].notice.text
    assert "links are not followed" in found["loop.mp4"].notice.text
    assert "a link" in found["receipt.mp4"].notice.text
    assert "a folder, not a video" in found["named.mp4"].notice.text
    assert "a special file" in found["pipe.mp4"].notice.text


def test_hidden_files_and_others_are_left_out(tmp_path: Path, clip: bytes) -> None:
    """Part files, drafts, pictures and hidden folders are no outputs."""
    (tmp_path / ".trash").mkdir()
    drafts = ("a.mp4.chainhub.part", ".a.mp4.task.json.draft")
    for name in (".trash/a.mp4", "._a.mp4", *drafts, "a.png"):
        (tmp_path / name).write_bytes(clip)
    assert read_folder(tmp_path).outputs == []


def test_a_very_deep_folder_is_read(
    tmp_path: Path, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too deep for the system is told."""
    (tmp_path / "a.mp4").write_bytes(clip)
    monkeypatch.chdir(tmp_path)
    name, deep = "d" * 200, 22  # a path this long can only be made, and taken away, step by step
    try:
        for _ in range(deep):
            Path(name).mkdir()
            os.chdir(name)
        read = read_folder(tmp_path)
    finally:
        for _ in range(deep):
            os.chdir("..")
            Path(name).rmdir()
    assert [one.name for one in read.outputs] == ["a.mp4"]
    assert len(read.skipped) == 1
    assert "File name too long" in read.skipped[0]


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8")
def test_a_name_that_is_not_utf8_has_a_card(tmp_path: Path, clip: bytes) -> None:
    """A video is found by its bytes; without a receipt it is as old as its file."""
    video = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    video.write_bytes(clip)
    os.utime(video, (86400, 86400))
    (card,) = cards(tmp_path).values()
    assert card.playable
    assert card.made == datetime(1970, 1, 2, tzinfo=UTC)


def test_an_absurd_time_is_none(tmp_path: Path) -> None:
    """A file system may tell a time beyond all calendars, and a file may go while the folder is read."""
    found = Found(name="a.mp4", path=tmp_path / "a.mp4", receipt=False, size=1, changed=10**30)
    card = card_of(found, tmp_path)
    assert card.made is None
    assert "cannot be read" in card.notice.text
