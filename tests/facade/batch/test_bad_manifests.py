"""Whatever is wrong with a manifest ends in one message with the place and the next step, before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import ChainHub, InvalidManifest, InvalidRequest

HEAD = "prompt,model,aspect_ratio,name\n"
ROW = "a kitten,grok-video-3,1:1,kitten\n"
LINE = '{"prompt": "a kitten", "model": "grok-video-3", "aspect_ratio": "1:1"}\n'


def refused(rows: Any, **options: Any) -> InvalidRequest:
    """Return what a client whose gateway nobody is raises for a manifest, or for rows."""
    with (
        ChainHub(base_url="http://127.0.0.1:9", api_key="nobody") as hub,
        pytest.raises(InvalidRequest) as raised,
    ):
        hub.batch.run(rows, "out", **options)
    assert not Path("out").exists()
    return raised.value


def refusal(rows: Any, **options: Any) -> str:
    """Return what is said of it."""
    return str(refused(rows, **options))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to an empty folder."""
    monkeypatch.chdir(tmp_path)


TABLES = [
    (b"", ["is empty", "its first line names the columns"]),
    (HEAD.encode(), ["has no rows"]),
    (b"\xef\xbb\xbf" + HEAD.encode(), ["has no rows"]),
    (b"prompt,model,aspct_ratio\n", ["line 1", "column 3", "'aspct_ratio'", "did you mean aspect_ratio?"]),
    (b"prompt,model,colour\n", ["no column 'colour'", "the columns are prompt, model"]),
    (b"prompt,model,model\n", ["column 3", "model is there twice"]),
    (b"prompt,size\n", ["the column model is missing"]),
    (b"prompt;model;size\n", ["separated by semicolons", "save it with commas"]),
    (b"prompt\tmodel\n", ["separated by tabs"]),
    (HEAD.encode("utf-16"), ["line 1", "UTF-16", "save it as UTF-8"]),
    (HEAD.encode("utf-16-le"), ["line 1", "byte 2 is NUL"]),
    (f"{HEAD}{ROW}a\0b,grok-video-3,1:1,\n".encode(), ["line 3", "byte 2 is NUL"]),
    (f"{HEAD}{ROW}".encode() + b"caf\xe9,x,1:1,\n", ["line 3", "byte 4 (0xe9) is not UTF-8"]),
    (f'{HEAD}{ROW}"a kitten,grok-video-3,1:1,a\n'.encode(), ["line 3", "quote that is not closed"]),
    (f'{HEAD}{ROW}"a" kitten,grok-video-3,1:1,a\n'.encode(), ["line 3", "it is not CSV"]),
    (f"{HEAD}{ROW}".replace("\n", "\r").encode(), ["line 1", "CR alone", "LF or CRLF"]),
    (f"{HEAD}{ROW}\"{'x' * 140_000},".encode(), ["line 3", "more than 131,072 characters"]),
    (f"{HEAD}{ROW}a,b,c,d,e\n".encode(), ["1 row", "line 3", "has 5 cells", "4 columns", "not quoted"]),
    (f"{HEAD}{ROW}a,b\n".encode(), ["line 3", "has 2 cells", "is a comma missing?"]),
    (f"{HEAD}{ROW}\n , ,,\n,grok-video-3,1:1,\n".encode(), ["line 5, column prompt", "prompt is missing"]),
    (f'{HEAD}{ROW}"two\nlines",grok-video-3,9:16,\n'.encode(), ["line 3, column aspect_ratio", "'9:16'"]),
    (f"{HEAD}{ROW}fox,grok-video-4,1:1,\n".encode(), ["line 3, column model", "unknown model 'grok-video-4'"]),
    (f"{HEAD}{ROW}fox,grok-video-3,,\n".encode(), ["line 3, column aspect_ratio", "aspect_ratio is missing"]),
    (f"{HEAD}{ROW}fox,veo_3_1,9:16,\n".encode(), ["line 3, column image", "needs a picture"]),
    (f"{HEAD}{ROW}fox,grok-video-3,1:1,Kitten.MP4\n".encode(), ["line 3, column name", "line 2", "some disks"]),
    (f"{HEAD}{ROW}fox,grok-video-3,1:1,kitten\n".encode(), ["line 3, column name", "'kitten' as well"]),
    (f"{HEAD}{2 * 'fox,grok-video-3,1:1,'}\n".encode(), ["line 2", "cells"]),
    (f"{HEAD}{2 * 'fox,grok-video-3,1:1,NL'}".replace("NL", "\n").encode(), ["line 2 asks for the same"]),
]  # fmt: skip
LINES = [
    ("", ["has no rows"]),
    ("\n \n", ["has no rows"]),
    (LINE + '{"prompt": \n', ["line 2", "it is not JSON", "character"]),
    (LINE + "[1, 2]\n", ["line 2", "it is a list, and must be an object"]),
    (LINE + "7\n", ["line 2", "a single value"]),
    (LINE + '{"prompt": "a", "prompt": "b"}\n', ["line 2", "the key 'prompt' is there twice"]),
    (LINE + '{"prompt": "a", "promt": "b"}\n', ["line 2, column promt", "did you mean prompt?"]),
    (LINE + '{"prompt": "a", "model": NaN}\n', ["line 2", "NaN is not JSON"]),
    (LINE + "[" * 100_000 + "\n", ["line 2"]),
    (LINE + '{"prompt": 7, "model": "grok-video-3"}\n', ["line 2, column prompt", "must be text"]),
    (LINE + LINE.replace("}", ', "name": 7}'), ["line 2, column name", "must be text"]),
    (LINE + LINE.replace("}", ', "images": "a.png"}'), ["line 2, column images", "list or tuple"]),
    (LINE + LINE.replace("}", ', "image": 7}'), ["line 2, column image"]),
    (LINE + LINE.replace("}", ', "image": "no.png"}'), ["line 2, column image", "does not exist"]),
    (LINE + LINE.replace("}", ', "image": "ftp://x/y"}'), ["line 2, column image", "only http"]),
    (LINE + LINE.replace("}", ', "extra": {"model": 1}}'), ["line 2, column extra"]),
]  # fmt: skip
NAMES = [
    ("../kitten", "leads into a folder"),
    ("a/b", "leads into a folder"),
    ("a\\\\b", "leads into a folder"),
    (".kitten", "hidden"),
    ("con", "Windows keeps"),
    ("Lpt1.kitten", "Windows keeps"),
    ("kitten.", "some disks drop"),
    ("what?", "some disks cannot keep"),
    ("bell\\u0007", "control character"),
    ("half\\ud800", "half a character"),
    ("\\u00e4" * 91, "182 bytes"),
    (".mp4", "must not be empty"),
]


def test_a_manifest_is_refused_with_place_and_next_step() -> None:
    """Each mistake is named with its file, its line, and its column where it has one."""
    named = [
        (LINE + LINE.replace("}", f', "name": "{name}"}}'), ["line 2, column name", why])
        for name, why in NAMES
    ]
    cases = [("rows.csv", *case) for case in TABLES]
    cases += [("rows.jsonl", text.encode(), words) for text, words in LINES + named]
    for name, content, words in cases:
        Path(name).write_bytes(content)
        told = refusal(Path(name))
        assert [word for word in [name, *words] if word not in told] == [], (content[-200:], told)


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    """A folder, a FIFO, a missing file and a file of another kind are told apart, and nothing waits."""
    folder, fifo, sheet = tmp_path / "rows.csv", tmp_path / "fifo.csv", tmp_path / "rows.xlsx"
    folder.mkdir()
    os.mkfifo(fifo)
    sheet.touch()
    assert "is a folder: give a .csv or .jsonl file" in refusal(folder)
    assert "is read twice: copy it" in refusal(fifo)
    assert "does not exist: check the path" in refusal(tmp_path / "none.csv")
    assert "must be called .csv" in refusal(sheet)


def test_every_bad_row_is_told_and_none_is_sent(tmp_path: Path) -> None:
    """The error carries each problem with its place, however many rows are wrong, up to a bound."""
    path = tmp_path / "rows.csv"
    path.write_text(HEAD + ROW + 120 * "fox,grok-video-3,9:9,\n")
    invalid = refused(path)
    assert isinstance(invalid, InvalidManifest)
    assert (invalid.count, len(invalid.problems)) == (120, 50)
    place = "line 3, column aspect_ratio: aspect_ratio is '9:9'"
    assert invalid.problems[0].startswith(place)


def test_rows_of_a_program_are_checked_alike(tmp_path: Path) -> None:
    """What is no mapping, no iterable, or cannot be kept until its turn, is told with its row."""
    good = {"prompt": "a", "model": "grok-video-3", "aspect_ratio": "1:1"}
    with (tmp_path / "x").open("wb") as file:
        for rows, words in (
            ([good, 7], "row 2: it is int, and must be a mapping"),
            (good, "not dict"),
            (7, "not int"),
            ([], "has no rows"),
            ([{**good, "image": object()}], "needs a name of its own"),
            (iter([good, {**good, "image": file}]), "row 2 cannot be kept"),
        ):
            assert words in refusal(rows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"concurrency": 0}, "concurrency is 0"),
        ({"rate": 0}, "rate is 0"),
        ({"max_creates": -1}, "max_creates is -1"),
        ({"stop_after_failures": 0}, "stop_after_failures is 0"),
        ({"timeout": -1}, "timeout"),
    ],
)
def test_wrong_limits_are_refused(options: dict[str, int], words: str) -> None:
    """A limit that cannot be meant is named before the manifest is read."""
    assert words in refusal("none.csv", **options)
