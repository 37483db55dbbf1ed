"""Recordings held against a document: what breaks a promise, or cannot be read, is told in one clear line."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cassettes.cassette import Cassette, interaction, read_all
from cassettes.contract_command import main
from cassettes.document import Document
from cassettes.findings import Findings
from cassettes.judge import hold_against
from pipeline.report import PipelineError

from .broken import BROKEN, TASK, asked, created
from .taping import FORM, GATEWAY, UNIFIED, Said, form, said, tape

HERE = Path(__file__).parent
SMALL = HERE / "small.yaml"
SPEC = "openapi.yaml"
CREATE = "createUnifiedVideo (POST /v1/video/create)"
QUERY = "queryUnifiedVideo (GET /v1/video/query)"


@cache
def document() -> Document:
    """A document of five operations."""
    return Document.load(SMALL)


def held(*interactions: Said) -> Findings:
    """What comes of holding interactions against the document."""
    made = [interaction(request._to_dict(), response) for request, response in interactions]
    return hold_against(document(), [Cassette({}, made, "tape")])


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the document in it, where the command runs."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SMALL, SPEC)
    return tmp_path


def contract(*interactions: Said, options: tuple[str, ...] = ()) -> int:
    """Run the command on what lies in `tapes`, where the interactions are written first; returns its exit code."""
    if interactions:
        tape(Path("tapes/tape.yaml"), *interactions)
    return main(["--cassettes", "tapes", "--spec", SPEC, *options])


def test_a_recording_of_anybody_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """Plain vcrpy, YAML and JSON, subfolders, any address, a path in front of it, compressed answers, other hosts."""
    body, kind = form(FORM)
    mine = "http://proxy.local:8080/gateway/ai"
    answer = {"id": "video_1", "status": "queued"}
    film: dict[str, Any] = {"answer": b"\0\0\0\x18ftyp", "kind": "video/mp4"}
    tape(
        Path("tapes/deep/er/mine.yml"),
        said("GET", "https://pictures.example.com/kitten.png", answer=b"png", kind="image/png"),
        said("POST", f"{mine}/v1/videos", body, answer, sent_kind=kind, zipped=True),
        said("GET", f"{mine}/v1/videos/sora-2%3Atask_1", answer=answer, zipped=True),
        said("GET", f"{mine}/v1/videos/video_1/content", **film),
        said("GET", "https://cdn.example.com/v1/videos/odd", **film),
    )
    told = "Application/JSON; charset=utf-8"
    tape(
        Path("tapes/other.json"),
        said("POST", "/v1/video/create", UNIFIED, TASK),
        said("GET", "/v1/video/query?id=grok%3A1", answer=TASK, kind=told),
    )
    assert contract(options=("--complete",)) == 0, capsys.readouterr()
    assert (
        "2 cassettes, 5 interactions held against openapi.yaml; 1 to https://pictures.example.com are outside of it; "
        "1 to https://cdn.example.com are outside of it: 0 deviations, 0 gaps, "
    ) in capsys.readouterr().out


def test_other_ways_to_record_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """What older versions of vcrpy wrote of httpx, of files and of iterators holds as well."""
    Path("tapes").mkdir()
    shutil.copy(HERE / "old.yaml", "tapes")
    assert contract() == 1
    assert capsys.readouterr().out.count("is missing; ") == 5


def test_a_broken_promise_is_told() -> None:
    """Each way to break one is told with operation, direction, field, what is wrong, and the promise with its line."""
    lines = [line.strip() for line in SMALL.read_text().splitlines()]
    told = "# What is told of each broken promise\n"
    for name, exchange in BROKEN.items():
        told += f"\n## {name}\n\n"
        for each in held(exchange).deviations:
            where, broken = f"{each.operation}, {each.side}", each.broken
            promise = f"{each.promise.pointer} [{lines[each.promise.place.line - 1]}]"
            told += f"{where}: {broken.field} {broken.what}; {promise} {broken.demand}\n"
    assert told == (HERE / "broken.txt").read_text()


def test_a_deviation_is_one_line_that_ends_with_the_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What to do depends on who broke the promise; the same cause elsewhere is told with it, and notes only aloud."""
    for number in range(8):
        short = created(size=None), created(size=None, prompt=str(number))
        tape(Path(f"tapes/{number}.yaml"), *short, asked({"status": 3}))
    assert contract(options=("--quiet",)) == 1
    told = capsys.readouterr().out.splitlines()
    required = "#/components/schemas/CreateUnifiedVideoRequest/required (openapi.yaml:223)"
    first, seen, also, second = told[:4]
    assert first == (
        f"tapes/0.yaml#1: error: {CREATE}, request: size is missing; {required} demands it. Next: "
        "if the document is right, send it so and record again; if not, correct the document."
    )
    assert seen == "    seen: {model, prompt, aspect_ratio, images}"
    places = ("0.yaml#2", "1.yaml#1", "1.yaml#2", "2.yaml#1", "2.yaml#2")
    assert also == "    also in " + ", ".join(f"tapes/{at}" for at in places) + " and 10 more"
    assert second.endswith(
        "Next: if the service answers so now, correct the document; if it does not, record again."
    )
    gaps = [line.partition(" ")[0] for line in told if line.startswith(("gap", "note"))]
    assert gaps == ["gap:"] * 3
    assert told[-1].startswith("8 cassettes, 24 interactions held against openapi.yaml: 2 dev")


def test_a_path_that_the_document_does_not_know_is_told() -> None:
    """A path or method at the gateway that is not documented, with the operation that looks most like it."""
    found = held(
        asked(TASK),
        said("POST", "/v1/video/creates", UNIFIED, TASK),
        said("DELETE", "/v1/videos/video_1", answer=b"", status=404),
    )
    first, second = (str(each).partition(". Next")[0] for each in found.deviations)
    what = f"the operation is not documented; #/paths ({SMALL}:6)"
    asked_for = "tape#2: error: POST /v1/video/creates, request, answered 200"
    assert first == f"{asked_for}: {what} knows {CREATE} beside it"
    deleted = "tape#3: error: DELETE /v1/videos/video_1, request, answered 404"
    assert second == f"{deleted}: {what} does not list it"
    # Where no request is documented, the first host is taken for the gateway, lest a moved path be missed.
    (alone,) = held(said("POST", "https://x.example/v9/make", UNIFIED, TASK)).deviations
    assert str(alone).startswith("tape#1: error: POST /v9/make, request")


def test_operations_never_recorded_are_gaps() -> None:
    """Somebody may use one format only; with --complete, a gap is a failure."""
    names = (
        "createVideo (POST /v1/videos)",
        CREATE,
        "retrieveVideo (GET /v1/videos/{id})",
        "downloadVideo (GET /v1/videos/{id}/content)",
    )
    assert held(asked(TASK)).gaps == [f"no cassette is about {name}" for name in names]
    assert contract(asked(TASK)) == 0
    assert contract(asked(TASK), options=("--complete",)) == 1


def test_what_no_promise_forbids_is_noted() -> None:
    """Little is promised of answers, so new fields, states and kinds of values are notes, and fail nothing."""
    found = held(
        asked({"id": "grok:1", "status": "dreaming", "created_at": 1762336916, "dreams": [1]}),
        asked({"id": "grok:1", "status": "Completed", "created_at": "2026-01-01", "dreams": [1]}),
        asked({"id": "grok:1", "status": "dreaming", "created_at": None}),
        said("GET", "/v1/videos/v/content", answer=b"<html>", kind="video/mp4"),
        asked(b"", status=504, kind="text/html"),
    )
    assert found.deviations == []
    schema, states = (
        "#/components/schemas/QueryUnifiedVideoResponse",
        "#/components/schemas/TaskStatus",
    )
    assert found.notes[:-1] == [
        "tape#4, answer 200: 6 bytes of video/mp4 that do not begin as MP4 does",
        f"{QUERY}: an answer 504 without a body",
        f"{states}/description does not name the state 'dreaming': tape#1, answer 200, tape#3, answer 200",
        f"{schema} does not know the field dreams (a list): tape#1, answer 200, tape#2, answer 200",
        f"{schema}/properties/created_at has no type, and came as a whole number in tape#1; text in tape#2",
    ]
    missing = "never recorded: status_update_time, completed_at, model, "
    assert found.notes[-1].startswith(f"{schema}: {missing}")
    assert f"\nnote: {schema}: {missing}" in found.as_text()


def test_nothing_secret_is_told() -> None:
    """Keys, signatures of links and pictures that a recording still holds do not get into the report."""
    found = held(
        created(
            images="data:image/png;base64,SECRETSECRET",
            size=["https://e.com/a.png?signature=SECRET"],
            api_key="SECRET",
            prompt={"token": "SECRET"},
            note="Bearer SECRET and sk-SECRET",
        )
    )
    assert len(found.deviations) == 5
    assert "SECRET" not in found.as_json() + found.as_text()
    assert "https://e.com/a.png?" in found.as_json()


def test_machines_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same findings as one JSON document."""
    assert contract(created(size=None), created(size=None), options=("--json",)) == 1
    told = capsys.readouterr().out
    found = json.loads(told)
    (deviation,) = found["deviations"]
    assert deviation["where"] == ["tapes/tape.yaml#1", "tapes/tape.yaml#2"]
    names = [deviation[name] for name in ("operation", "side", "field")]
    assert names == [CREATE, "request", "size"]
    assert deviation["promise"] == "#/components/schemas/CreateUnifiedVideoRequest/required"
    assert found["recorded"][CREATE] == {"200": 2}
    assert len(found["gaps"]) == 4
    assert found["outside"] == {}
    assert GATEWAY not in told


SOME = {"X-Project": "p", "X-Key": "***"}


def test_documents_of_others_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """Forms, alternatives, closed objects, required headers, other keys: in 3.0 and 3.1, told as in strange.txt."""
    body, kind = form({"count": "3", "more": "x"}, {})
    fields = "application/x-www-form-urlencoded"
    text: dict[str, Any] = {"sent_kind": fields, "headers": SOME, "kind": "text/plain"}
    picture: dict[str, Any] = {"sent_kind": kind, "headers": {"X-Key": "*"}, "kind": "image/png"}
    keyed = {"Authorization": "x"}
    for version in ("3.0.3", "3.1.0"):
        Path(SPEC).write_text((HERE / "strange.yaml").read_text().replace("3.0.3", version))
        found = contract(
            said("POST", "/make/7", b"count=3&flag=true&tags=a&tags=b", b"ok", **text),
            said("POST", "/make/7", b"count=4&flag=yes&tags=a&tags=c&more=1", b"long", **text),
            said("POST", "/make/it", body, b"\0", **picture),
            said("POST", "/make/7", {"short": "x"}, "ok", headers=SOME | keyed),
            said("POST", "/make/7", {"long": "x"}, "ok", headers={"X-Project": "p"} | keyed),
        )
        assert found == 1
        assert capsys.readouterr().out == (HERE / "strange.txt").read_text()


INFO = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n"
UNREADABLE = {
    "openapi: [\n": ":2: error: ",
    "swagger: '2.0'\npaths: {}\n": ":1: error: OpenAPI version '2.0' is neither",
    "hello: there\n": ":1: error: it does not say `openapi`. Next: ",
    "- 1\n": ":1: error: ",
    "": ": error: the file is empty",
    f"{INFO}paths: {{}}\n": ":3: error: the document has no paths. Next: ",
    "openapi: 3.1.0\ninfo: 7\npaths: a\n": ":3: error: the document has no paths",
    f"{INFO}paths:\n  /a:\n    $ref: '#/no'\n": ":5: error: the reference #/no leads nowhere. Next: ",
    f"{INFO}paths:\n  /a:\n    $ref: other.yaml\n": ":5: error: the reference other.yaml leads to another file",
    f"{INFO}paths:\n  /a: {{get: {{operationId: 7, responses: {{}}}}}}\n": ":4: error: not OpenAPI: ",
}


def test_a_document_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """One line with the place, what is wrong, and the next step; exit code 2."""
    for text, message in UNREADABLE.items():
        Path(SPEC).write_text(text)
        assert contract(asked(TASK)) == 2, text
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith(SPEC + message)
        assert ". Next: " in told.err


ASKED = '{"interactions": [{"request": {"method": "GET", "uri": '
NO_CASSETTE = {
    "readme.md": ("hello", "tapes: error: no cassette (*.yaml, *.yml, *.json) in it"),
    "deep/a.yaml": ("a: 1\n", "tapes/deep/a.yaml: error: no cassette: it has no list of "),
    "old.yml": ("- request: {}\n", "tapes/old.yml: error: a cassette of vcrpy before 1.0"),
    "broken.yaml": ("a: [\n", "tapes/broken.yaml: error: cannot be read: while parsing a flow node"),
    "broken.json": ("{", "tapes/broken.json: error: cannot be read: Expecting property name"),
    "bytes.yaml": ("\udcff\udcfe", "tapes/bytes.yaml: error: cannot be read: "),
    "code.yaml": ("!!python/object/apply:os.system [exit 1]\n", "tapes/code.yaml: error: cannot be read: "),
    "half.json": (f'{ASKED}"http://a/"}}}}]}}', "tapes/half.json: error: interaction 1 cannot be read: KeyError('resp"),
    "lost.json": (f'{ASKED}"/a"}}, "response": {{}}}}]}}',
                  "tapes/lost.json: error: interaction 1 cannot be read: ValueError(\"the address '/a' has no host"),
    "seven.json": ('{"interactions": [7]}', "tapes/seven.json: error: interaction 1 cannot be read: "),
}  # fmt: skip


def test_what_is_no_cassette_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each with the file, what is wrong, and the next step; exit code 2, and no code is run."""
    for name, (content, message) in NO_CASSETTE.items():
        path = Path("tapes", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(PipelineError) as caught:
            read_all(Path("tapes"))
        assert str(caught.value).startswith(message)
        assert ". Next: " in str(caught.value)
        assert "\n" not in str(caught.value)
        if name != "readme.md":
            path.unlink()
    with pytest.raises(PipelineError, match=r"^other: error: there is no such folder\. Next: "):
        read_all(Path("other"))
    for name in ("a", "b"):
        tape(Path(f"tapes/{name}.yaml"), asked(TASK)).write_text("x")
    assert contract(asked(TASK)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    named = [line.partition(":")[0] for line in told.err.splitlines()]
    assert named == ["tapes/a.yaml", "tapes/b.yaml"]
