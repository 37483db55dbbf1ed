"""What the command tells besides deviations, and what it keeps to itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .broken import CONTENT, CREATE, FORMED, QUERY, TASK, asked, created
from .project import Project
from .taping import GATEWAY, said


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Somebody else's project, with the document in it."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def test_operations_never_recorded_are_gaps(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody may use one format only; with --complete, a gap is a failure."""
    assert project.contract(asked(TASK)) == 0
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.startswith("gap: ")] == [
        f"gap: no cassette is about {name}"
        for name in (
            FORMED,
            CREATE,
            "retrieveVideo (GET /v1/videos/{id})",
            CONTENT,
        )
    ]
    assert project.contract(asked(TASK), options=("--complete",)) == 1


def test_quiet_leaves_only_what_needs_doing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deviations and gaps stay, notes and the table go."""
    assert project.contract(created(size=None), options=("--quiet",)) == 1
    told = capsys.readouterr().out.splitlines()
    starts = [
        "tapes/tape.yaml#1",
        "    seen",
        *["gap"] * 4,
        "1 cassette, 1 interaction held against openapi.yaml",
    ]
    assert [line.partition(":")[0] for line in told] == starts


def test_what_no_promise_forbids_is_noted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Little is promised of answers, so new fields, states and kinds of values are notes, and fail nothing."""
    found = project.contract(
        asked({"id": "grok:1", "status": "dreaming", "created_at": 1762336916, "dreams": [1]}),
        asked({"id": "grok:1", "status": "Completed", "created_at": "2026-01-01", "dreams": [1]}),
        asked({"id": "grok:1", "status": "dreaming", "created_at": None}),
        said("GET", "/v1/videos/v/content", answer=b"<html>", kind="video/mp4"),
        asked(b"", status=504, kind="text/html"),
    )
    assert found == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    schema, first = "#/components/schemas/QueryUnifiedVideoResponse", "tapes/tape.yaml#1"
    dreams = f"{first}, answer 200, tapes/tape.yaml#2, answer 200"
    states = f"{first}, answer 200, tapes/tape.yaml#3, answer 200"
    kinds = f"a whole number in {first}; text in tapes/tape.yaml#2"
    assert notes[:-1] == [
        "note: tapes/tape.yaml#4, answer 200: 6 bytes of video/mp4 that do not begin as MP4 does",
        f"note: {QUERY}: an answer 504 without a body",
        f"note: #/components/schemas/TaskStatus/description does not name the state 'dreaming': {states}",
        f"note: {schema} does not know the field dreams (a list): {dreams}",
        f"note: {schema}/properties/created_at has no type, and came as {kinds}",
    ]
    assert notes[-1].startswith(
        f"note: {schema}: never recorded: status_update_time, completed_at, model, "
    )


def test_nothing_secret_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, signatures of links and pictures that a recording still holds do not get into the report."""
    assert project.contract(
        created(
            images="data:image/png;base64,SECRETSECRET",
            size=["https://e.com/a.png?signature=SECRET"],
            api_key="SECRET",
            prompt={"token": "SECRET"},
            note="Bearer SECRET and sk-SECRET",
        ),
        options=("--json",),
    ) == 1  # fmt: skip
    told = capsys.readouterr().out
    assert "SECRET" not in told
    assert "https://e.com/a.png?" in told


def test_machines_get_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The same findings as one JSON document."""
    assert project.contract(created(size=None), created(size=None), options=("--json",)) == 1
    found = json.loads(capsys.readouterr().out)
    (deviation,) = found["deviations"]
    assert deviation["where"] == ["tapes/tape.yaml#1", "tapes/tape.yaml#2"]
    assert (deviation["operation"], deviation["side"], deviation["field"]) == (
        CREATE,
        "request",
        "size",
    )
    assert deviation["promise"] == "#/components/schemas/CreateUnifiedVideoRequest/required"
    assert found["recorded"][CREATE] == {"200": 2}
    assert len(found["gaps"]) == 4
    assert found["outside"] == {}
    assert GATEWAY not in json.dumps(found)
