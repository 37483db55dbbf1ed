"""Documents that are not ours, recordings that are none: understood, or refused in one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .broken import TASK, asked
from .project import SPEC, Project
from .taping import form, said, tape

HERE = Path(__file__).parent
SOME = {"X-Project": "p", "X-Key": "***"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Somebody else's project, with the document in it."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_documents_of_others_are_understood(
    version: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Forms, alternatives, closed objects, required headers, other keys: in 3.0 and 3.1, told as in strange.txt."""
    strange = (HERE / "strange.yaml").read_text().replace("3.0.3", version)
    (project.place / SPEC).write_text(strange)
    body, kind = form({"count": "3", "more": "x"}, {})
    text: dict[str, Any] = {"sent_kind": FORM, "headers": SOME, "kind": "text/plain"}
    found = project.contract(
        said("POST", "/make/7", b"count=3&flag=true&tags=a&tags=b", b"ok", **text),
        said("POST", "/make/7", b"count=4&flag=yes&tags=a&tags=c&more=1", b"long", **text),
        said(
            "POST",
            "/make/it",
            body,
            b"\0",
            sent_kind=kind,
            headers={"X-Key": "*"},
            kind="image/png",
        ),
        said("POST", "/make/7", {"short": "x"}, "ok", headers={**SOME, "Authorization": "x"}),
        said(
            "POST", "/make/7", {"long": "x"}, "ok", headers={"X-Project": "p", "Authorization": "x"}
        ),
    )
    assert found == 1
    assert capsys.readouterr().out == (HERE / "strange.txt").read_text()


UNREADABLE: dict[str, tuple[str, str]] = {
    "no YAML": ("openapi: [\n", "openapi.yaml:2: error: "),
    "not OpenAPI": ("swagger: '2.0'\npaths: {}\n", "openapi.yaml:1: error: OpenAPI version '2.0' is neither"),
    "no version": ("hello: there\n", "openapi.yaml:1: error: it does not say `openapi`. Next: "),
    "a list": ("- 1\n", "openapi.yaml:1: error: "),
    "empty": ("", "openapi.yaml: error: the file is empty"),
    "no paths": (
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n",
        "openapi.yaml:3: error: the document has no paths. Next: "),
    "a reference to nowhere": (
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    $ref: '#/nowhere'\n",
        "openapi.yaml:5: error: the reference #/nowhere leads nowhere. Next: ",
    ),
    "a reference to a file": (
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    $ref: other.yaml\n",
        "openapi.yaml:5: error: the reference other.yaml leads to another file. Next: ",
    ),
    "an odd part": (
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a: {get: {operationId: 7, responses: {}}}\n",
        "openapi.yaml:4: error: not OpenAPI: ",
    ),
    "paths are text": ("openapi: 3.1.0\ninfo: 7\npaths: a\n", "openapi.yaml:3: error: the document has no paths"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_document_that_cannot_be_read_is_named(
    name: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the place, what is wrong, and the next step; exit code 2."""
    text, message = UNREADABLE[name]
    (project.place / SPEC).write_text(text)
    assert project.contract(asked(TASK)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(message)
    assert ". Next: " in told.err


NO_CASSETTE: dict[str, tuple[str, bytes | None, str]] = {
    "nothing": ("tapes/readme.md", b"hello", "tapes: error: no cassette (*.yaml, *.yml, *.json) in it. Next: "),
    "no folder": ("other/readme.md", b"", "tapes: error: there is no such folder. Next: "),
    "another YAML": ("tapes/deep/a.yaml", b"a: 1\n", "tapes/deep/a.yaml: error: no cassette: it has no list of "),
    "an old one": ("tapes/a.yml", b"- request: {}\n", "tapes/a.yml: error: a cassette of vcrpy before 1.0. Next: "),
    "broken YAML": ("tapes/a.yaml", b"a: [\n", "tapes/a.yaml: error: cannot be read: while parsing a flow node"),
    "broken JSON": ("tapes/a.json", b"{", "tapes/a.json: error: cannot be read: Expecting property name"),
    "no text": ("tapes/a.yaml", b"\xff\xfe\xff", "tapes/a.yaml: error: cannot be read: "),
    "code": ("tapes/a.yaml", b"!!python/object/apply:os.system [exit 1]\n", "tapes/a.yaml: error: cannot be read: "),
    "no response": ("tapes/a.json", b'{"interactions": [{"request": {"method": "GET", "uri": "http://a/"}}]}',
                    "tapes/a.json: error: interaction 1 cannot be read: KeyError('response'). Next: "),
    "no address": ("tapes/a.json", b'{"interactions": [{"request": {"method": "GET", "uri": "/a"}, "response": {}}]}',
                   "tapes/a.json: error: interaction 1 cannot be read: ValueError(\"the address '/a' has no host\")"),
    "no interaction": ("tapes/a.json", b'{"interactions": [7]}', "tapes/a.json: error: interaction 1 cannot be read: "),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_CASSETTE)
def test_what_is_no_cassette_is_named(
    name: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the file, what is wrong, and the next step; exit code 2, and no code is run."""
    file, content, message = NO_CASSETTE[name]
    path = project.place / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content or b"")
    assert project.contract() == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(message)
    assert told.err.count("\n") == 1
    assert ". Next: " in told.err


def test_all_that_cannot_be_read_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two broken cassettes are two lines, whatever else is in the folder."""
    for name in ("a", "b"):
        tape(project.place / f"tapes/{name}.yaml", asked(TASK)).write_text("x")
    assert project.contract(asked(TASK)) == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "tapes/a.yaml",
        "tapes/b.yaml",
    ]


def test_other_ways_to_record_are_understood(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What older versions of vcrpy wrote of httpx, of files and of iterators holds as well."""
    (project.place / "tapes").mkdir()
    (project.place / "tapes/old.yaml").write_text(
        "interactions:\n"
        "- request:\n"
        "    method: post\n"
        "    uri: https://api.chainhub.tech/v1/video/create\n"
        "    headers: {Content-Type: application/json}\n"
        "    body: !!python/object/new:_io.BytesIO\n"
        '      state: !!python/tuple ["{}", 0, null]\n'
        "  response:\n"
        "    http_version: HTTP/1.1\n"
        "    status_code: 200\n"
        '    headers: {content-type: [application/json]}\n'
        """    content: '{"id": "grok:1", "status": "pending"}'\n"""
    )  # fmt: skip
    assert project.contract() == 1
    assert capsys.readouterr().out.count("is missing; ") == 5
