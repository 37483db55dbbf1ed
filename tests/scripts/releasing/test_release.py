"""`scripts/release --check`: what keeps a checkout from being released."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from releasing.__main__ import main
from releasing.readiness import notes_of, version_of

from tests.support.places import ROOT

CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-31

### Added

- Something.

## [1.2.2] - 2026-01-01

- Less.
"""
Check = Callable[..., tuple[int, str, str]]
VERSION = "facade/chainhub_video/_version.py"


def git(checkout: Path, *arguments: str) -> None:
    """Run git in a checkout, as nobody in particular."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=checkout, check=True, capture_output=True)


def commit(checkout: Path) -> None:
    """Commit all that there is."""
    git(checkout, "add", "--all")
    git(checkout, "commit", "--message", "x")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of what the check reads, which can be released."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / VERSION).parent.mkdir(parents=True)
    (tmp_path / VERSION).write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    commit(tmp_path)
    return tmp_path


@pytest.fixture
def check(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Check:
    """Run the command in the checkout, and return its exit code and what it has said."""
    monkeypatch.chdir(checkout)

    def run(*options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["release", "--check", *options])
        code = main()
        return code, *capsys.readouterr()

    return run


def test_what_is_ready_is_said_to_be(checkout: Path, check: Check) -> None:
    """A clean tree with a version, its dated entry and no tag can be released; nothing is made by the check."""
    assert check() == (0, "chainhub-video 1.2.3 can be released\n", "")
    assert {path.name for path in checkout.iterdir()} == {".git", "facade", "CHANGELOG.md"}


def _untracked(checkout: Path) -> None:
    (checkout / "new.txt").touch()


def _tagged(name: str) -> Callable[[Path], None]:
    return lambda checkout: git(checkout, "tag", name)


def _changed(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(checkout: Path) -> None:
        text = (checkout / file).read_text()
        assert old in text
        (checkout / file).write_text(text.replace(old, new))
        commit(checkout)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_untracked, "the tree is not clean, commit or remove: new.txt"),
        (_tagged("v1.2.3"), "there is a tag v1.2.3 already: raise the version in"),
        (_tagged("v1.2.2"), "this commit is tagged v1.2.2, and"),
        (_changed("CHANGELOG.md", "[1.2.3]", "[1.2.4]"), "CHANGELOG.md has no dated entry for 1.2.3"),
        (_changed("CHANGELOG.md", " - 2026-01-31", ""), "CHANGELOG.md has no dated entry for 1.2.3"),
        (_changed("CHANGELOG.md", "2026-01-31", "2026-02-31"), "CHANGELOG.md has no dated entry for 1.2.3"),
        (_changed("CHANGELOG.md", "### Added\n\n- Something.\n", ""), "CHANGELOG.md says nothing about 1.2.3"),
        (_changed(VERSION, "1.2.3", "1.2"), f"{VERSION} has no version like 1.2.3"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_not_ready_is_refused(
    checkout: Path, check: Check, change: Callable[[Path], None], said: str
) -> None:
    """Each reason is one line, and the exit code is 1."""
    change(checkout)
    code, told, error = check()
    assert (code, told) == (1, "")
    assert error.startswith(f"scripts/release: {said}")
    assert error.count("\n") == 1


def test_a_dry_run_takes_the_tag_that_started_it(checkout: Path, check: Check) -> None:
    """The workflow builds from the tag, which is there by then."""
    git(checkout, "tag", "v1.2.3")
    assert check("--dry-run")[0] == 0


def test_every_reason_is_told_at_once(checkout: Path, check: Check) -> None:
    """Nobody has to run it again to hear of the next one."""
    git(checkout, "tag", "v1.2.3")
    _untracked(checkout)
    assert check()[2].count("scripts/release: ") == 2


def test_the_changelog_tells_of_this_version() -> None:
    """The project's own version has an entry, dated or not yet released; the distribution has that version."""
    from importlib.metadata import version

    assert version_of(ROOT) == version("chainhub-video")
    assert notes_of(ROOT, version_of(ROOT))[1] or "[Unreleased]\n\n##" not in (
        ROOT / "CHANGELOG.md"
    ).read_text("utf-8")
