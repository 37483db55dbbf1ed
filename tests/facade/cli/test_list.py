"""`list` and `models`: what is printed for people and for programs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import chainhub_video
from chainhub_sandbox import Sandbox

from .command import Command
from .conftest import COMMAND, GROK

LISTED = ["doubt.mp4", "saved.mp4", "torn.mp4", "inner/bad.mp4", "inner/gone.mp4", "inner/deep/runs.mp4"]  # fmt: skip


def test_every_receipt_below_a_folder_is_listed(
    command: Command, chainhub_sandbox: Sandbox
) -> None:
    """A row each: state, model, when, and the size or why; the uncertain one is marked, and nothing is asked for."""

    def generate(output: str, *options: str) -> int:
        return command("generate", output, *GROK, "-o", output, "-q", *options).status

    Path("inner/deep").mkdir(parents=True)
    Path("note.txt").touch()
    assert generate("saved.mp4") == generate("inner/gone.mp4") == 0
    Path("inner/gone.mp4").unlink()
    assert generate("inner/deep/runs.mp4", "--timeout", "0") == 4
    chainhub_sandbox.fault("create", "close", moment="read", times=1)
    assert generate("doubt.mp4") == 3
    chainhub_sandbox.fault("query", "state", word="failed", times=1)
    assert generate("inner/bad.mp4") == 1
    Path("torn.mp4.task.json").write_text("{")
    heard = len(chainhub_sandbox.requests)

    status, (header, *rows), (hint,) = command("list", ".")
    assert status == 0
    assert header.split() == ["FILE", "STATE", "MODEL", "WHEN", "SIZE", "OR", "REASON"]
    assert [row.split()[0] for row in rows] == LISTED
    doubt, saved, torn, bad, gone, runs = rows
    assert "  ! uncertain  grok-video-3  " in doubt
    assert saved.split()[1:3] == ["saved", "grok-video-3"]
    assert saved.endswith("kB")
    assert "is torn or was edited" in torn
    assert [row.split()[1] for row in (bad, gone, runs)] == ["failed", "missing", "submitted"]
    assert hint.startswith("! 1 of unknown outcome")

    # For programs: one JSON object a line, with the task's id, and nothing on standard error.
    status, told, said = command("list", ".", "--json")
    entries = {entry["file"]: entry for entry in map(json.loads, told)}
    assert (status, said, list(entries)) == (0, [], LISTED)
    assert entries["saved.mp4"]["size"] == Path("saved.mp4").stat().st_size
    assert entries["inner/deep/runs.mp4"]["task"].startswith("grok:")
    assert entries["doubt.mp4"]["state"] == "uncertain"
    assert entries["doubt.mp4"]["reason"]
    assert entries["torn.mp4"]["model"] is None
    assert len(chainhub_sandbox.requests) == heard


def test_a_folder_without_receipts_is_no_failure(bare: Command) -> None:
    """It is said in words, exit status 0; with --json nothing is printed. A folder that is not there is a mistake."""
    Path("empty").mkdir()
    words = "there are no receipts below empty: nothing was started there"
    assert bare("list", "empty") == (0, [], [words])
    assert bare("list", "empty", "--json") == (0, [], [])
    assert "there is no folder 'none'" in bare.mistake("list", "none")


def test_names_are_shown_as_they_are_whatever_the_encoding(
    bare: Command, environment: dict[str, str]
) -> None:
    """Markup, right-to-left text and emoji steer nothing, and are escaped where ASCII is all there is."""
    for name in ("[red]x", "🐈", "\u05d7\u05ea\u05d5\u05dc", "a\x1b[2Jb\u202ec"):
        Path(f"{name}.mp4.task.json").write_text("{")
    _, (_, *rows), _ = bare("list", ".")
    assert {row.partition(".mp4 ")[0] for row in rows} == {
        "[red]x", "🐈", "\u05d7\u05ea\u05d5\u05dc", "a [2Jb c",
    }  # fmt: skip
    done = subprocess.run(
        [COMMAND, "list", "."], env={**environment, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert "\n\\U0001f408.mp4 " in done.stdout.decode("ascii")
    assert b"\x1b" not in done.stdout


def test_models_are_listed_with_what_they_need(bare: Command) -> None:
    """Each row of the table of models has its line, with options that can be copied; --json has an object each."""
    status, told, said = bare("models")
    assert (status, said, len(told)) == (0, [], len(chainhub_video.MODELS) + 1)
    lines = {tuple(line.split()[:2]): line for line in told}
    for model, ending in {
        ("grok-video-3", "unified"): "  --aspect-ratio 2:3|3:2|1:1",
        ("veo_3_1", "openai"): "--size 1280x720|720x1280|16x9|9x16, --image PICTURE",
        ("sora-2", "unified"): "  --aspect-ratio 16:9|9:16",
    }.items():
        assert lines[model].endswith(ending)
    rows = [json.loads(line) for line in bare("models", "--json").told]
    assert [(row["name"], row["format"]) for row in rows] == [
        (row.name, row.format) for row in chainhub_video.MODELS
    ]
    assert rows[0]["min_images"] == 1


def test_a_reader_that_goes_away_is_no_traceback(environment: dict[str, str]) -> None:
    """Piped into `head`, a list ends in silence."""
    done = subprocess.run(
        ["bash", "-c", '"$0" models | head -1', COMMAND], env=environment, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
