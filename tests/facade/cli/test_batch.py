"""`chainhub-video batch`: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub

from tests.support.colours import POLL
from tests.support.places import ROOT

from .command import Command, Ended
from .conftest import interrupted

TABLE = """prompt,model,aspect_ratio,name
A kitten is eating fish,grok-video-3,3:2,kitten
"A fox, jumping",grok-video-3,1:1,
A crab at the beach,grok-video-3,2:3,crab
"""
Batch = Callable[..., Ended]
RUN = ("run", "rows.csv", "--out", "videos")


@pytest.fixture
def batch(command: Command) -> Batch:
    """Run `batch` in this process, in a folder with a table."""
    Path("rows.csv").write_text(TABLE)
    return lambda *arguments: command("batch", *arguments)


def test_a_table_becomes_videos(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """A line for each row on standard error, a summary on standard output, exit status 0; again, nothing is sent."""
    status, told, said = batch(*RUN)
    assert status == 0, said
    assert len(said) == 3
    assert {line.split()[0] for line in said} == {"[1/3]", "[2/3]", "[3/3]"}
    assert any(
        re.fullmatch(r"\[\d/3\] saved kitten\.mp4 \(\d+ kB, [\d.]+ s\)", line) for line in said
    )
    assert told[0] == "3 rows: 3 saved"
    assert told[1].startswith("3 creates paid for, ")
    assert sorted(path.stem for path in Path("videos").glob("*.mp4"))[1:] == ["crab", "kitten"]
    status, told, said = batch(*RUN)
    assert (status, told[0], said) == (0, "3 rows: 3 there already", [])
    assert chainhub_sandbox.paid == 3


def test_a_dry_run_costs_nothing(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """It lists what would be sent, and how many creates that would be; nothing is sent or written."""
    status, told, said = batch(*RUN, "--dry-run")
    assert (status, told[0]) == (0, "3 rows: 3 to be made")
    assert told[1].startswith("3 creates would be paid for")
    assert said[0] == "line 2: new        kitten (grok-video-3, 720P, 3:2)"
    assert chainhub_sandbox.requests == []
    assert not Path("videos").exists()


def test_an_invalid_manifest_ends_with_2(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """Each problem has a line of its own, the last one says what to do; nothing is sent."""
    Path("rows.csv").write_text(TABLE + "a,grok-video-3,9:9,\nb,grok-video-3,1:1,Kitten\n")
    status, told, said = batch(*RUN)
    assert (status, told, len(said)) == (2, [], 3)
    assert said[0].startswith("line 5, column aspect_ratio: aspect_ratio is '9:9'")
    assert said[1].startswith("line 6, column name: line 2 has the name 'kitten'")
    assert said[2].startswith(
        "chainhub-video: 2 rows of 'rows.csv' cannot be made, and nothing was sent"
    )
    assert chainhub_sandbox.requests == []
    status, told, _ = batch(*RUN, "--skip-invalid")
    assert (status, told[0]) == (1, "5 rows: 3 saved, 2 invalid")
    assert batch("run", "none.csv", "--out", "videos")[0] == 2
    assert batch(*RUN, "--concurrency", "0")[0] == 2


def test_events_are_lines_of_json(batch: Batch) -> None:
    """With `--json` there is one object a line: the batch begins and finishes, each row starts, changes and ends."""
    status, told, said = batch(*RUN, "--json")
    events = [json.loads(line) for line in told]
    assert (status, said) == (0, [])
    assert [events[0]["event"], events[-1]["event"]] == ["begin", "finish"]
    kinds = [event["event"] for event in events if event.get("row") == 1]
    assert (kinds[0], {*kinds[1:-1]}, kinds[-1]) == ("start", {"update"}, "end")
    assert events[-1]["report"]["saved"] == 3
    saved = [event for event in events if event.get("outcome") == "saved"]
    assert sorted(event["row"] for event in saved) == [1, 2, 3]
    assert all(Path(event["path"]).is_file() for event in saved)
    told_of_each = {"where", "name", "size", "sha256", "task_id", "seconds"}
    assert all(told_of_each < event.keys() for event in saved)


def test_uncertain_creates_end_with_3(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """A create of unknown outcome is told, by the run and by `batch status`, until it is released."""
    chainhub_sandbox.fault("create", "close", moment="read", times=1)
    status, told, said = batch(*RUN, "--concurrency", "1")
    assert (status, told[0]) == (3, "3 rows: 2 saved, 1 uncertain")
    assert "1 x SubmissionUncertain" in told
    assert any("uncertain kitten: the create was sent" in line for line in said)
    status, told, _ = batch("status", "videos")
    assert status == 3
    assert told[-1] == "3 receipts: 2 saved, 1 uncertain"
    assert batch(*RUN, "--resubmit-uncertain")[0] == 0
    assert chainhub_sandbox.paid == 3


def test_failures_end_with_1_and_can_be_retried(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """The summary counts them by reason, `batch status` names them, and `--retry-failed` pays for another attempt."""
    chainhub_sandbox.fault("query", "state", word="failed", times=1)
    status, told, _ = batch(*RUN, "--concurrency", "1")
    assert (status, told[0]) == (1, "3 rows: 2 saved, 1 failed")
    assert any(line.startswith("1 x TaskFailed: ") for line in told)
    status, told, _ = batch("status", "videos", "--json")
    states = [json.loads(line) for line in told]
    assert status == 1
    assert [each["state"] for each in states[:-1]].count("failed") == 1
    assert states[-1] == {"counts": {"saved": 2, "failed": 1}}
    assert batch(*RUN, "--retry-failed")[0] == 0
    assert chainhub_sandbox.paid == 4


def test_rows_that_still_run_end_with_4(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """If nothing else is wrong, the run and `batch status` say so; the same command goes on, and pays nothing more."""
    status, told, _ = batch(*RUN, "--timeout", "0")
    assert (status, told[0]) == (4, "3 rows: 3 still running")
    assert batch("status", "videos")[0] == 4
    assert batch(*RUN)[0] == batch("status", "videos")[0] == 0
    assert chainhub_sandbox.paid == 3


def test_brakes_are_told(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """What stops a batch stands in the summary, and the exit status is 1."""
    status, told, said = batch(*RUN, "--max-creates", "1")
    assert (status, told[0]) == (1, "3 rows: 1 saved, 2 not started")
    assert told[-1] == "stopped: --max-creates is 1, and so many were paid for"
    assert "no further row is started: --max-creates is 1, and so many were paid for" in said
    assert chainhub_sandbox.paid == 1


def test_status_reads_receipts_alone(batch: Batch, chainhub_sandbox: Sandbox) -> None:
    """It sends nothing; a video that has gone is missing, a torn receipt is told, and an empty folder is a mistake."""
    assert batch(*RUN)[0] == 0
    asked = len(chainhub_sandbox.requests)
    Path("videos/crab.mp4").unlink()
    Path("videos/owl.mp4.task.json").write_text("{")
    status, told, _ = batch("status", "videos")
    assert status == 1
    assert told[-1] == "4 receipts: 2 saved, 1 missing, 1 unreadable"
    assert "is torn or was edited" in next(line for line in told if line.startswith("unreadable"))
    Path("empty").mkdir()
    assert batch("status", "empty")[0] == batch("status", "none")[0] == 2
    assert len(chainhub_sandbox.requests) == asked


def _console(page: str) -> list[str]:
    """Return what a page shows of a terminal."""
    block = re.search(
        r"^```console\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert block is not None, page
    return block[1].splitlines()


def _without_numbers(lines: list[str]) -> list[str]:
    """Return lines in an order of their own, with sizes and times left out: they differ from run to run."""
    plain = (re.sub(r"(\d+ min )?[\d.]+ (kB|MB|s\b)|\[\d/5\]", "", line) for line in lines)
    return sorted(re.sub(r"\s+", " ", line) for line in plain)


def test_the_pages_show_what_is_printed(batch: Batch) -> None:
    """The commands of docs/batch.md print what it shows, sizes and times aside; README.md shows the same."""
    shutil.copytree(ROOT / "examples", "examples")
    shown = _console("docs/batch.md")
    assert "\n".join(shown).startswith("\n".join(_console("README.md")))
    assert max(map(len, shown)) <= 80
    parts = "\n".join(shown).split("$ chainhub-video batch ")[1:]
    assert len(parts) == 3
    for part in parts:
        arguments, *expected = part.splitlines()
        status, told, said = batch(*shlex.split(arguments))
        assert status == 0
        assert _without_numbers(told + said) == _without_numbers(expected), arguments


def test_ctrl_c_finishes_what_runs_and_starts_nothing_more(
    sandbox: Sandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    """The row that runs is saved, the exit status is 130, and the same command makes the rest."""
    (tmp_path / "rows.csv").write_text(TABLE)
    before, arrived = sandbox.paid, sum(each.step == "create" for each in sandbox.requests)
    told, said = interrupted(
        ["batch", *RUN, "--concurrency", "1"], environment, tmp_path, sandbox, "create", arrived + 1
    )
    assert told.startswith("3 rows: 1 saved, 2 not started\n")
    assert "no further row is started; Ctrl-C again stops those that run" in "\n".join(said)
    assert said[-1] == "chainhub-video: interrupted; run the same command again to go on"
    with ChainHub(base_url=sandbox.url, api_key="sandbox", poll=POLL) as hub:
        report = hub.batch.run(tmp_path / "rows.csv", tmp_path / "videos")
    assert (report.present, report.saved, sandbox.paid - before) == (1, 2, 3)
