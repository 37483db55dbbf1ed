"""Running the generator, and noticing when it did not do its work."""

import sys
import tomllib
from pathlib import Path

import pytest
from pipeline import generate as step
from pipeline.generate import GENERATOR, GENERATOR_VERSION, check_tools, generate
from pipeline.report import PipelineError

from tests.support.places import ROOT

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
    with pytest.raises(PipelineError, match="application/xml") as caught:
        generate(source, tmp_path / "package")
    assert str(caught.value).startswith(
        "openapi-python-client: error: openapi-python-client failed"
    )
    assert "\n" not in str(caught.value)


def test_another_version_of_the_generator_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other versions make other code, so they are named and not used."""
    monkeypatch.setattr(step, "GENERATOR_VERSION", "0.0.1")
    with pytest.raises(PipelineError, match=rf"is {GENERATOR_VERSION}, .* exactly 0\.0\.1"):
        check_tools()


def test_a_missing_generator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the generator the command says what to run."""
    monkeypatch.setattr(step, "GENERATOR", "no-such-generator")
    with pytest.raises(PipelineError, match=r"not installed. Next: run scripts/bootstrap"):
        check_tools()


def test_a_missing_formatter_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The generator skips a formatter it does not find; the pipeline does not."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(PipelineError, match="ruff is not installed there"):
        check_tools()


def test_a_formatter_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The words of the formatter stop the build: nothing unformatted is written."""
    source, formatter = tmp_path / "openapi.yaml", tmp_path / "ruff"
    source.write_text(DOCUMENT)
    formatter.write_text("#!/bin/sh\necho no room >&2; exit 2\n")
    formatter.chmod(0o755)
    monkeypatch.setattr(step, "check_tools", lambda: tmp_path)
    with pytest.raises(PipelineError, match="ruff did not format the generated package: no room"):
        generate(source, tmp_path / "package")
