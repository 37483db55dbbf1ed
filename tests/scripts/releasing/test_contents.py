"""What the distributions hold: every file of the packages as the repository has it, metadata, and nothing else."""

from __future__ import annotations

import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.support.places import ROOT
from tests.support.wheels import build

Files = dict[str, bytes]


def unpacked(wheel: Path) -> tuple[Files, Files]:
    """Return a wheel's files by their places: those of packages, and those that tell of it, by their names there."""
    packaged: Files = {}
    told: Files = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            folder, _, rest = name.partition("/")
            if folder.endswith(".dist-info"):
                told[rest] = archive.read(name)
            else:
                packaged[name] = archive.read(name)
    return packaged, told


@pytest.fixture(scope="module")
def files(wheel: Path) -> tuple[Files, Files]:
    """What the wheel holds."""
    return unpacked(wheel)


def test_the_wheel_is_what_the_repository_holds(files: tuple[Files, Files]) -> None:
    """The packages are in it byte for byte, with the document and the type markers, and nothing else is."""
    packaged, _ = files
    held = {
        path.relative_to(ROOT / folder).as_posix(): path.read_bytes()
        for folder in ("facade", "generated", "sandbox")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {*packaged} == {*held}
    assert [name for name in held if packaged[name] != held[name]] == []
    assert packaged["chainhub_api/openapi.yaml"] == (ROOT / "openapi/openapi.yaml").read_bytes()
    assert {"chainhub_api/py.typed", "chainhub_video/py.typed"} <= {*packaged}


def test_the_wheel_tells_what_the_project_says(files: tuple[Files, Files]) -> None:
    """Extras, requirements, commands, plugins, Python version, readme and license are those of the repository."""
    _, told = files
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    message: Any = message_from_bytes(told["METADATA"])
    extras: dict[str, list[str]] = project["optional-dependencies"]
    assert set(message.get_all("Provides-Extra")) == {*extras}
    assert {_plain(text) for text in message.get_all("Requires-Dist")} == {
        *map(_plain, project["dependencies"]),
        *(
            _plain(f"{text}; extra == '{extra}'")
            for extra, needs in extras.items()
            for text in needs
        ),
    }
    points = ConfigParser(delimiters="=")
    points.read_string(told["entry_points.txt"].decode())
    assert {name: dict(points[name]) for name in points.sections()} == {
        "console_scripts": project["scripts"],
        **project["entry-points"],
    }
    assert message["Requires-Python"] == project["requires-python"]
    assert message.get_payload(decode=True) == (ROOT / "README.md").read_bytes()
    assert told["licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def _plain(text: str) -> tuple[str, str, str]:
    """Return a requirement's name, versions and extra, however they are written."""
    requirement = Requirement(text)
    return requirement.name, str(requirement.specifier), str(requirement.marker)


def test_the_sdist_builds_the_same_wheel(files: tuple[Files, Files], tmp_path: Path) -> None:
    """What is published as source makes the very same wheel, and brings the changelog and the vendor's pages along."""
    sdist = build("sdist", ROOT, tmp_path)
    with tarfile.open(sdist) as archive:
        # Python 3.11's first releases have no filters; the archive is our own.
        options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **options)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert unpacked(build("wheel", folder, tmp_path)) == files
    for path in (
        *map(ROOT.joinpath, ("CHANGELOG.md", "LICENSE", "README.md")),
        *(ROOT / "openapi").rglob("*"),
    ):
        if path.is_file():
            copy = folder / path.relative_to(ROOT)
            assert copy.read_bytes() == path.read_bytes(), path
