"""What the distributions hold: every file of both packages as the repository has it, metadata, and nothing else."""

from __future__ import annotations

import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.support.places import ROOT
from tests.support.wheels import build

Files = dict[str, bytes]


def repository(root: Path = ROOT) -> Files:
    """Return what the repository holds of both packages, by its place in a wheel."""
    return {
        path.relative_to(root / folder).as_posix(): path.read_bytes()
        for folder in ("facade", "generated", "sandbox")
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def unpacked(wheel: Path) -> Files:
    """Return a wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def differences(held: Files, wheel: Files, project: Path = ROOT / "pyproject.toml") -> list[str]:
    """Return a line for each way in which a wheel is not what the repository says."""
    packaged, told = {}, {}
    for name, content in wheel.items():
        folder, _, rest = name.partition("/")
        if folder.endswith(".dist-info"):
            told[rest] = content
        else:
            packaged[name] = content
    lines = [f"the wheel lacks {name}" for name in sorted({*held} - {*packaged})]
    lines += [f"the wheel has {name} in addition" for name in sorted({*packaged} - {*held})]
    both = sorted({*held} & {*packaged})
    lines += [f"{name} differs" for name in both if held[name] != packaged[name]]
    said = tomllib.loads(project.read_text())["project"]
    return [*lines, *_metadata(told, said, project.parent)]


def _metadata(told: Files, project: dict[str, object], root: Path) -> list[str]:
    """Compare what a wheel tells of itself with what the project says."""
    message = message_from_bytes(told.get("METADATA", b""))
    extras: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]  # as the format has it
    dependencies: list[str] = project["dependencies"]  # type: ignore[assignment]  # as the format has it
    wanted = {_plain(text, "") for text in dependencies}
    wanted |= {_plain(text, extra) for extra, needs in extras.items() for text in needs}
    points = ConfigParser(delimiters="=")
    points.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    points.read_string(told.get("entry_points.txt", b"").decode())
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})  # type: ignore[assignment]  # as the format has it
    commands = {"console_scripts": project["scripts"], **groups}
    pairs = {
        "the extras": (set(message.get_all("Provides-Extra", [])), {*extras}),
        "the requirements": ({_plain(t) for t in message.get_all("Requires-Dist", [])}, wanted),
        "the entry points": ({name: dict(points[name]) for name in points.sections()}, commands),
        "the Python version": (message["Requires-Python"], project["requires-python"]),
        "the readme": (_payload(message), (root / "README.md").read_text()),
        "the license": (told.get("licenses/LICENSE"), (root / "LICENSE").read_bytes()),
    }
    return [f"{what} differ: {seen!r:.200}" for what, (seen, said) in pairs.items() if seen != said]


def _payload(message: object) -> str:
    return message.get_payload(decode=True).decode()  # type: ignore[attr-defined, no-any-return]  # the text of a message


def _plain(text: str, extra: str | None = None) -> tuple[str, str, str]:
    """Return a requirement's name, versions and extra."""
    requirement = Requirement(text)
    if extra is None:
        extra = str(requirement.marker).partition("extra == ")[2].strip("\"'")
    return requirement.name, str(requirement.specifier), extra


@pytest.fixture(scope="module")
def held() -> Files:
    """What the repository holds."""
    return repository()


@pytest.fixture(scope="module")
def files(wheel: Path) -> Files:
    """What the wheel holds."""
    return unpacked(wheel)


def test_the_wheel_is_what_the_repository_holds(held: Files, files: Files) -> None:
    """Both packages are in it byte for byte, with the document and the type markers, and nothing else is."""
    assert differences(held, files) == []
    document = (ROOT / "openapi" / "openapi.yaml").read_bytes()
    assert files["chainhub_api/openapi.yaml"] == document
    assert {"chainhub_api/py.typed", "chainhub_video/py.typed"} <= {*files}
    assert len(held) > 80


def test_the_sdist_builds_the_same_wheel(files: Files, tmp_path: Path) -> None:
    """What is published as source makes the very same wheel, and brings the changelog and the vendor's pages along."""
    sdist = build("sdist", ROOT, tmp_path)
    with tarfile.open(sdist) as archive:
        # Python 3.11's first releases have no filters; the archive is our own.
        options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **options)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert unpacked(build("wheel", folder, tmp_path)) == files
    for name in ("CHANGELOG.md", "LICENSE", "README.md", "openapi"):
        source = ROOT / name
        for path in source.rglob("*") if source.is_dir() else [source]:
            if path.is_file():
                copy = folder / path.relative_to(ROOT)
                assert copy.read_bytes() == path.read_bytes(), path


def _metadata_without(line: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        (name,) = (name for name in files if name.endswith("/METADATA"))
        assert line in files[name]
        files[name] = files[name].replace(line, b"")

    return change


def _lose(ending: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        (name,) = (name for name in files if name.endswith(ending))
        del files[name]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_lose("chainhub_video/flows/source.py"), "the wheel lacks chainhub_video/flows/source.py"),
        (_lose("chainhub_video/py.typed"), "the wheel lacks chainhub_video/py.typed"),
        (_lose("chainhub_api/openapi.yaml"), "the wheel lacks chainhub_api/openapi.yaml"),
        (_lose("/entry_points.txt"), "the entry points differ"),
        (_lose("/licenses/LICENSE"), "the license differ"),
        (_metadata_without(b"Provides-Extra: cli\n"), "the extras differ"),
        (_metadata_without(b"Requires-Dist: attrs>=23.2\n"), "the requirements differ"),
        (_metadata_without(b"Requires-Python: >=3.11\n"), "the Python version differ"),
        (lambda files: files.update({"tests/x.py": b""}), "the wheel has tests/x.py in addition"),
        (lambda files: files.update({"chainhub_video/task.py": b"#"}), "chainhub_video/task.py differs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wheel_that_is_not_whole_is_told(
    held: Files, files: Files, change: Callable[[Files], None], words: str
) -> None:
    """One file or one line of metadata less, more or other is named."""
    damaged = dict(files)
    change(damaged)
    (line,) = differences(held, damaged)
    assert line.startswith(words)


def test_a_project_file_that_leaves_something_out_is_told(tmp_path: Path) -> None:
    """A wheel that is really built by a project file with one wrong line lacks what that line left out."""
    for name in ("facade", "generated", "sandbox", "pyproject.toml", "README.md", "LICENSE"):
        source, target = ROOT / name, tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    project = tmp_path / "project" / "pyproject.toml"
    whole = project.read_text()
    assert differences(repository(), unpacked(build("wheel", project.parent, tmp_path))) == []
    project.write_text(
        whole.replace("[tool.hatch.build]\n", '[tool.hatch.build]\nexclude = ["*.yaml"]\n')
    )
    lines = differences(repository(), unpacked(build("wheel", project.parent, tmp_path)))
    assert lines == ["the wheel lacks chainhub_api/openapi.yaml"]
