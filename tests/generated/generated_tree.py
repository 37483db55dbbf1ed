"""The generated package as its sources define it: modules, classes, functions and fields, found without an import."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "chainhub_api"


@dataclass(frozen=True)
class Thing:
    """Something in the generated package, or an instance of one of its classes.

    Attributes:
        name: dotted, from the package on.
        node: its definition; None for a module.
        module: the dotted module that holds the definition.
        instance: whether it is an instance of the class that the node defines.
        bound: whether it is reached through a class or an instance, which fills in the first parameter.
    """

    name: str
    node: ast.AST | None
    module: str
    instance: bool = False
    bound: bool = False

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


class GeneratedTree:
    """The package below a folder.

    Args:
        root: the folder that holds `chainhub_api`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def holds(self, name: str) -> bool:
        """Return whether the package has a data file."""
        return (self.root / PACKAGE / name).is_file()

    def module(self, name: str) -> Thing | None:
        """Return a module by its dotted name."""
        return Thing(name, None, name) if self._path(name) else None

    def has_members(self, thing: Thing) -> bool:
        """Return whether a thing is a module, a class or an instance of one, and not a value or a function."""
        return thing.node is None or isinstance(thing.node, ast.ClassDef)

    def member(self, thing: Thing, name: str) -> Thing | None:
        """Return what `thing.name` is, or None if there is no such thing."""
        if thing.node is None:
            return self._in_module(thing.module, name)
        if not isinstance(thing.node, ast.ClassDef):
            return None
        for owner in self._lineage(thing):
            assert isinstance(owner.node, ast.ClassDef)
            for node in owner.node.body:
                if name in _names(node):
                    return Thing(f"{thing.name}.{name}", node, owner.module, bound=True)
        return None

    def instance(self, thing: Thing) -> Thing | None:
        """Return what calling a thing gives, if that is an instance of a class of the package."""
        if isinstance(thing.node, ast.ClassDef):
            return Thing(thing.name, thing.node, thing.module, instance=True)
        if isinstance(thing.node, ast.FunctionDef) and isinstance(thing.node.returns, ast.Name):
            if thing.node.returns.id == "Self":
                owner = self._in_module(thing.module, thing.name.split(".")[-2])
                return None if owner is None else self.instance(owner)
            made = self._in_module(thing.module, thing.node.returns.id)
            return None if made is None else self.instance(made)
        return None

    def signature(self, thing: Thing) -> inspect.Signature | None:
        """Return how a class or a function is called, with annotations as they are written."""
        if isinstance(thing.node, ast.ClassDef) and not thing.instance:
            fields = [f for owner in reversed([*self._lineage(thing)]) for f in _fields(owner.node)]
            ordered = sorted(fields, key=lambda parameter: parameter.kind)
            return inspect.Signature(ordered)
        if isinstance(thing.node, ast.FunctionDef):
            parameters = [*_parameters(thing.node.args)]
            return inspect.Signature(parameters[1:] if thing.bound else parameters)
        return None

    def _path(self, module: str) -> Path | None:
        base = self.root.joinpath(*module.split("."))
        places = (base / "__init__.py", base.with_suffix(".py"))
        return next((place for place in places if place.is_file()), None)

    def _in_module(self, module: str, name: str) -> Thing | None:
        path = self._path(module)
        if path is None:
            return None
        for node in parsed(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return self._imported(path, module, node, alias.name)
            elif name in _names(node):
                return Thing(f"{module}.{name}", node, module)
        return self.module(f"{module}.{name}")

    def _imported(self, path: Path, module: str, node: ast.ImportFrom, name: str) -> Thing | None:
        parts = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        above = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        return self._in_module(source, name) if source.startswith(PACKAGE) else None

    def _lineage(self, thing: Thing) -> Iterator[Thing]:
        """Give a class and those of the package that it inherits from."""
        yield thing
        assert isinstance(thing.node, ast.ClassDef)
        for base in thing.node.bases:
            if isinstance(base, ast.Name) and (found := self._in_module(thing.module, base.id)):
                yield from self._lineage(found)


@cache
def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a module's text."""
    return ast.parse(source)


def _names(node: ast.AST) -> set[str]:
    """Return the names that a statement defines."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _fields(node: ast.AST | None) -> Iterator[inspect.Parameter]:
    """Give the parameters that attrs makes of a class's fields."""
    assert isinstance(node, ast.ClassDef)
    for each in node.body:
        if not isinstance(each, ast.AnnAssign) or not isinstance(each.target, ast.Name):
            continue
        options: dict[str, object] = {}
        default: object = inspect.Parameter.empty if each.value is None else ...
        if isinstance(each.value, ast.Call) and "field" in ast.unparse(each.value.func):
            options = {
                word.arg: getattr(word.value, "value", ...)
                for word in each.value.keywords
                if word.arg
            }
            default = ... if {"default", "factory"} & set(options) else inspect.Parameter.empty
        if options.get("init") is False:
            continue
        name = options.get("alias", each.target.id.lstrip("_"))
        kind = (
            inspect.Parameter.KEYWORD_ONLY
            if options.get("kw_only")
            else inspect.Parameter.POSITIONAL_OR_KEYWORD
        )
        yield inspect.Parameter(
            str(name), kind, default=default, annotation=ast.unparse(each.annotation)
        )


def _parameters(arguments: ast.arguments) -> Iterator[inspect.Parameter]:
    """Give the parameters of a function."""
    named = [*arguments.posonlyargs, *arguments.args]
    optional = len(named) - len(arguments.defaults)
    for index, each in enumerate(named):
        yield _parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD, index >= optional)
    if arguments.vararg:
        yield _parameter(arguments.vararg, inspect.Parameter.VAR_POSITIONAL, given=False)
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(each, inspect.Parameter.KEYWORD_ONLY, default is not None)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, inspect.Parameter.VAR_KEYWORD, given=False)


def _parameter(each: ast.arg, kind: inspect._ParameterKind, given: bool) -> inspect.Parameter:
    annotation = ast.unparse(each.annotation) if each.annotation else inspect.Parameter.empty
    default = ... if given else inspect.Parameter.empty
    return inspect.Parameter(each.arg, kind, default=default, annotation=annotation)
