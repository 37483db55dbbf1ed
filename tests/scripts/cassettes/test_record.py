"""Recording from the sandbox: doing it again gives no diff, and nothing unclean is kept."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cassettes.cassette import read
from cassettes.record import capturing
from cassettes.record_command import main
from cassettes.scenarios import SCENARIOS
from cassettes.scrub import Scrubber, Unclean
from cassettes.secrecy import Detector

from tests.support.places import CASSETTES, ROOT

NAME = "unified-unknown-task"


def change(monkeypatch: pytest.MonkeyPatch, name: str, *faults: Any) -> None:
    """Have the sandbox do something else in a scenario."""
    monkeypatch.setitem(SCENARIOS, name, replace(SCENARIOS[name], faults=faults))


@pytest.mark.network
def test_recording_again_gives_no_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All scenarios, recorded anew from the sandbox, leave the committed cassettes as they are to the byte."""
    shutil.copytree(CASSETTES, tmp_path, dirs_exist_ok=True)
    assert main(["--to", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(SCENARIOS)
    assert [line for line in lines if not line.endswith("unchanged")] == []
    for path in CASSETTES.glob("*.yaml"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.network
def test_a_change_is_written_with_its_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no cassette was there is a new one, and where the answers differ it is changed, with a date of its own."""
    path = tmp_path / "deep" / "folder" / f"{NAME}.yaml"
    arguments = [NAME, "--to", str(path.parent)]
    assert main(arguments) == 0
    old = path.read_text().replace(read(path).head["at"], "2020-01-01T00:00:00+00:00")
    path.write_text(old)
    assert main(arguments) == 0
    assert path.read_text() == old
    path.write_text(old.replace("does not exist", "is unknown"))
    assert main(arguments) == 0
    fates = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert fates == ["new", "unchanged", "changed"]
    assert not read(path).head["at"].startswith("2020")


@pytest.mark.network
def test_a_scenario_that_fails_keeps_the_old_cassette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario that comes out otherwise is named with its step, the old file stays, and the others are recorded."""
    old = tmp_path / "unified-text-only.yaml"
    old.write_text("the old one")
    change(monkeypatch, old.stem, ("query", "fields", {"fields": {"status": "expired"}}))
    assert main([old.stem, NAME, "--to", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "scripts/record: unified-text-only, step 1, generate: TaskFailed: task grok:" in told.err
    assert len(told.err.splitlines()) == 1
    said = [line.split()[:2] for line in told.out.splitlines()]
    assert said == [[old.stem, "failed,"], [NAME, "sandbox"]]
    assert old.read_text() == "the old one"
    assert sorted(tmp_path.iterdir()) == [old, tmp_path / f"{NAME}.yaml"]


@pytest.mark.network
def test_what_scrubbing_misses_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If scrubbing let everything through, the scan would refuse the recording, and show no more than its place."""
    monkeypatch.setattr(Detector, "covered", lambda _, text: text)
    secret = "q7Xw2LmZ9pKc4TdR8vNb3HsY"
    ((step, kind, parameters),) = SCENARIOS["unified-quota"].faults
    told_secret = {**parameters, "message": f"no quota for {secret}"}
    change(monkeypatch, "unified-quota", (step, kind, told_secret))
    assert main(["unified-quota", "--to", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    place = "unified-quota, interaction 1, answer, body"
    assert f"the recording is not clean, and was not kept: {place}" in told
    assert "a token" in told
    assert secret not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.network
def test_nothing_unscrubbed_reaches_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is scrubbed and scanned, no file is written but the videos that the client saves."""
    written: list[str] = []
    watching = True

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            written.append(str(arguments[0]))

    def refuse(*_: Any) -> None:
        raise Unclean("not this one")

    sys.addaudithook(hear)
    monkeypatch.setattr(Scrubber, "scrub", refuse)
    assert main(["unified-success", "--to", str(tmp_path)]) == 1
    watching = False
    assert "unified-success: it cannot be scrubbed: not this one" in capsys.readouterr().err
    ours = [name for name in written if "chainhub-sandbox-" not in name and not name.isdigit()]
    assert ours
    assert [name for name in ours if "video.mp4" not in name] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.network
def test_the_folder_that_cannot_be_written_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in place of the folder is told in one line, with exit status 2."""
    (tmp_path / "file").write_text("")
    assert main([NAME, "--to", str(tmp_path / "file")]) == 2
    assert "file cannot be written" in capsys.readouterr().err


def test_compressed_answers_are_recorded_as_they_read() -> None:
    """What came compressed is kept readable, since nothing could be scrubbed otherwise."""
    document = b'{"id": "grok:1"}'
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = httpx.Response(200, headers=headers, content=gzip.compress(document))
    transport = httpx.MockTransport(lambda _: answer)
    with capturing() as said, httpx.Client(transport=transport) as http:
        assert http.get("https://gateway.invalid/").json() == {"id": "grok:1"}
    assert [each.answer.body for each in said] == [document]
    (kept,) = Scrubber("https://gateway.invalid", "https://gateway.invalid", ()).scrub(said)
    assert "content-encoding" not in kept.answer.headers


def test_the_command_lists_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`scripts/record --list`, as it is run in a shell: each scenario, its price, and what is recorded of it."""
    command = [str(ROOT / "scripts" / "record"), "--list"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    rows = {line.split()[0]: line for line in ran.stdout.splitlines()[1:]}
    assert sorted(rows) == sorted(SCENARIOS)
    for name, row in rows.items():
        cassette = read(CASSETTES / f"{name}.yaml")
        head, count = cassette.head, len(cassette.interactions)
        assert f"{head['source']}, {head['at'][:10]}, {head['server']} " in row
        assert f" {count}  {SCENARIOS[name].does}" in row
    (tmp_path / f"{NAME}.yaml").write_text("recorded: 1")
    assert main(["--list", "--to", str(tmp_path)]) == 0
    told = {line.split()[0]: line.split()[3] for line in capsys.readouterr().out.splitlines()[1:]}
    assert told == {**dict.fromkeys(SCENARIOS, "-"), NAME: "unreadable"}
