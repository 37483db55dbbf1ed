"""Recordings held against the document: ours all hold, and what does not is told in one clear line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from cassettes.cassette import read as read_cassette
from cassettes.contract_command import main
from cassettes.document import Document
from cassettes.judge import hold_against

from tests.support.places import CASSETTES, ROOT

from .broken import BROKEN, CREATE, TASK, Told, asked, created
from .project import SPEC, Project, deviations
from .taping import FORM, UNIFIED, form, said, tape

OURS = sorted(path.relative_to(ROOT) for path in CASSETTES.glob("*.yaml"))


@cache
def document() -> Document:
    """The document of the repository."""
    return Document.load(Path("openapi/openapi.yaml"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Somebody else's project, with the document in it."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_cassettes_keep_every_promise(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was recorded deviates from the document, in either direction."""
    monkeypatch.chdir(ROOT)
    found = hold_against(document(), [read_cassette(path)])
    assert not found.deviations, "\n".join(map(str, found.deviations))


def test_every_operation_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says so by its exit code, also when asked for completeness."""
    assert main(["--complete"]) == 0
    told = capsys.readouterr().out
    assert "error:" not in told
    assert "never recorded\n" not in told
    assert told.splitlines()[-1].startswith(f"{len(OURS)} cassettes, ")
    assert ": 0 deviations, 0 gaps, " in told.splitlines()[-1]


def test_a_recording_of_anybody_is_understood(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain vcrpy, YAML and JSON, subfolders, any address, a path in front of it, compressed answers, other hosts."""
    body, kind = form(FORM)
    mine = "http://proxy.local:8080/gateway/ai"
    answer = {"id": "video_1", "status": "queued"}
    tape(
        project.place / "tapes/deep/er/mine.yml",
        said("GET", "https://pictures.example.com/kitten.png", answer=b"png", kind="image/png"),
        said("POST", f"{mine}/v1/videos", body, answer, sent_kind=kind, zipped=True),
        said("GET", f"{mine}/v1/videos/sora-2%3Atask_1", answer=answer, zipped=True),
        said(
            "GET", f"{mine}/v1/videos/video_1/content", answer=b"\0\0\0\x18ftyp", kind="video/mp4"
        ),
        said("GET", "https://cdn.example.com/v1/videos/odd", answer=b"mp4", kind="video/mp4"),
    )
    tape(
        project.place / "tapes/other.json",
        said("POST", "/v1/video/create", UNIFIED, TASK),
        said(
            "GET",
            "/v1/video/query?id=grok%3A1",
            answer=TASK,
            kind="Application/JSON; charset=utf-8",
        ),
    )
    assert project.contract(options=("--complete",)) == 0, capsys.readouterr()
    told = capsys.readouterr().out
    assert deviations(told) == []
    assert (
        "2 cassettes, 5 interactions held against openapi.yaml; 1 to https://pictures.example.com are outside of it; "
        "1 to https://cdn.example.com are outside of it: 0 deviations, 0 gaps, "
    ) in told


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_told(
    name: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each says where, operation, direction, field, what is wrong, and the promise with its line."""
    interaction, *expected = BROKEN[name]
    assert project.contract(interaction) == 1
    lines = [line.strip() for line in Path(SPEC).read_text().splitlines()]
    found = []
    for told in deviations(capsys.readouterr().out):
        if not told.startswith("    "):
            before, _, after = told.partition(f" ({SPEC}:")
            number, _, demand = after.partition(") ")
            what, _, pointer = before.removeprefix("tapes/tape.yaml#1: error: ").rpartition("; ")
            found.append(Told(what, pointer, lines[int(number) - 1], demand))
    assert found == expected


def test_a_deviation_ends_with_the_next_step(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to do depends on who broke the promise: the client or the service."""
    assert project.contract(created(size=None), asked({"status": 3})) == 1
    steps = [line.partition(" Next: ")[2] for line in capsys.readouterr().out.splitlines()]
    assert [step for step in steps if step] == [
        "if the document is right, send it so and record again; if not, correct the document.",
        "if the service answers so now, correct the document; if it does not, record again.",
    ]


PLACES = ("0.yaml#2", "1.yaml#1", "1.yaml#2", "2.yaml#1", "2.yaml#2")


def test_what_one_change_settles_is_told_once(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same broken promise in other interactions and cassettes is one line with their places."""
    for number in range(8):
        tape(
            project.place / f"tapes/{number}.yaml",
            created(size=None),
            created(size=None, prompt=str(number)),
        )
    assert project.contract() == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" error: ")[0] for line in told if "error:" in line] == [
        "tapes/0.yaml#1:"
    ]
    assert told[1:3] == [
        "    seen: {model, prompt, aspect_ratio, images}",
        "    also in " + ", ".join(f"tapes/{at}" for at in PLACES) + " and 10 more",
    ]


def test_a_path_that_the_document_does_not_know_is_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path or method at the gateway that is not documented, with the operation that looks most like it."""
    found = project.contract(
        asked(TASK),
        said("POST", "/v1/video/creates", UNIFIED, TASK),
        said("DELETE", "/v1/videos/video_1", answer=b"", status=404),
    )
    assert found == 1
    paths, what = "#/paths (openapi.yaml:6)", "the operation is not documented"
    one = f"POST /v1/video/creates, request, answered 200: {what}; {paths} knows {CREATE} beside it"
    two = f"DELETE /v1/videos/video_1, request, answered 404: {what}; {paths} does not list it"
    assert deviations(capsys.readouterr().out) == [
        f"tapes/tape.yaml#2: error: {one}",
        f"tapes/tape.yaml#3: error: {two}",
    ]


def test_a_gateway_that_nothing_is_known_of_is_not_passed_over(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no request is documented, the first host is taken for the gateway, lest a moved path be missed."""
    assert project.contract(said("POST", "https://x.example/v9/make", UNIFIED, TASK)) == 1
    assert deviations(capsys.readouterr().out)[0].startswith(
        "tapes/tape.yaml#1: error: POST /v9/make, request"
    )
