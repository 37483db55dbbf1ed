"""The public names of a generated package: what the code of its users may hold on to."""

import ast
from collections.abc import Mapping
from itertools import chain
from pathlib import PurePosixPath


def public_names(files: Mapping[str, bytes], package: str) -> set[str]:
    """List modules, classes, attributes, functions and their parameters.

    Args:
        files: The content of each file of the package, by its path in it.
        package: The name of the package.

    Returns:
        The names with dots, such as `chainhub_api.types.File.payload` or, for a parameter,
        `chainhub_api.api.openai.create_video.sync(body)`. A file that is not Python has none.
    """
    names: set[str] = set()
    for path, content in files.items():
        pure = PurePosixPath(path)
        if pure.suffix != ".py":
            continue
        parts = pure.with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        module = ".".join([package, *parts])
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
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names |= {f"{owner}.{node.target.id}"} if _is_public(node.target.id) else set()
        elif isinstance(node, ast.Assign):
            targets = [item.id for item in node.targets if isinstance(item, ast.Name)]
            names |= {f"{owner}.{name}" for name in targets if _is_public(name)}
    return names


def _is_public(name: str) -> bool:
    # A type variable is a name of the generator's own.
    return not name.startswith("_") and name != "T"
