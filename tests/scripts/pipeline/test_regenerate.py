"""The whole command: builds, checks, and what it does when something is wrong."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.build import Build, assemble, build, read_inputs
from pipeline.publish import LIFECYCLE, OVERLAY, compare, write
from pipeline.report import PipelineError

from tests.support.places import ROOT

from .conftest import Regenerate, snapshot
from .test_build import PAGES

UNIFIED = "openapi/sources/create-video-unified-format.md"
OPENAI = "openapi/sources/create-video-openai-format.md"


def test_the_committed_tree_is_what_a_build_gives(built: Build) -> None:
    """Nobody has edited a built file, and nobody has forgotten to build."""
    assert [str(problem) for problem in compare(ROOT, built.files)] == []


def test_the_same_input_gives_the_same_bytes(built: Build) -> None:
    """A second build, in another temporary folder, agrees in every byte."""
    assert build(read_inputs(ROOT, [])).files == built.files


def test_the_lock_says_which_page_each_operation_came_from(built: Build) -> None:
    """Every operation has its file, the file's hash, and the vendor's id and title of the page."""
    lines = built.files["openapi/sources.lock"].decode().split("operations\n")[1].splitlines()[:5]
    assert [line.split("  ")[1:3] for line in lines] == [
        ["GET /v1/video/query", LIFECYCLE],
        ["GET /v1/videos/{id}", LIFECYCLE],
        ["GET /v1/videos/{id}/content", LIFECYCLE],
        ["POST /v1/video/create", UNIFIED],
        ["POST /v1/videos", OPENAI],
    ]
    for line in lines:
        _, _, name, told, *rest = line.split("  ")
        assert told == f"sha256 {hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}"
        assert bool(rest) is (name != LIFECYCLE)
    assert lines[3].endswith("  page 385288046  title Create video")
    assert lines[4].endswith("  page 370109881  title Create videos with images using OpenAI.")


BAD = (
    "html", "empty", "binary", "no-paths", "no-operation", "alias-bomb", "unequal-duplicate",
    "reference-to-a-file", "reference-to-a-url", "reference-to-nowhere", "two-documents",
)  # fmt: skip


def test_a_bad_page_leaves_the_tree_as_it_is(regenerate: Regenerate, tmp_path: Path) -> None:
    """A bad page ends in one line a problem, named as it was given, exit code 1, and nothing written."""
    html = tmp_path / "page.html"
    for page in (*(PAGES / f"{name}.md" for name in BAD), tmp_path / "missing.md", html):
        told = regenerate(page, status=1).splitlines()
        assert told[-1].endswith("nothing was written.")
        assert all(" error: " in line and " Next: " in line for line in told[:-1])
        if page.stem != "reference-to-nowhere":
            assert told[0].startswith(str(page))
        assert "not a Markdown page" in told[0] or page != html


def test_every_change_is_told_with_file_line_and_reason(built: Build) -> None:
    """Nothing is repaired, dropped or corrected silently."""
    for change in built.changes:
        assert change.place.file.startswith("openapi/")
        assert change.place.line > 0
        assert len(change.reason.split()) > 3
    steps = [change.step for change in built.changes]
    assert {"repair", "clean", "merge", "overlay", "lift"} <= set(steps)


# An edit of a file, and the file and the reason that are told.
DEFECTS = [
    (UNIFIED, "```yaml", "yaml", UNIFIED, "never closed"),
    (UNIFIED, "```", "", UNIFIED, "no fenced block"),
    (UNIFIED, "      tags:\n", "    tags:\n  x:\n", UNIFIED, "not YAML"),
    (UNIFIED, "type: array", "type: list\n                  type: array", UNIFIED, "given twice"),
    (UNIFIED, "/v1/video/create:", "/v1/videos:", UNIFIED, f"conflicts with the definition in {OPENAI}:13"),
    (UNIFIED, "/v1/video/create:", "/v1/video/new:", OVERLAY, "the action says 2 and matches 1"),
    (LIFECYCLE, "scheme: bearer", "scheme: basic", LIFECYCLE, f"conflicts with the definition in {OPENAI}:"),
    (OVERLAY, "$.paths['/v1/videos'].post\n", "$.paths['/v1/nowhere']\n", OVERLAY, "matches nothing"),
    (OVERLAY, "update:", "updaet:", OVERLAY, "unknown fields: updaet"),
    (LIFECYCLE, "$ref: '#/components/schemas/VideoLink'", "$ref: '#/nowhere'", LIFECYCLE, "leads nowhere"),
]  # fmt: skip


def test_on_an_error_no_file_is_touched(copy: Path, regenerate: Regenerate) -> None:
    """Each defect ends in file, line and reason, exit code 1, and a tree without a changed byte."""
    for name, old, new, place, reason in DEFECTS:
        text = (copy / name).read_text()
        assert old in text
        (copy / name).write_text(text.replace(old, new))
        told = regenerate(status=1)
        assert reason in told
        assert told.startswith(place)
        assert " error: " in told
        assert " Next: " in told
        (copy / name).write_text(text)


def test_a_missing_or_strange_input_is_named(copy: Path, regenerate: Regenerate) -> None:
    """An input that is gone stops the build, by its name or by what no longer fits; so does one that none reads."""
    for name in (UNIFIED, LIFECYCLE, OVERLAY, "openapi/README.md", "openapi/merge.yaml"):
        content = (copy / name).read_bytes()
        (copy / name).unlink()
        told = regenerate(status=1)
        assert (OVERLAY if name == UNIFIED else f"{name}: error: cannot be read") in told
        (copy / name).write_bytes(content)
    (copy / "openapi/sources/page.txt").write_text("x\n")
    assert "openapi/sources/page.txt: error: extra file" in regenerate(status=1)


def test_regenerate_writes_only_what_differs(copy: Path, regenerate: Regenerate) -> None:
    """Spoilt, missing and stale files are put right; the others keep even their time of change."""
    before = snapshot(copy)
    (copy / "openapi/openapi.yaml").write_text("spoilt")
    (copy / "generated/chainhub_api/types.py").unlink()
    (copy / "generated/chainhub_api/models/stale.py").write_text("x = 1\n")
    told = regenerate()
    after = snapshot(copy)
    assert {name: content for name, (content, _) in after.items()} == {
        name: content for name, (content, _) in before.items()
    }
    touched = {name for name in before if after[name][1] != before[name][1]}
    assert touched == {"openapi/openapi.yaml", "generated/chainhub_api/types.py"}
    assert "wrote generated/chainhub_api/models/stale.py" in told
    assert "3 files written" in told
    assert "name vanished: chainhub_api.models.stale" in told


def test_a_page_given_by_name_is_taken_in(
    copy: Path, regenerate: Regenerate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of the same name replaces the old one, byte for byte, and is built at once."""
    changed = (copy / UNIFIED).read_bytes().replace(b"only 720P is", b"both are")
    monkeypatch.chdir(tmp_path)
    Path(Path(UNIFIED).name).write_bytes(changed)
    assert f"{Path(UNIFIED).name}:49: repair:" in regenerate("--verbose", Path(UNIFIED).name)
    assert (copy / UNIFIED).read_bytes() == changed
    regenerate("--check")


def test_only_what_is_new_is_told(copy: Path, regenerate: Regenerate, tmp_path: Path) -> None:
    """Repairs that the lock lists are printed on request only, wherever they are; new ones, or all without a lock."""
    assert regenerate("--dry-run").splitlines() == [
        "2 pages, 56 changes made to them, 0 new; 45 examples read and written unchanged; 0 files written.",
        "Nothing changed for the users of the client.",
    ]
    assert regenerate("--dry-run", "--verbose").count("\nopenapi/") == 55
    lock = (copy / "openapi/sources.lock").read_bytes()
    (copy / "openapi/sources.lock").unlink()
    assert "56 changes made to them, 56 new" in regenerate("--dry-run")
    (copy / "openapi/sources.lock").write_bytes(lock)
    given = tmp_path / Path(UNIFIED).name
    text = (copy / UNIFIED).read_text().replace("# Create video\n", "# Create video\n\nMore.\n")
    given.write_text(text.replace("description: Image link", "description: Image: link"))
    repair = f"{given}:65: repair: the value holds ': ', which YAML takes for another key; quoted"
    assert regenerate("--dry-run", given).splitlines()[0] == repair
    assert repair in regenerate(given)
    assert regenerate("--check").endswith(
        "0 new; 45 examples read and written unchanged; every file is what a build gives.\n"
    )


def test_a_write_that_fails_half_way_is_undone(copy: Path, built: Build) -> None:
    """If one file cannot be replaced, those replaced before it get their old content back."""
    (copy / "openapi/sources.lock").unlink()
    (copy / "openapi/sources.lock").mkdir()
    before = {name: content for name, (content, _) in snapshot(copy).items()}
    files = {
        **built.files,
        "generated/chainhub_api/types.py": b"new\n",
        "generated/new.py": b"new\n",
    }
    with pytest.raises(PipelineError, match="every file is as it was"):
        write(copy, files)
    assert {name: content for name, (content, _) in snapshot(copy).items()} == before


def test_the_script_runs_from_any_folder(tmp_path: Path) -> None:
    """The wrapper finds its repository by itself, and says what it checked."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [ROOT / "scripts/regenerate", "--check"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("every file is what a build gives.\n")


def broken(text: str, at: float, cut: int, put: str) -> str:
    """Cut some characters out of a text and put others in."""
    start = int(at * len(text))
    return text[:start] + put + text[start + cut :]


@settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 1),
    st.integers(0, 60),
    st.text(st.sampled_from(list("ab: \n-#'\"{}[]|>&*!\t\x00é")), max_size=12),
)
def test_no_page_whatever_ends_in_a_traceback(at: float, cut: int, put: str) -> None:
    """A page spoilt at any place is built or refused in one line a problem, never anything else."""
    inputs = read_inputs(ROOT, [])
    inputs.pages[OPENAI] = broken(inputs.pages[OPENAI].decode(), at, cut, put).encode()
    try:
        assemble(inputs)
    except PipelineError as error:
        for problem in error.problems:
            assert "\n" not in str(problem)
            assert str(problem).startswith("openapi/")
