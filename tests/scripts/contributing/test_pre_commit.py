"""The hooks for pre-commit run this project's own commands, as scripts/lint does."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import yaml

from tests.support.places import ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for repository in CONFIG["repos"] for hook in repository["hooks"]
}
TRIGGERS = {
    "import-linter": ["facade/chainhub_video/io.py", "generated/chainhub_api/types.py", "pyproject.toml"],
    "regenerate": ["openapi/overlay.yaml", "generated/chainhub_api/types.py", "scripts/pipeline/page.py"],
    "tables": ["facade/chainhub_video/models.py", "facade/chainhub_video/wire/answers.py", "docs/models.md"],
}  # fmt: skip


def test_nothing_is_fetched() -> None:
    """Every hook is of this repository, and needs no environment that pre-commit would make."""
    assert {repository["repo"] for repository in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_names_a_program_that_is_there(name: str) -> None:
    """A hook's command is a file of the project or of its environment, and gets no file names."""
    program = shlex.split(HOOKS[name]["entry"])[0]
    assert (ROOT / program).exists()
    assert HOOKS[name]["pass_filenames"] is False


def test_the_hooks_are_stages_of_the_scripts() -> None:
    """Each hook before a commit is a stage of scripts/lint or scripts/test, with the same options."""
    stages: dict[str, list[str]] = {}
    for script in ("lint", "test"):
        text = (ROOT / "scripts" / script).read_text("utf-8")
        text = text.replace("$bin/", ".venv/bin/").replace("$root/", "")
        for name, command in re.findall(r'^stage "([^"$]+)" (".+)$', text, re.MULTILINE):
            stages[name] = shlex.split(command)
    told = {hook["name"]: shlex.split(hook["entry"]) for hook in HOOKS.values()}
    assert told.pop("scripts/lint") == ["scripts/lint"]
    assert told.pop("tables of the documentation") == ["scripts/tables", "--check"]
    assert told == {name: stages[name] for name in told}
    assert {name for name in stages if "(" in name} == {name for name in told if "(" in name}


@pytest.mark.parametrize("name", TRIGGERS)
def test_slower_hooks_run_when_their_files_change(name: str) -> None:
    """Each looks at paths that there are, and at nothing for a change of the README."""
    pattern = HOOKS[name]["files"]
    for path in TRIGGERS[name]:
        assert (ROOT / path).is_file()
        assert re.search(pattern, path)
    assert not re.search(pattern, "README.md")
