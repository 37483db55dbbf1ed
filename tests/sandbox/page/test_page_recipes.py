"""The lines that the page offers really make the task once more: they are run as they stand."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox.page.recipes import quoted

from tests.support.sandbox_caller import KITTEN, Caller, data_uri, png

PROMPTS = [
    "A kitten",
    "@kitten.png",
    "-x 'it''s' \"$HOME\" `id` \\ !",
    "two\nlines\tand\x1b[31m red",
    "猫 😀",
]


def _lines(caller: Caller, folder: Path) -> dict[str, str]:
    """The newest task's lines, by language."""
    for name in ("kitten.png", "picture.png", "-odd name, é.png"):
        (folder / name).write_bytes(KITTEN)
    text = caller.http.get("/").text
    found = re.findall(r'<pre id="t-[^"]+-(\w+)"[^>]*><code>(.*?)</code>', text, re.DOTALL)
    return {language: html.unescape(lines) for language, lines in found[:3]}


def _run(lines: str, folder: Path) -> None:
    surroundings = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "-ec", lines]
    subprocess.run(
        command, cwd=folder, env=surroundings, check=True, timeout=60, capture_output=True
    )


def _asked(caller: Caller) -> list[tuple[Any, list[str]]]:
    """What each paid create asked for: the fields, and the bytes of the pictures."""
    creates = [each for each in caller.gateway.requests if each.step == "create"]
    return [
        (dict(each.body), [picture.sha256 or picture.name for picture in each.pictures])
        for each in creates
    ]


def test_curl_says_the_same_in_both_formats(fresh_caller: Caller, tmp_path: Path) -> None:
    """The shell sends any prompt as it was, and neither reads a file nor runs a word of it."""
    for prompt in PROMPTS:
        fresh_caller.create_openai(prompt=prompt)
        _run(_lines(fresh_caller, tmp_path)["curl"], tmp_path)
        fresh_caller.create_unified(prompt=prompt, images=["http://127.0.0.1:1/x.png"])
        _run(_lines(fresh_caller, tmp_path)["curl"], tmp_path)
        *_, first, second, third, fourth = _asked(fresh_caller)
        assert first == second
        assert third == fourth
    assert len(_asked(fresh_caller)) == fresh_caller.gateway.paid == 4 * len(PROMPTS)


@pytest.mark.parametrize("language", ["Command", "Python"])
@pytest.mark.parametrize("kind", ["file", "data URI"])
def test_the_client_asks_for_the_same(
    fresh_caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, kind: str
) -> None:
    """The command and the Python lines create, wait and save; fields, picture and length are those of the task."""
    picture = png("red")
    further = {"private": True} if language == "Python" else {}
    if kind == "file":
        fresh_caller.create_openai(prompt=PROMPTS[2], watermark="true")
    else:
        fresh_caller.create_unified(
            model="sora-2",
            prompt=PROMPTS[2],
            images=[data_uri(picture)],
            size="small",
            orientation="portrait",
            duration=10,
            watermark=False,
            without="aspect_ratio",
            **further,
        )
    lines = _lines(fresh_caller, tmp_path)
    (tmp_path / "picture.png").write_bytes(picture)
    unsaid = bool(further) and kind == "data URI"
    assert ("no option for private" in fresh_caller.http.get("/").text) == unsaid
    if language == "Python":
        monkeypatch.chdir(tmp_path)
        exec(lines[language], {})
    else:
        _run(lines[language], tmp_path)
    first, second = _asked(fresh_caller)
    assert first == second
    assert fresh_caller.gateway.paid == 2
    assert (tmp_path / "video.mp4").stat().st_size > 1000


def test_a_file_is_only_ever_named_in_this_folder(fresh_caller: Caller, tmp_path: Path) -> None:
    """A client may call its picture anything: the lines name a file beside, and quote it."""
    fresh_caller.create_openai(name="../../etc/-odd name, é.png").raise_for_status()
    lines = _lines(fresh_caller, tmp_path)
    assert "/etc/" not in lines["curl"] + lines["Command"] + lines["Python"]
    _run(lines["curl"], tmp_path)
    assert fresh_caller.gateway.paid == 2


def test_words_are_quoted_for_a_terminal() -> None:
    """What a terminal would obey is spelled, so that pasting a line runs nothing before it is whole."""
    assert quoted("plain") == "plain"
    assert quoted("a 'b'\n") == "'a '\"'\"'b'\"'\"'\n'"
    assert quoted("\x03it's\x1b\\\n") == "$'\\x03it\\'s\\x1b\\\\\\n'"
