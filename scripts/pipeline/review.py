"""What a build would change for the users of the client, in the document and in the package's public names."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.delta import NOTE, Difference, compare_documents
from pipeline.page import Excerpt, read_file
from pipeline.parse import parse
from pipeline.publish import DOCUMENT, PACKAGE
from pipeline.report import PipelineError, count


@dataclass(frozen=True)
class Review:
    """The changes against the document and the package that are there.

    Args:
        differences: What changed in the document.
        appeared: The public names of the package that are new.
        vanished: Those that are gone.
    """

    differences: list[Difference]
    appeared: list[str]
    vanished: list[str]

    @property
    def breaking(self) -> int:
        """How many of the changes break a caller or a reader."""
        return sum(bool(item.breaks) for item in self.differences) + len(self.vanished)

    def as_text(self) -> str:
        """Return it as lines, one a change; empty if nothing changed."""
        lines = [
            f"{item.verdict}: {item.operation}, {item.where}: {item.what}"
            for item in self.differences
        ]
        lines += [f"breaking for the caller: name vanished: {name}" for name in self.vanished]
        lines += [f"compatible: name appeared: {name}" for name in self.appeared]
        return "\n".join(lines)

    def as_markdown(self) -> str:
        """Return it as a Markdown page."""
        parts = ["# Changes to the client", self.summary()]
        head = "| Operation | Where | What | Breaks |\n|---|---|---|---|"
        titles = {"Breaking": "breaking", "Compatible": "compatible", "Notes": NOTE}
        for title, verdict in titles.items():
            rows = [
                f"| `{_cell(item.operation)}` | {_cell(item.where)} | {_cell(item.what)} | {item.breaks or 'nobody'} |"
                for item in self.differences
                if item.verdict.startswith(verdict)
            ]
            if rows:
                parts += [f"## {title}", "\n".join([head, *rows])]
        for title, names in (
            ("Names that vanished (breaking for the caller)", self.vanished),
            ("Names that appeared", self.appeared),
        ):
            if names:
                parts += [f"## {title}", "\n".join(f"- `{name}`" for name in names)]
        return "\n\n".join(parts) + "\n"

    def summary(self) -> str:
        """Say in one line how much changed."""
        total = len(self.differences) + len(self.appeared) + len(self.vanished)
        if not total:
            return "Nothing changed for the users of the client."
        told = count(total, "change")
        return f"{told} for the users of the client, {self.breaking} of them breaking."


def review(root: Path, files: Mapping[str, bytes]) -> Review:
    """Compare what a build gives with what is there.

    Args:
        root: The repository.
        files: The content of every output file, by its path in the repository.

    Returns:
        The changes. What is not there, or cannot be read, counts as empty.
    """
    was = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / PACKAGE).rglob("*.py"))
        if path.is_file()
    }
    old, new = public_names(was), public_names(files)
    before = _document(root / DOCUMENT)
    after = parse(Excerpt(DOCUMENT, files[DOCUMENT].decode()))[0]
    return Review(compare_documents(before, after), sorted(new - old), sorted(old - new))


def _document(path: Path) -> Any:
    """Read the document that is there; empty if there is none that can be read."""
    try:
        text = read_file(path, path.name).decode(errors="replace")
        return parse(Excerpt(path.name, text))[0]
    except PipelineError:
        return {}


def _cell(text: str) -> str:
    """Write text into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def public_names(files: Mapping[str, bytes]) -> set[str]:
    """List modules, classes, attributes, functions and their parameters.

    Args:
        files: The content of each file, by its path in the repository.

    Returns:
        The names with dots, such as `chainhub_api.types.File.payload` or, for a parameter,
        `chainhub_api.api.openai.create_video.sync(body)`. A file that is not Python, or not of the package, has none.
    """
    names: set[str] = set()
    for path, content in files.items():
        if not (path.startswith(f"{PACKAGE}/") and path.endswith(".py")):
            continue
        # The folder around the package is no part of the name.
        module = ".".join(PurePosixPath(path).with_suffix("").parts[1:])
        module = module.removesuffix(".__init__")
        names.add(module)
        try:
            names |= _inside(ast.parse(content).body, module)
        except (SyntaxError, ValueError):
            continue
    return names


def _inside(body: list[ast.stmt], owner: str) -> set[str]:
    """List the names that a module or class defines."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef) and _is_public(node.name):
            names.add(f"{owner}.{node.name}")
            names |= _inside(node.body, f"{owner}.{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_public(node.name):
            given = node.args
            names.add(f"{owner}.{node.name}")
            for argument in chain(given.posonlyargs, given.args, given.kwonlyargs):
                if argument.arg not in ("self", "cls"):
                    names.add(f"{owner}.{node.name}({argument.arg})")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            given_to = [item.id for item in targets if isinstance(item, ast.Name)]
            names |= {f"{owner}.{name}" for name in given_to if _is_public(name)}
    return names


def _is_public(name: str) -> bool:
    # A type variable is a name of the generator's own.
    return not name.startswith("_") and name != "T"
