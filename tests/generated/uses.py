"""What the facade uses of the generated package, derived from the facade's own sources.

Values from the generated package are followed through names, class attributes, arguments and calls, by name and as
often as it takes until nothing new is found. So a field that is read from an answer counts as well as an import.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.generated.generated_tree import PACKAGE, GeneratedTree, Thing, parsed

Things = frozenset[Thing]
NOTHING: Things = frozenset()


@dataclass(frozen=True, order=True)
class Use:
    """One place of the facade that needs something of the generated package.

    Attributes:
        file: of the facade.
        line: in it.
        target: the dotted name that is needed, or a path for a data file.
        problem: why it cannot be used as the facade does, or "".
    """

    file: str
    line: int
    target: str
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} needs {self.target}: {self.problem or 'it is there'}"


def uses(sources: Iterable[Path], root: Path, tree: GeneratedTree) -> list[Use]:
    """Return every use of the generated package in some sources, in the order of places.

    Args:
        sources: the modules that are read.
        root: the folder that their names are told from.
        tree: the generated package that they are held against.
    """
    flow = _Flow(tree)
    modules = {path.relative_to(root).as_posix(): parsed(path.read_text()) for path in sources}
    for module in modules.values():
        flow.learn_parameters(module)
    found: set[Use] = set()
    while True:
        known = flow.size
        found.clear()
        for file, module in modules.items():
            reading = _Reading(file, flow)
            reading.visit(module)
            found |= reading.found
        if flow.size == known:
            return sorted(found)


class _Flow:
    """Where values of the generated package have been seen to go."""

    def __init__(self, tree: GeneratedTree) -> None:
        self.tree = tree
        self.attributes: dict[str, set[Thing]] = defaultdict(set)
        self.arguments: dict[tuple[str, str], set[Thing]] = defaultdict(set)
        self._parameters: dict[str, list[str]] = {}

    @property
    def size(self) -> int:
        """How much is known; more can only be added."""
        return sum(map(len, (*self.attributes.values(), *self.arguments.values())))

    def learn_parameters(self, module: ast.Module) -> None:
        """Take in what the functions of a module call their parameters."""
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
                self._parameters[node.name] = names[names[:1] in (["self"], ["cls"]) :]

    def hand_over(self, function: str, call: ast.Call, values: Iterable[Things]) -> None:
        """Take in what a call passes to a function of the facade."""
        names = self._parameters.get(function, [])
        words = [word.arg for word in call.keywords]
        for name, things in zip([*names[: len(call.args)], *words], values, strict=False):
            if name is not None and things:
                self.arguments[function, name] |= things


class _Reading(ast.NodeVisitor):
    """One pass over one module."""

    def __init__(self, file: str, flow: _Flow) -> None:
        self.found: set[Use] = set()
        self._file = file
        self._flow = flow
        self._tree = flow.tree
        self._scopes: list[dict[str, Things]] = [{}]

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == PACKAGE:
                self._note(node, alias.name, self._tree.module(alias.name) is not None)
                package = self._tree.module(alias.name if alias.asname else PACKAGE)
                self._bind(alias.asname or PACKAGE, _set(package))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or (node.module or "").partition(".")[0] != PACKAGE:
            return
        source = self._tree.module(node.module or "")
        for alias in node.names:
            thing = None if source is None else self._tree.member(source, alias.name)
            self._note(node, f"{node.module}.{alias.name}", thing is not None)
            self._bind(alias.asname or alias.name, _set(thing))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._scopes.append({})
        self.generic_visit(node)
        for name, things in self._scopes.pop().items():
            self._flow.attributes[name] |= things

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        every = (*node.args.args, *node.args.kwonlyargs)
        arguments = self._flow.arguments
        self._scopes.append(
            {each.arg: frozenset(arguments.get((node.name, each.arg), ())) for each in every}
        )
        self.generic_visit(node)
        self._scopes.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        things = self._values(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, things)
            elif isinstance(target, ast.Attribute) and things:
                self._flow.attributes[target.attr] |= things

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if node.value is not None and isinstance(node.target, ast.Name):
            self._bind(node.target.id, self._values(node.value))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        if node.attr.startswith("__"):  # Python's own
            return
        for base in filter(self._tree.has_members, self._values(node.value)):
            there = self._tree.member(base, node.attr) is not None
            self._note(node, f"{base.name}.{node.attr}", there)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        for called in self._values(node.func):
            self._check_call(node, called)
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                words = [word.value for word in node.keywords]
                self._flow.hand_over(name, node, map(self._values, [*node.args, *words]))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                ast.Call(args=[ast.Constant(value=package)]),
                ast.Div(),
                ast.Constant(value=str(name)),
            ) if package == PACKAGE:
                self._note(node, f"{PACKAGE}/{name}", self._tree.holds(name))

    def _check_call(self, node: ast.Call, called: Thing) -> None:
        signature = self._tree.signature(called)
        if signature is None or any(isinstance(each, ast.Starred) for each in node.args):
            return
        given = [(None, each) for each in node.args] + [(w.arg, w.value) for w in node.keywords]
        try:
            bound = signature.bind(
                *(value for name, value in given if name is None),
                **{name: value for name, value in given if name is not None},
            )
        except TypeError as error:
            self._add(node, f"{called.name}(…)", f"called like this, it has {error}")
            return
        for name, value in bound.arguments.items():
            problem = ""
            wanted = str(signature.parameters[name].annotation)
            if isinstance(value, ast.AST):
                wrong = [t for t in self._values(value) if t.instance and t.short not in wanted]
                problem = f"it takes {wanted}, and is given {wrong[0].short}" if wrong else ""
            self._add(node, f"{called.name}({name}=)", problem)

    def _values(self, node: ast.AST) -> Things:
        """Return what of the generated package an expression may be."""
        match node:
            case ast.Name(id=name):
                return next(
                    (scope[name] for scope in reversed(self._scopes) if name in scope), NOTHING
                )
            case ast.Attribute(value=value, attr=name):
                if bases := self._values(value):
                    return frozenset(
                        t for base in bases for t in _set(self._tree.member(base, name))
                    )
                return frozenset(self._flow.attributes.get(name, ()))
            case ast.Call(func=function):
                made = map(self._tree.instance, self._values(function))
                return frozenset(thing for thing in made if thing)
            case ast.IfExp(body=one, orelse=other):
                return self._values(one) | self._values(other)
            case ast.BoolOp(values=several):
                return frozenset[Thing]().union(*map(self._values, several))
        return NOTHING

    def _bind(self, name: str, things: Things) -> None:
        scope = self._scopes[-1]
        scope[name] = scope.get(name, NOTHING) | things

    def _note(self, node: ast.expr | ast.stmt, target: str, there: bool) -> None:
        self._add(node, target, "" if there else "there is no such thing any more")

    def _add(self, node: ast.expr | ast.stmt, target: str, problem: str) -> None:
        self.found.add(Use(self._file, node.lineno, target, problem))


def problems(found: Iterable[Use]) -> Iterator[str]:
    """Give a line for each use that cannot be."""
    return (str(use) for use in found if use.problem)


def _set(thing: Thing | None) -> Things:
    return NOTHING if thing is None else frozenset({thing})
