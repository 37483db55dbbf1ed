"""What a changed page changes for callers and readers, and how the command tells it."""

from pathlib import Path

import pytest
from pipeline.build import assemble, read_inputs
from pipeline.delta import CALLER, NOTE, Difference, compare_documents
from pipeline.review import Review, public_names

from tests.support.places import ROOT

from .conftest import Regenerate
from .small import page, small_repository

STATUS = "status: {type: string, enum: [queued]}"
UNIFIED = "openapi/sources/create-video-unified-format.md"


def test_public_names_are_modules_classes_attributes_functions_and_parameters() -> None:
    """What a user's code may hold on to is listed, private names are not."""
    code = (
        b"A = 1\n_b = 2\ndef f(x, *, y): ...\nasync def g(): ...\ndef _h(z): ...\n"
        b"class C:\n    n: int\n    _p: int\n    def m(self, q): ...\n"
    )
    files = {"__init__.py": b"", "a/m.py": code, "x.yaml": b"", "bad.py": b"("}
    found = public_names({f"generated/chainhub_api/{name}": files[name] for name in files})
    assert {name.removeprefix("chainhub_api") for name in found} == {
        "", ".bad", ".a.m", ".a.m.A", ".a.m.f", ".a.m.f(x)", ".a.m.f(y)", ".a.m.g", ".a.m.C",
        ".a.m.C.n", ".a.m.C.m", ".a.m.C.m(q)",
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


def test_breaking_changes_are_written_only_if_nobody_minds(
    fitting: Path, regenerate: Regenerate, tmp_path: Path
) -> None:
    """Each change is told with its verdict, as text and as Markdown; asked to fail, the build writes nothing."""
    given, report = edited(tmp_path), tmp_path / "report.md"
    lines = regenerate("--fail-on-breaking", "--report", report, given, status=3).splitlines()
    assert {*EXPECTED, VANISHED} <= set(lines)
    summary, markdown = lines[-1], report.read_text()
    assert summary.endswith("of them breaking.")
    head = f"# Changes to the client\n\n{summary}\n\n## Breaking\n\n| Operation |"
    assert markdown.startswith(head)
    assert "| `POST /v1/video/create` | request: seed | field added, required | caller" in markdown
    assert "- `chainhub_api.models.create_unified_video_request" in markdown
    assert VANISHED in regenerate(given)
    assert (fitting / UNIFIED).read_bytes() == given.read_bytes()


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
    found = [f"{d.where}: {d.what}: {d.verdict}" for d in compare_documents(old, new)]
    assert found == [
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


def test_a_server_that_moves_is_told() -> None:
    """Prompts and key would go to another host: breaking, for one page's operations or for all."""
    before = assemble(read_inputs(ROOT, []))
    for pages, where in (
        ([UNIFIED], "POST /v1/video/create"), ([OPENAI], "document"), ([OPENAI, UNIFIED], "document"),
    ):  # fmt: skip
        inputs = read_inputs(ROOT, [])
        for name in pages:
            inputs.pages[name] = inputs.pages[name].replace(OLD.encode(), NEW.encode())
        after = assemble(inputs)
        (found,) = [d for d in compare_documents(before.document, after.document) if d.breaks]
        follows = "the facade has one address for all operations"
        if where == "document":
            follows = "DEFAULT_BASE_URL of the facade has to follow"
        told = f"{OLD} became {NEW}; {follows}"
        assert found == Difference(where, "servers", told, CALLER)
        # Pages that name different servers are told, and which operations stay where.
        differ = any("the page's server is " in change.reason for change in after.changes)
        assert differ == (len(pages) == 1)


def test_a_report_that_cannot_be_written_stops_the_build(
    copy: Path, regenerate: Regenerate
) -> None:
    """The report is asked for, so nothing is written without it."""
    told = regenerate("--report", copy / "nowhere/report.md", status=1)
    assert "report.md: error: the report cannot be written" in told


def test_notes_stand_apart() -> None:
    """What only people can tell apart is a section of its own, and breaks nobody; nothing is said to be nothing."""
    nothing = Review([], [], [])
    assert (nothing.as_text(), nothing.breaking) == ("", 0)
    assert nothing.as_markdown() == (
        "# Changes to the client\n\nNothing changed for the users of the client.\n"
    )
    review = Review([Difference("document", "info", "title changed", NOTE)], [], [])
    assert review.as_text() == "note: document, info: title changed"
    assert review.breaking == 0
    head = "| Operation | Where | What | Breaks |\n|---|---|---|---|\n"
    assert review.as_markdown() == (
        "# Changes to the client\n\n1 change for the users of the client, 0 of them breaking.\n\n"
        f"## Notes\n\n{head}| `document` | info | title changed | nobody |\n"
    )
