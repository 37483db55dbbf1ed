"""Compare what was built with the tree, or write it there: all of it or nothing."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.build import DOCUMENT, LIFECYCLE, LOCK, MERGE, OVERLAY, PACKAGE, README, SOURCES
from pipeline.report import Place, Problem, stop

_INPUTS = {LIFECYCLE, MERGE, OVERLAY, README}
_FOLDERS = ("openapi", "generated")
_REBUILD = "run scripts/regenerate and commit what it writes"
_CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def compare(root: Path, files: dict[str, bytes]) -> list[Problem]:
    """Compare the tree with what a build gave, both ways.

    Args:
        root: The repository.
        files: The content of every output file, by its path in the repository.

    Returns:
        One problem for each file that differs, is missing, or should not be there.
    """
    present = set(_present(root))
    missing = sorted({*files, *_INPUTS} - present)
    extra = [name for name in sorted(present - files.keys()) if not _is_input(name)]
    problems = [Problem(Place(name), "missing", _REBUILD) for name in missing]
    problems += [
        Problem(Place(name), "extra file, not made by any step", _extra(name)) for name in extra
    ]
    for name in sorted(present & files.keys()):
        problems += _difference(root, name, files[name])
    return problems


def missing_inputs(root: Path) -> list[Problem]:
    """Find inputs that the lock names and that are gone.

    Args:
        root: The repository.

    Returns:
        One problem for each of them.
    """
    lock = _content(root / LOCK) or b""
    named = [line.split() for line in lock.decode(errors="replace").splitlines()]
    return [
        Problem(
            Place(path),
            f"missing, though {LOCK} names it",
            "restore it; if it is gone for good, run scripts/regenerate",
        )
        for path in sorted(words[1] for words in named if len(words) == 2)
        if _is_input(path) and not (root / path).is_file()
    ]


def strangers(root: Path) -> list[Problem]:
    """Find files that neither are inputs nor will be written or deleted by a build.

    Args:
        root: The repository.

    Returns:
        One problem for each of them.
    """
    return [
        Problem(Place(name), "extra file, neither an input nor made by any step", _extra(name))
        for name in sorted(_present(root))
        if not _is_input(name)
        and name not in (LOCK, DOCUMENT)
        and not name.startswith(f"{PACKAGE}/")
    ]


def write(root: Path, files: dict[str, bytes]) -> list[str]:
    """Bring the tree to what a build gave; a file that is right already is not touched.

    Args:
        root: The repository.
        files: The content of every output file, by its path in the repository.

    Returns:
        The paths that were written or deleted.

    Raises:
        PipelineError: A file could not be written; every file is as it was before.
    """
    old = {name: _content(root / name) for name in files}
    changed = [name for name in sorted(files) if old[name] != files[name]]
    stale = [
        name
        for name in sorted(_present(root))
        if name.startswith(f"{PACKAGE}/") and name not in files
    ]
    old |= {name: _content(root / name) for name in stale}
    staged: dict[str, Path] = {}
    done: list[str] = []
    try:
        # First everything that can fail for lack of room or rights, beside its target.
        for name in changed:
            staged[name] = _stage(root / name, files[name])
        for name in changed:
            done.append(name)
            staged[name].replace(root / name)
            del staged[name]
        for name in stale:
            done.append(name)
            (root / name).unlink()
    except BaseException as error:
        for name in done:
            _restore(root / name, old[name])
        if not isinstance(error, OSError):
            raise
        reason = f"cannot be written: {error.strerror}; every file is as it was"
        raise stop(Place(str(error.filename)), reason, "make room or give rights") from error
    finally:
        for path in staged.values():
            path.unlink(missing_ok=True)
    return [*changed, *stale]


def _present(root: Path) -> Iterator[str]:
    """List the files under the folders the pipeline answers for, caches aside."""
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            name = path.relative_to(root)
            if not path.is_dir() and not _CACHES & set(name.parts):
                yield name.as_posix()


def _is_input(name: str) -> bool:
    """Say whether a path is one of the files people write."""
    path = Path(name)
    return name in _INPUTS or (path.parent.as_posix() == SOURCES and path.suffix == ".md")


def _extra(name: str) -> str:
    """Say what to do about a file that should not be there."""
    if name.startswith("generated/"):
        return "delete it: what lies here is generated, corrections go into openapi/overlay.yaml"
    return f"delete it, or move it: pages go into {SOURCES} as *.md, notes into docs"


def _difference(root: Path, name: str, expected: bytes) -> list[Problem]:
    """Compare one file; of the lock, name the inputs whose entry is not true."""
    found = (root / name).read_bytes()
    if found == expected:
        return []
    problems = [
        Problem(Place(name, _first_line(found, expected)), "differs from a build", _REBUILD)
    ]
    if name == LOCK:
        known = set(found.decode(errors="replace").splitlines())
        for line in expected.decode().splitlines():
            hash_and_path = line.split()
            if line not in known and len(hash_and_path) == 2 and "/" in line:
                where = Place(hash_and_path[1])
                problems.append(Problem(where, f"is not the one that {LOCK} names", _REBUILD))
    return problems


def _first_line(found: bytes, expected: bytes) -> int:
    """Find the first line in which two contents differ, counted from 1."""
    pairs = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    same = 0
    for one, other in pairs:
        if one != other:
            break
        same += 1
    return same + 1


def _content(path: Path) -> bytes | None:
    """Read a file; None if there is none."""
    return path.read_bytes() if path.is_file() else None


def _stage(target: Path, content: bytes) -> Path:
    """Write content beside its target, under a temporary name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=target.parent)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        path.chmod(0o644)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _restore(path: Path, content: bytes | None) -> None:
    """Put a file back to what it was."""
    if content is not None:
        path.write_bytes(content)
    elif path.is_file():
        path.unlink()
