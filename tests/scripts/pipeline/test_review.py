"""What a changed page changes for callers and readers, and how the command tells it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.build import assemble, read_inputs
from pipeline.delta import NOTE, Difference, compare_documents
from pipeline.review import Review, public_names

from tests.support.places import ROOT

from .conftest import Regenerate, snapshot
from .small import page, small_repository

STATUS = "status: {type: string, enum: [queued]}"
UNIFIED = "openapi/sources/create-video-unified-format.md"


def document(request: Any, answer: Any = None, **operation: Any) -> Any:
    """Make a document with one operation."""
    return {
        "paths": {
            "/a": {
                "post": {
                    "operationId": "one",
                    "requestBody": {"content": {"application/json": {"schema": request}}},
                    "responses": {
                        "200": {"content": {"application/json": {"schema": answer or {}}}}
                    },
                    **operation,
                }
            }
        }
    }


def obj(required: list[str], **properties: Any) -> Any:
    """Make an object schema."""
    return {"type": "object", "required": required, "properties": properties}


def told(old: Any, new: Any) -> list[str]:
    """Compare two documents; return place, change and verdict of each difference."""
    return [f"{d.where}: {d.what}: {d.verdict}" for d in compare_documents(old, new)]


TEXT: Any = {"type": "string"}
CASES: list[tuple[Any, Any, str, str]] = [
    # the same change of a schema, and its verdict in a request and in an answer
    (obj([], a=TEXT), obj(["b"], a=TEXT, b=TEXT), "b: field added, required: breaking for the caller",
     "b: field added, required: compatible"),
    (obj([], a=TEXT), obj([], a=TEXT, b=TEXT), "b: field added: compatible", "b: field added: compatible"),
    (obj([], a=TEXT, b=TEXT), obj([], a=TEXT), "b: field removed: breaking for the caller",
     "b: field removed: breaking for the reader"),
    (obj([], a=TEXT), obj(["a"], a=TEXT), "a: became required: breaking for the caller",
     "a: became required: compatible"),
    (obj(["a"], a=TEXT), obj([], a=TEXT), "a: is required no more: compatible",
     "a: is required no more: breaking for the reader"),
    (obj([], a={"enum": ["x"]}), obj([], a={"enum": ["x", "y"]}), "a: enum gained y: compatible",
     "a: enum gained y: breaking for the reader"),
    (obj([], a={"enum": ["x", "y"]}), obj([], a={"enum": ["x"]}),
     "a: enum lost y: breaking for the caller", "a: enum lost y: compatible"),
    (obj([], a=TEXT), obj([], a={"type": "string", "enum": ["x"]}),
     "a: only x allowed: breaking for the caller", "a: only x allowed: compatible"),
    (obj([], a=TEXT), obj([], a={"type": "integer"}), "a: type string became integer: breaking for the caller",
     "a: type string became integer: breaking for the reader"),
    (obj([], a=TEXT), obj([], a={}), "a: type string became any: compatible",
     "a: type string became any: breaking for the reader"),
    (obj([], a={"type": "number"}), obj([], a={"type": "integer"}),
     "a: type number became integer: breaking for the caller", "a: type number became integer: compatible"),
    (obj([], a=TEXT), obj([], a={**TEXT, "nullable": True}), "a: may be null: compatible",
     "a: may be null: breaking for the reader"),
    (obj([], a={**TEXT, "maxLength": 9}), obj([], a={**TEXT, "maxLength": 5}),
     "a: maxLength 9 became 5: breaking for the caller", "a: maxLength 9 became 5: compatible"),
    (obj([], a=TEXT), obj([], a={**TEXT, "format": "binary"}),
     "a: format none became binary: breaking for the caller",
     "a: format none became binary: breaking for the reader"),
    (obj([], a={"type": "array", "items": TEXT}), obj([], a={"type": "array", "items": {"type": "integer"}}),
     "a items: type string became integer: breaking for the caller",
     "a items: type string became integer: breaking for the reader"),
    (obj([], a={"anyOf": [TEXT]}), obj([], a={"anyOf": [TEXT, {"type": "integer"}]}),
     "a: anyOf changed: breaking for the caller", "a: anyOf changed: breaking for the reader"),
    (obj([], a=obj([], b=TEXT)), obj([], a=obj([], b={"type": "integer"})),
     "a.b: type string became integer: breaking for the caller",
     "a.b: type string became integer: breaking for the reader"),
    (obj([], a=TEXT), obj([], a={**TEXT, "description": "d"}), "a: description changed: note",
     "a: description changed: note"),
    (obj([]), {**obj([]), "additionalProperties": False}, "unknown fields are not allowed: breaking for the caller",
     "unknown fields are not allowed: compatible"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "request_side", "answer_side"), CASES)
def test_a_change_is_judged_by_the_side_it_is_on(
    old: Any, new: Any, request_side: str, answer_side: str
) -> None:
    """What asks for more or allows less breaks callers; what promises less or holds more, readers."""
    assert told(document(old), document(new)) == [f"request: {request_side}"]
    assert told(document({}, old), document({}, new)) == [f"answer 200: {answer_side}"]
    assert told(document(old, old), document(old, old)) == []


PARAMETER = {"name": "a", "in": "query", "schema": TEXT}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"parameters": [PARAMETER]}, "query parameter a: added: compatible"),
        (
            {},
            {"parameters": [{**PARAMETER, "required": True}]},
            "query parameter a: added, required: breaking for the caller",
        ),
        ({"parameters": [PARAMETER]}, {}, "query parameter a: removed: breaking for the caller"),
        (
            {"parameters": [PARAMETER]},
            {"parameters": [{**PARAMETER, "schema": {"type": "integer"}}]},
            "query parameter a: type string became integer: breaking for the caller",
        ),
        (
            {},
            {"operationId": "two"},
            "operation: operationId one became two: breaking for the caller",
        ),
        ({}, {"deprecated": True}, "operation: deprecated: compatible"),
        (
            {},
            {"security": [{"k": []}]},
            "operation: security no key became k: breaking for the caller",
        ),
        ({}, {"responses": {}}, "answer 200: removed: breaking for the reader"),
        ({"responses": {}}, {}, "answer 200: added: breaking for the reader"),
        ({}, {"requestBody": {}}, "request: removed: breaking for the caller"),
    ],
)
def test_changes_beside_the_schemas_are_judged_too(old: Any, new: Any, expected: str) -> None:
    """Parameters, names, security, bodies and answers that come or go have their verdict."""
    assert told(document({}, **old), document({}, **new)) == [expected]


SPLIT = (
    "servers: https://a.example became https://b.example; the facade has one address for all operations: "
    "breaking for the caller"
)
HOST = {"url": "https://a.example", "description": "d"}
BEARER = {"type": "http", "scheme": "bearer"}
LIMIT = {"schema": TEXT}
MOVED = (
    "servers: https://a.example became https://b.example; DEFAULT_BASE_URL of the facade has to follow: "
    "breaking for the caller"
)


def framed(**parts: Any) -> Any:
    """Make a document with one operation, and these parts beside it."""
    return document({}) | parts


def answering(**headers: Any) -> Any:
    """Make a document whose answer has these headers."""
    return document({}, responses={"200": {"headers": headers}})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (framed(servers=[HOST]), framed(servers=[{"url": "https://b.example"}]),
         [MOVED]),
        (framed(servers=[HOST]), framed(servers=[HOST, {"url": "https://b.example"}]),
         ["servers: https://b.example added: compatible"]),
        (framed(servers=[HOST, {"url": "https://b.example"}]), framed(servers=[HOST]),
         ["servers: https://b.example removed: breaking for the caller"]),
        (framed(servers=[HOST]), framed(servers=[{**HOST, "description": "e"}]),
         ["servers: description of https://a.example changed: note"]),
        (framed(servers=[HOST]), framed(servers=[{**HOST, "variables": {"v": {"default": "x"}}}]),
         ["servers: variables of https://a.example changed: breaking for the caller"]),
        (framed(servers=[HOST]), document({}, servers=[{"url": "https://b.example"}]) | {"servers": [HOST]},
         [SPLIT]),
        (framed(servers=[HOST]), document({}, servers=[HOST]) | {"servers": [HOST]}, []),
        (framed(), framed(security=[{"k": []}]), ["operation: security no key became k: breaking for the caller"]),
        (framed(security=[{"k": []}]), framed(security=[{"l": []}, {"k": []}]),
         ["operation: security k became k or l: compatible"]),
        (framed(security=[{"k": []}]), framed(security=[{"k": [], "l": ["s"]}]),
         ["operation: security k became k with l (s): breaking for the caller"]),
        (framed(security=[{"k": []}]), document({}, security=[{"k": []}]), []),
        (framed(components={"securitySchemes": {"k": BEARER}}),
         framed(components={"securitySchemes": {"k": {**BEARER, "scheme": "basic"}}}),
         ["security scheme k: scheme changed: breaking for the caller"]),
        (framed(components={"securitySchemes": {"k": BEARER}}),
         framed(components={"securitySchemes": {"k": {**BEARER, "description": "d"}}}),
         ["security scheme k: description changed: note"]),
        (framed(components={"securitySchemes": {"k": BEARER}}), framed(),
         ["security scheme k: removed: breaking for the caller"]),
        (framed(), framed(components={"securitySchemes": {"k": BEARER}}), ["security scheme k: added: compatible"]),
        (answering(), answering(Limit=LIMIT), ["answer 200 header Limit: added: compatible"]),
        (answering(Limit=LIMIT), answering(), ["answer 200 header Limit: removed: breaking for the reader"]),
        (answering(Limit=LIMIT), answering(limit=LIMIT), []),
        (answering(Limit=LIMIT), answering(Limit={**LIMIT, "required": True}),
         ["answer 200 header Limit: became required: compatible"]),
        (answering(Limit={**LIMIT, "required": True}), answering(Limit=LIMIT),
         ["answer 200 header Limit: is required no more: breaking for the reader"]),
        (answering(Limit=LIMIT), answering(Limit={"schema": {"type": "integer"}}),
         ["answer 200 header Limit: type string became integer: breaking for the reader"]),
        (answering(Limit=LIMIT), answering(Limit={**LIMIT, "description": "d"}),
         ["answer 200 header Limit: description changed: note"]),
    ],
)  # fmt: skip
def test_servers_security_and_headers_are_judged(old: Any, new: Any, expected: list[str]) -> None:
    """Another address or key breaks callers, a header that is promised no more readers; words break nobody."""
    assert told(old, new) == expected


@pytest.mark.parametrize("key", ["allOf", "anyOf", "oneOf"])
def test_alternatives_are_compared_through_their_references(key: str) -> None:
    """What an alternative refers to is compared, and its name is not."""
    components = {"A": TEXT, "B": {"type": "integer"}, "C": TEXT}
    docs = [
        document({key: [{"$ref": f"#/components/schemas/{name}"}]}) | {"components": {"schemas": components}}
        for name in components
    ]  # fmt: skip
    expected = f"request {key} 1: type string became integer: breaking for the caller"
    assert (told(docs[0], docs[1]), told(docs[0], docs[2])) == ([expected], [])


def test_operations_come_and_go() -> None:
    """An operation that is gone breaks its callers; a new one breaks nobody."""
    assert told(document({}), {"paths": {}}) == ["operation: removed: breaking for the caller"]
    assert told({"paths": {}}, document({})) == ["operation: added: compatible"]


def test_references_are_followed_and_may_lead_into_themselves() -> None:
    """A component under another name is no change, its content is, and a circle ends."""
    node = obj([], next={"$ref": "#/components/schemas/A"}, n=TEXT)
    old = document({"$ref": "#/components/schemas/A"}) | {"components": {"schemas": {"A": node}}}
    renamed = json.loads(
        json.dumps(old).replace('schemas/A"', 'schemas/B"').replace('"A":', '"B":')
    )
    assert told(old, renamed) == []
    renamed["components"]["schemas"]["B"]["properties"]["n"] = {"type": "integer"}
    assert told(old, renamed) == ["request: n: type string became integer: breaking for the caller"]


def test_public_names_are_modules_classes_attributes_functions_and_parameters() -> None:
    """What a user's code may hold on to is listed, private names are not."""
    code = (
        b"A = 1\n_b = 2\ndef f(x, *, y): ...\nasync def g(): ...\ndef _h(z): ...\n"
        b"class C:\n    n: int\n    _p: int\n    def m(self, q): ...\n"
    )
    assert public_names({"__init__.py": b"", "a/m.py": code, "x.yaml": b"", "bad.py": b"("}, "p") == {
        "p", "p.bad", "p.a.m", "p.a.m.A", "p.a.m.f", "p.a.m.f(x)", "p.a.m.f(y)", "p.a.m.g", "p.a.m.C",
        "p.a.m.C.n", "p.a.m.C.m", "p.a.m.C.m(q)",
    }  # fmt: skip


def edited(folder: Path) -> Path:
    """Write a copy of a page with a required field more, and one renamed in request and answer each."""
    text = (ROOT / UNIFIED).read_text()
    text = text.replace(
        "                  type: string\n                  description: Model name: grok-video-3\n",
        "                  type: string\n                  description: Model name: grok-video-3\n"
        "                seed:\n                  type: integer\n",
    )
    text = text.replace("                - model\n                - prompt\n", "                - model\n"
                        "                - seed\n                - prompt\n", 1)  # fmt: skip
    text = text.replace("aspect_ratio", "ratio").replace("status_update_time", "updated_at")
    text = text.replace(
        "              model: grok-video-3\n",
        "              model: grok-video-3\n              seed: 7\n",
    )
    path = folder / Path(UNIFIED).name
    path.write_text(text)
    return path


@pytest.fixture
def fitting(copy: Path) -> Path:
    """The copy, with an overlay that fits the edited page; the renamed fields are all it needs."""
    overlay = copy / "openapi/overlay.yaml"
    text = overlay.read_text().replace("aspect_ratio:", "ratio:")
    overlay.write_text(text.replace("status_update_time", "updated_at"))
    return copy


EXPECTED = [
    "breaking for the caller: POST /v1/video/create, request: seed: field added, required",
    "breaking for the caller: POST /v1/video/create, request: aspect_ratio: field removed",
    "breaking for the caller: POST /v1/video/create, request: ratio: field added, required",
    "breaking for the reader: POST /v1/video/create, answer 200: status_update_time: field removed",
    "compatible: POST /v1/video/create, answer 200: updated_at: field added",
]
VANISHED = (
    "breaking for the caller: name vanished: chainhub_api.models.create_unified_video_request."
    "CreateUnifiedVideoRequest.aspect_ratio"
)


def test_a_changed_page_is_reviewed_without_writing(
    fitting: Path, regenerate: Regenerate, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A dry run tells each change with its verdict, as text and as Markdown, and writes nothing."""
    given, report = edited(tmp_path), tmp_path / "report.md"
    before = snapshot(fitting)
    code = regenerate("--dry-run", "--fail-on-breaking", "--report", report, given)
    lines = capsys.readouterr().out.splitlines()
    assert code == 3
    assert snapshot(fitting) == before
    for line in (*EXPECTED, VANISHED):
        assert line in lines
    summary = lines[-1]
    assert summary.endswith("of them breaking.")
    markdown = report.read_text()
    assert markdown.startswith(
        f"# Changes to the client\n\n{summary}\n\n## Breaking\n\n| Operation |"
    )
    assert "| `POST /v1/video/create` | request: seed | field added, required | caller" in markdown
    assert "- `chainhub_api.models.create_unified_video_request" in markdown


def test_a_worked_change_is_told_line_by_line(tmp_path: Path) -> None:
    """A required field added, one renamed, a word more in request and answer each give exactly these differences."""
    schema = (
        "properties:\n  model: {type: string, enum: [m]}\n  ratio: {type: string}\n"
        "required: [model]"
    )
    changed = (
        "properties:\n  model: {type: string, enum: [m, n]}\n  aspect_ratio: {type: string}\n"
        "  seed: {type: integer}\nrequired: [model, seed]"
    )
    root = small_repository(tmp_path, {"create": page("Create", schema, answer=STATUS)})
    old = assemble(read_inputs(root, [])).document
    wider = STATUS.replace("[queued]", "[queued, done]")
    text = page("Create", changed, "model: n\nseed: 1", wider)
    (root / "openapi/sources/create.md").write_text(text)
    new = assemble(read_inputs(root, [])).document
    assert told(old, new) == [
        "request: example changed: note",
        "request: model: enum gained n: compatible",
        "request: ratio: field removed: breaking for the caller",
        "request: aspect_ratio: field added: compatible",
        "request: seed: field added, required: breaking for the caller",
        "answer 200: status: known words gained done: compatible",
        "answer 200: status: description changed: note",
    ]


OPENAI = "openapi/sources/create-video-openai-format.md"
OLD, NEW = "https://api.chainhub.tech", "https://video.example.com"


@pytest.mark.parametrize(
    ("pages", "where"),
    [([UNIFIED], "POST /v1/video/create"), ([OPENAI], "document"), ([OPENAI, UNIFIED], "document")],
)
def test_a_server_that_moves_is_told(
    copy: Path,
    regenerate: Regenerate,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    pages: list[str],
    where: str,
) -> None:
    """Prompts and key would go to another host: breaking, for one page's operations or for all."""
    given = []
    for name in pages:
        given.append(tmp_path / Path(name).name)
        given[-1].write_text((copy / name).read_text().replace(OLD, NEW))
    assert regenerate("--dry-run", "--fail-on-breaking", *given) == 3
    out = capsys.readouterr().out
    found = [line for line in out.splitlines() if line.startswith("breaking")]
    follows = (
        "DEFAULT_BASE_URL of the facade has to follow"
        if where == "document"
        else "the facade has one address for all operations"
    )
    assert found == [f"breaking for the caller: {where}, servers: {OLD} became {NEW}; {follows}"]
    # Pages that name different servers are told, and which operations stay where.
    assert (": merge: the page's server is " in out) == (len(pages) == 1)


def test_breaking_changes_are_written_only_if_nobody_minds(
    fitting: Path, regenerate: Regenerate, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With --fail-on-breaking the tree stays as it is; without, the same page is taken in."""
    given = edited(tmp_path)
    before = snapshot(fitting)
    assert regenerate("--fail-on-breaking", given) == 3
    assert snapshot(fitting) == before
    assert regenerate(given) == 0
    assert VANISHED in capsys.readouterr().out
    assert (fitting / UNIFIED).read_bytes() == given.read_bytes()


def test_a_report_that_cannot_be_written_stops_the_build(
    copy: Path, regenerate: Regenerate, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is asked for, so nothing is written without it."""
    before = snapshot(copy)
    assert regenerate("--report", copy / "nowhere/report.md") == 1
    assert "report.md: error: the report cannot be written" in capsys.readouterr().err
    assert snapshot(copy) == before


def test_notes_stand_apart() -> None:
    """What only people can tell apart is a section of its own, and breaks nobody."""
    review = Review([Difference("document", "info", "title changed", NOTE)], [], [])
    assert review.as_text() == "note: document, info: title changed"
    assert review.breaking == 0
    head = "| Operation | Where | What | Breaks |\n|---|---|---|---|\n"
    assert review.as_markdown() == (
        "# Changes to the client\n\n1 change for the users of the client, 0 of them breaking.\n\n"
        f"## Notes\n\n{head}| `document` | info | title changed | nobody |\n"
    )


def test_nothing_to_tell_is_told() -> None:
    """An empty review has no lines but its summary."""
    nothing = Review([], [], [])
    assert (nothing.as_text(), nothing.breaking) == ("", 0)
    assert nothing.as_markdown() == (
        "# Changes to the client\n\nNothing changed for the users of the client.\n"
    )
