"""Step 11: write down what everything was built from, and compare the result with the tree, or write it there.

All of it is written or nothing.
"""

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path, PurePath

from pipeline.generate import FORMATTER, GENERATOR
from pipeline.report import Change, Place, Problem, stop
from pipeline.tree import YamlMapping
from pipeline.walk import operations

SOURCES = "openapi/sources"
LIFECYCLE = "openapi/lifecycle.yaml"
MERGE = "openapi/merge.yaml"
OVERLAY = "openapi/overlay.yaml"
README = "openapi/README.md"
LOCK = "openapi/sources.lock"
DOCUMENT = "openapi/openapi.yaml"
PACKAGE = "generated/chainhub_api"
_PAGE_ID = re.compile(r"/apis/api-(\d+)")
_DIGITS = 16
_CHANGES = "changes"
_HEADER = """\
# What the client was built from, and what came out. Written by scripts/regenerate; do not edit.
# The hashes are sha256 of the bytes; that of a folder covers the names and hashes of its files;
# that of a change covers all but its lines: `scripts/regenerate` prints the changes that are not here.
"""
_INPUTS = {LIFECYCLE, MERGE, OVERLAY, README}
_FOLDERS = ("openapi", "generated")
_REBUILD = "run scripts/regenerate and commit what it writes"
_CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def sha256(content: bytes) -> str:
    """Hash bytes.

    Args:
        content: The bytes.

    Returns:
        The hash in hexadecimal digits.
    """
    return hashlib.sha256(content).hexdigest()


def folder_hash(files: Mapping[str, bytes]) -> str:
    """Hash a folder.

    Args:
        files: The content of each file, by its path in the folder.

    Returns:
        A hash that changes with any name and any byte.
    """
    told = "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files))
    return sha256(told.encode())


def origins_of(document: YamlMapping, path: str, content: bytes) -> list[str]:
    """Tell where the operations of a document come from.

    Args:
        document: The document as it was read.
        path: The file in the repository.
        content: The bytes of the file.

    Returns:
        For each operation a line with the operation, the file, its hash, the vendor's id of the
        page if it has one, and the page's title.
    """
    text = content.decode("utf-8-sig", "replace")
    headings = (line.lstrip("#").split() for line in text.splitlines() if line.startswith("#"))
    title = " ".join(next(headings, [])) if path.endswith(".md") else ""
    lines = []
    for operation in operations(document):
        told = [f"  {operation}", path, f"sha256 {sha256(content)}"]
        number = _PAGE_ID.search(str(operation.node.get("x-run-in-apifox", "")))
        told += [f"page {number[1]}"] if number else []
        told += [f"title {title}"] if title else []
        lines.append("  ".join(told))
    return lines


def write_lock(
    inputs: Mapping[str, bytes],
    results: Mapping[str, str],
    operations_from: list[str],
    changes: Iterable[Change] = (),
) -> bytes:
    """Write the lock file.

    Args:
        inputs: The content of every input, by its path in the repository.
        results: The hash of every result, by its path in the repository.
        operations_from: A line for each operation and file that defines it.
        changes: Everything the steps changed.

    Returns:
        The content of the lock file.
    """
    tools = [f"{name} {version(name)}" for name in (GENERATOR, FORMATTER)]
    lines = ["tools", *(f"  {tool}" for tool in tools)]
    lines += ["inputs", *(f"  {sha256(inputs[path])}  {path}" for path in sorted(inputs))]
    lines += ["operations", *sorted(operations_from)]
    lines += [_CHANGES, *sorted(map(_change, changes))]
    lines += ["results", *(f"  {results[path]}  {path}" for path in sorted(results))]
    return (_HEADER + "\n".join(lines) + "\n").encode()


def new_changes(changes: Iterable[Change], lock: bytes) -> list[Change]:
    """Pick the changes that a lock does not list.

    Args:
        changes: Everything the steps of a build changed.
        lock: The content of the lock file that is there; empty if there is none.

    Returns:
        The changes that are new, in their order; one that is made more often than before counts as new.
    """
    _, _, section = lock.decode(errors="replace").partition(f"\n{_CHANGES}\n")
    known = Counter(section.splitlines())
    new = []
    for change in changes:
        line = _change(change)
        if known[line]:
            known[line] -= 1
        else:
            new.append(change)
    return new


def _change(change: Change) -> str:
    """Write the line of a change: its hash, its step and its file."""
    digest = sha256(change.identity.encode())[:_DIGITS]
    return f"  {digest}  {change.step}  {PurePath(change.place.file).name}"


def stamp(package: Mapping[str, bytes], document: bytes) -> dict[str, bytes]:
    """Complete a generated package and mark it as generated.

    Args:
        package: The generated files, by their path in the package.
        document: The document they were generated from.

    Returns:
        The files, with the document itself, the marker for type checkers, and a header in
        ``__init__.py`` that names the document's hash.
    """
    header = (
        f"# Generated by {GENERATOR} {version(GENERATOR)} from openapi.yaml\n"
        f"# (sha256 {sha256(document)}).\n"
        "# Do not edit: correct openapi/overlay.yaml or a template, and run scripts/regenerate.\n"
    )
    return {
        **package,
        "__init__.py": header.encode() + package["__init__.py"],
        "openapi.yaml": document,
        "py.typed": b"",
    }


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
    told = "extra file, not made by any step"
    problems += [Problem(Place(name), told, _extra(name)) for name in extra]
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
    told = f"missing, though {LOCK} names it"
    fix = "restore it; if it is gone for good, run scripts/regenerate"
    return [
        Problem(Place(path), told, fix)
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
    package = {name for name in _present(root) if name.startswith(f"{PACKAGE}/")}
    stale = sorted(package - files.keys())
    old = {name: _content(root / name) for name in (*files, *stale)}
    changed = [name for name in sorted(files) if old[name] != files[name]]
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


def _difference(root: Path, name: str, expected: bytes) -> Iterator[Problem]:
    """Compare one file; of the lock, name the inputs whose entry is not true."""
    found = (root / name).read_bytes()
    if found == expected:
        return
    pairs = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    line = 1 + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    yield Problem(Place(name, line), "differs from a build", _REBUILD)
    if name == LOCK:
        known = set(found.decode(errors="replace").splitlines())
        for entry in expected.decode().splitlines():
            hash_and_path = entry.split()
            if entry not in known and len(hash_and_path) == 2 and "/" in entry:
                told = f"is not the one that {LOCK} names"
                yield Problem(Place(hash_and_path[1]), told, _REBUILD)


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
