"""The command within this process, in an empty folder with an environment of its own: cheaper than a process."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from chainhub_video.cli.app import run

_OURS = ("CHAINHUB_", "XDG_", "SSL_", "SSLKEY", "PYTHON_KEYRING", "NO_COLOR", "COLUMNS")


class Ended(NamedTuple):
    """How the command ended: its exit status, and the lines of standard output and standard error."""

    status: int
    told: list[str]
    said: list[str]

    @property
    def line(self) -> str:
        """The only line of standard error."""
        (line,) = self.said
        return line


@dataclass
class Command:
    """A folder and an environment, in which a call runs the command to its end.

    Attributes:
        folder: the current folder.
        project: the `pyproject.toml` two folders above it.
        user: the user's file of settings.
    """

    folder: Path
    project: Path
    user: Path
    environment: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object, stdin: str = "") -> Ended:
        """Run the command to its end."""
        self.capture.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            status = run([str(each) for each in arguments])
        written = self.capture.readouterr()
        return Ended(status, written.out.splitlines(), written.err.splitlines())

    def mistake(self, *arguments: object, stdin: str = "") -> str:
        """Return the only line of a command that has to end as a mistake, without a result."""
        ended = self(*arguments, stdin=stdin)
        assert (ended.status, ended.told) == (2, [])
        assert ended.line.startswith("chainhub-video: ")
        return ended.line

    def set(self, **variables: object) -> None:
        """Set variables of the environment."""
        for name, value in variables.items():
            self.environment.setenv(name, str(value))

    def doctor(self, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """Return the exit status of `doctor --json`, and its findings by name."""
        status, (told,), said = self("doctor", "--json", *arguments)
        findings = json.loads(told)
        assert findings["ok"] == (status == 0)
        assert said == []
        return status, {each["name"]: each for each in findings["findings"]}

    def write(self, path: Path, *lines: str) -> None:
        """Write a file of settings; a project's gets the header of its table."""
        head = ["[project]", 'name = "x"', "", "[tool.chainhub-video]"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*(head if path == self.project else []), *lines, ""]), "utf-8")


def make_command(
    tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Return the command in an empty folder two below a project's, in which no setting of this machine counts."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name.lower().endswith("_proxy"):
            environment.delenv(name)
    environment.setenv("HOME", str(tmp_path / "home"))
    environment.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    environment.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    folder = tmp_path / "project" / "below" / "further"
    folder.mkdir(parents=True)
    environment.chdir(folder)
    project, user = folder.parents[1] / "pyproject.toml", tmp_path / "config" / "chainhub-video"
    return Command(folder, project, user / "config.toml", environment, capsys)
