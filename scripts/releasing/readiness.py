"""Tell what keeps a checkout from being released."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

VERSION = Path("facade/chainhub_video/_version.py")


class NotReady(Exception):
    """A release cannot be made of this checkout. The message says why, a line a reason."""


def version_of(root: Path) -> str:
    """Return the version that a checkout says it is.

    Args:
        root: the checkout.

    Raises:
        NotReady: it says none, or one that is not like 1.2.3 or 1.2.3rc1.
    """
    found = re.search(r'^__version__ = "(.*)"$', (root / VERSION).read_text("utf-8"), re.MULTILINE)
    if found is None or not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", found[1]):
        raise NotReady(f"{VERSION} has no version like 1.2.3 or 1.2.3rc1")
    return found[1]


def check(root: Path, *, tag: bool = True) -> str:
    """Return the version, if a release can be made of a checkout.

    Args:
        root: the checkout.
        tag: whether the tag is going to be made, and so must not be there.

    Raises:
        NotReady: it cannot.
    """
    version = version_of(root)
    if reasons := [*_reasons(root, version, tag=tag)]:
        raise NotReady("\n".join(reasons))
    return version


def notes_of(root: Path, version: str) -> tuple[str, str]:
    """Return what stands after a version in the heading of its changelog entry, and the entry's text.

    Args:
        root: the checkout.
        version: which entry; empty texts if there is none.
    """
    text = (root / "CHANGELOG.md").read_text("utf-8")
    found = re.search(
        rf"^## \[{re.escape(version)}\]([^\n]*)\n(.*?)(?=^## \[|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return (found[1].strip(), found[2].strip()) if found else ("", "")


def _reasons(root: Path, version: str, *, tag: bool) -> Iterator[str]:
    if changed := _git(root, "status", "--porcelain"):
        yield f"the tree is not clean, commit or remove: {', '.join(line[3:] for line in changed[:5])}"
    heading, notes = notes_of(root, version)
    dated = re.fullmatch(r"- (\d{4}-\d{2}-\d{2})", heading)
    if dated is None or not _is_date(dated[1]):
        yield f'CHANGELOG.md has no dated entry for {version}: write "## [{version}] - {date.today()}"'  # noqa: DTZ011 - the author's day
    elif not notes:
        yield f"CHANGELOG.md says nothing about {version}"
    name = f"v{version}"
    if tag and name in _git(root, "tag", "--list"):
        yield f"there is a tag {name} already: raise the version in {VERSION}"
    others = [each for each in _git(root, "tag", "--points-at", "HEAD") if each != name]
    if others:
        yield f"this commit is tagged {', '.join(others)}, and {VERSION} says {version}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReady(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.splitlines()
