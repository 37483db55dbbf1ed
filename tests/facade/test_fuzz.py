"""Whatever comes from outside, every reader ends in a sound value or in an error that it documents, and soon."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from chainhub_video import InvalidRequest, UnexpectedResponse, VideoTask
from chainhub_video.images.pictures import open_picture
from chainhub_video.io import Reply
from chainhub_video.wire.failures import error_for, load_json, read_success
from fuzzing.targets import TARGETS, Target
from fuzzing.throwing import LIMIT, Tally, throw

from tests.support.places import ROOT

CASES = 60


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_hostile_gets_through(name: str) -> None:
    """Random and extreme material raises nothing undocumented and breaks no promise; some is taken, some refused."""
    tally = Tally()
    throw(TARGETS[name], tally, seed=20261121, cases=CASES)
    assert tally.cases >= CASES
    assert tally.slowest < LIMIT
    if TARGETS[name].refusals:
        assert 0 < sum(tally.refused.values()) < tally.cases


def test_a_mistake_would_be_found() -> None:
    """The harness itself sees an undocumented exception, here that of a reader that trusts its input."""

    def trusting(body: bytes) -> None:
        json.loads(body)

    with pytest.raises((RecursionError, ValueError, ExceptionGroup)):
        throw(Target(trusting, TARGETS["refusal"].thrown[2:]), Tally(), seed=1, cases=CASES)


@pytest.mark.parametrize("levels", [100, 101, 900, 100_000])
def test_depth_has_a_limit(levels: int) -> None:
    """An answer is read to 100 levels, and one that the interpreter cannot read is refused in words."""
    body = b'{"a":' * levels + b"1" + b"}" * levels
    if levels > 1000:
        with pytest.raises(UnexpectedResponse, match="nested too deeply"):
            read_success(Reply(200, {}, body))
        with pytest.raises(ValueError, match="nested too deeply"):
            load_json(body)
    else:
        answer = read_success(Reply(200, {}, body))
        assert json.dumps(answer).count("{") == min(levels, 101)


def test_a_foreign_code_cannot_flood_or_break_the_message() -> None:
    """A code, a message and a request id of any length and shape still end in one readable line."""
    endless = "x\r\n\x1b[31m" * 100_000
    error = error_for(
        Reply(
            400,
            {"x-oneapi-request-id": endless},
            json.dumps({"error": {"code": endless, "message": endless}}).encode(),
        )
    )
    assert str(error).isprintable()
    assert len(str(error)) < 700
    assert error.code == endless.strip()
    assert len(error.body) <= 4000


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": None},
        {"id": 7},
        {"status": "unheard of"},
        {"progress": 1.5},
        {"progress": "x"},
        {"progress": True},
        {"created_at": "2026-11-21T10:00:00"},
        {"created_at": 1763719200},
        {"video_url": "file:///etc/passwd"},
        {"raw": []},
        {"a_field_of_tomorrow": 1},
    ],
)
def test_a_tampered_task_is_refused(changes: dict[str, object]) -> None:
    """JSON that no `to_json` wrote is not taken for a task: each field is checked, not only the names."""
    fields = json.loads(VideoTask(id="video_1", format="openai", progress=0.5).to_json())
    with pytest.raises(ValueError, match="not the JSON of a video task"):
        VideoTask.from_json(json.dumps({**fields, **changes}))


def test_a_picture_without_end_is_not_swallowed() -> None:
    """A stream that never ends is refused after its first bytes if those are no picture's."""

    class Endless:
        taken = 0

        def read(self, size: int) -> bytes:
            self.taken += size
            return b"\x00" * size

    endless = Endless()
    with pytest.raises(InvalidRequest, match="not a picture"):
        open_picture(endless)  # type: ignore[arg-type]  # it has all that is used of a file
    assert endless.taken < 1_000_000


def test_the_long_run_starts_tells_its_seed_and_counts() -> None:
    """`scripts/fuzz` runs for as long as it is told, and reports cases, refusals and the slowest case."""
    run = subprocess.run(
        [sys.executable, "-m", "fuzzing", "--seconds", "0.01", "--seed", "42", "--batch", "20"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "seed 42" in run.stdout
    assert "0 findings" in run.stdout
    for name in TARGETS:
        assert f"\n{name}" in run.stdout
    assert "slowest" in run.stdout
