"""What `scripts/regenerate --check` finds: any byte, any file more or less."""

import random
import shutil
from pathlib import Path

from pipeline.build import Build, build, read_inputs
from pipeline.publish import compare, missing_inputs
from pipeline.report import PipelineError

from tests.support.places import ROOT

from .conftest import Regenerate

UNIFIED = "openapi/sources/create-video-unified-format.md"


def some_files(seed: int) -> list[str]:
    """Choose some of the built files, other ones for another seed."""
    names = sorted(
        path.relative_to(ROOT).as_posix()
        for folder in ("openapi", "generated")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.stat().st_size and "__pycache__" not in path.parts
    )
    fixed = ["openapi/openapi.yaml", "openapi/sources.lock", "generated/chainhub_api/openapi.yaml"]
    return fixed + random.Random(seed).sample(names, 6)


EXTRA = [
    "openapi/notes.txt", "openapi/sources/page.txt", "openapi/sources/new.md", "openapi/.hidden",
    "generated/more.py", "generated/chainhub_api/own.py", "generated/chainhub_api/models/own/own.py",
]  # fmt: skip


def test_one_changed_missing_or_extra_file_is_found(copy: Path, built: Build) -> None:
    """A single byte, a file that is gone, and one that no step made and that is no input are each named."""
    assert told_by_check(copy, built) == ""
    for name in some_files(1):
        content = (copy / name).read_bytes()
        spoilt = bytearray(content)
        spoilt[len(spoilt) // 2] ^= 1
        (copy / name).write_bytes(bytes(spoilt))
        assert name in told_by_check(copy, built)
        (copy / name).write_bytes(content)
    for name in some_files(2):
        content = (copy / name).read_bytes()
        (copy / name).unlink()
        assert name in told_by_check(copy, built)
        (copy / name).write_bytes(content)
    for name in EXTRA:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("x\n")
        assert name in told_by_check(copy, built)
        (copy / name).unlink()


def told_by_check(root: Path, built: Build) -> str:
    """Return what --check says about a tree; built anew only if an input differs."""

    def generated_before(_: Path, package: Path) -> None:
        ignore = shutil.ignore_patterns("__pycache__", "openapi.yaml", "py.typed")
        shutil.copytree(ROOT / "generated/chainhub_api", package, ignore=ignore)
        init = package / "__init__.py"
        init.write_text("".join(init.read_text().splitlines(keepends=True)[3:]))

    problems = missing_inputs(root)
    if not problems:
        try:
            inputs = read_inputs(root, [])
            same = inputs == read_inputs(ROOT, [])
            files = built.files if same else build(inputs, generated_before).files
            problems = compare(root, files)
        except PipelineError as error:
            problems = list(error.problems)
    return "\n".join(map(str, problems))


def test_check_names_each_difference_and_writes_nothing(copy: Path, regenerate: Regenerate) -> None:
    """The real --check tells a changed, a missing and an extra file at once, with the next step."""
    (copy / UNIFIED).write_bytes((copy / UNIFIED).read_bytes() + b"\n")
    (copy / "generated/chainhub_api/errors.py").unlink()
    (copy / "generated/chainhub_api/own.py").write_text("x = 1\n")
    told = regenerate("--check", status=1)
    assert f"{UNIFIED}: error: is not the one that openapi/sources.lock names. Next: run" in told
    assert "generated/chainhub_api/errors.py: error: missing. Next: run scripts/regenerate" in told
    assert "generated/chainhub_api/own.py: error: extra file" in told
