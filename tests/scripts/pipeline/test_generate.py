"""Running the generator, and noticing when it did not do its work."""

import sys
import tomllib
from pathlib import Path

import pytest
from pipeline import generate as step
from pipeline.generate import GENERATOR, GENERATOR_VERSION, check_tools, generate

from tests.support.places import ROOT

from .reading import refusal

DOCUMENT = """\
openapi: 3.0.1
info: {title: T, version: 1.0.0}
paths:
  /a:
    get:
      operationId: one
      responses:
        '200':
          description: d
          content: {application/json: {schema: {type: string}}}
"""


def test_the_pin_is_that_of_the_project() -> None:
    """The version the pipeline insists on is the one the environment is made with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = [item for group in project["dependency-groups"].values() for item in group]
    assert f"{GENERATOR}=={GENERATOR_VERSION}" in pins


def test_a_warning_of_the_generator_is_an_error(tmp_path: Path) -> None:
    """An answer the generator would leave out of the client stops the build, with its words."""
    source = tmp_path / "openapi.yaml"
    source.write_text(DOCUMENT.replace("application/json", "application/xml"))
    told = refusal(generate, source, tmp_path / "package")
    assert told.startswith("openapi-python-client: error: openapi-python-client failed")
    assert "application/xml" in told
    assert "\n" not in told


def test_tools_that_are_missing_or_others_are_named(tmp_path: Path) -> None:
    """Without the generator or the formatter, or with another version, nothing is generated."""
    for owner, name, value, words in (
        (step, "GENERATOR_VERSION", "0.0.1", f"is {GENERATOR_VERSION}, "),
        (step, "GENERATOR_VERSION", "0.0.1", " exactly 0.0.1"),
        (step, "GENERATOR", "no-such-generator", "not installed. Next: run scripts/bootstrap"),
        (sys, "executable", str(tmp_path / "python"), "ruff is not installed there"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, value)
            assert words in refusal(check_tools)


def test_a_formatter_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The words of the formatter stop the build: nothing unformatted is written."""
    source, formatter = tmp_path / "openapi.yaml", tmp_path / "ruff"
    source.write_text(DOCUMENT)
    formatter.write_text("#!/bin/sh\necho no room >&2; exit 2\n")
    formatter.chmod(0o755)
    monkeypatch.setattr(step, "check_tools", lambda: tmp_path)
    told = refusal(generate, source, tmp_path / "package")
    assert "ruff did not format the generated package: no room" in told
