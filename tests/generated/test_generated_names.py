"""The generated names that the facade uses: all of them are there, and each one that goes is told with its user."""

from __future__ import annotations
from tests.support.places import ROOT

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.generated.generated_tree import GeneratedTree
from .uses import Use, problems, uses

FACADE = ROOT / "facade" / "chainhub_video"
GENERATED = ROOT / "generated"
ALL = uses(sorted(FACADE.rglob("*.py")), ROOT, GeneratedTree(GENERATED))
USERS = sorted({ROOT / use.file for use in ALL})
TARGETS = sorted({use.target for use in ALL})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the generated package, to be damaged; returns the folder that holds it."""
    shutil.copytree(GENERATED, tmp_path / "generated", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "generated"


def told(generated: Path) -> list[str]:
    """What the facade as it is would say of a generated package."""
    return list(problems(uses(USERS, ROOT, GeneratedTree(generated))))


def test_everything_that_the_facade_uses_is_there() -> None:
    """Each import, call, argument and field that the facade needs is in the generated package as it is used."""
    assert "\n".join(problems(ALL)) == ""


def test_nothing_is_overlooked() -> None:
    """Every line of the facade that names the generated package is among the uses."""
    named = {
        (path.relative_to(ROOT).as_posix(), number)
        for path in FACADE.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "chainhub_api" in line
    }
    assert named <= {(use.file, use.line) for use in ALL}
    assert (
        uses(USERS, ROOT, GeneratedTree(GENERATED)) == ALL
    )  # so the others need not be read again


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_goes_is_missed(copy: Path, target: str) -> None:
    """One at a time, each thing that is used is taken out of a copy: each of its users is told by file and line."""
    users = [use for use in ALL if use.target == target]
    _remove(copy, target)
    lines = told(copy)
    for use in users:
        assert any(line.startswith(f"{use.file}:{use.line} needs ") for line in lines), use


class _Without(ast.NodeTransformer):
    """Strikes every definition of a name from a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return None if node.name == self._name else self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | None:
        return None if node.name == self._name else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        named = ast.unparse(node.target).lstrip("_") == self._name.lstrip("_")
        return None if named else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        node.names = [alias for alias in node.names if alias.name != self._name]
        return node if node.names else None

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [each for each in node.args if each.arg != self._name]
        node.kwonlyargs = [each for each in node.kwonlyargs if each.arg != self._name]
        node.defaults, node.kw_defaults = [], [None] * len(node.kwonlyargs)
        return node


def _remove(generated: Path, target: str) -> None:
    """Take a module, a file, a class, a function, a field or a parameter out of a package."""
    name, _, argument = target.rstrip("=)").partition("(")
    path = generated / name
    if not path.is_file():
        path = generated.joinpath(*name.split("."))
        if path.with_suffix(".py").is_file():
            path = path.with_suffix(".py")
    if path.is_file():
        path.unlink()
        return
    module = next(
        place
        for folder in path.parents
        for place in (folder.with_suffix(".py"), folder / "__init__.py")
        if place.is_file()
    )
    struck = _Without(argument or path.name).visit(ast.parse(module.read_text()))
    module.write_text(ast.unparse(struck))


def _edited(module: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(generated: Path) -> None:
        path = generated / "chainhub_api" / module
        assert path.read_text().count(old) >= 1
        path.write_text(path.read_text().replace(old, new))

    return edit


@pytest.mark.parametrize(
    ("edit", "where", "words"),
    [
        pytest.param(
            _edited("api/openai/create_video.py", "    body: Create", "    payload: Create"),
            "wire/openai.py",
            ["create_video.get_kwargs(…)", "missing a required", "'payload'"],
            id="parameter renamed",
        ),
        pytest.param(
            _edited("api/openai/create_video.py", "    body: CreateVideoRequest", "    body: VideoForm"),
            "wire/openai.py",
            ["create_video.get_kwargs(body=)", "takes VideoForm, and is given CreateVideoRequest"],
            id="parameter of another type",
        ),
        pytest.param(
            _edited("api/unified/query_unified_video.py", "    id: str,", "    id: str,\n    region: str,"),
            "wire/unified.py",
            ["query_unified_video.get_kwargs(…)", "missing a required", "'region'"],
            id="parameter added",
        ),
        pytest.param(
            _edited("models/create_video_request.py", "    seconds: str\n", "    duration: str\n"),
            "wire/openai.py",
            ["CreateVideoRequest(…)", "'duration'"],
            id="field renamed",
        ),
        pytest.param(
            _edited(
                "models/create_unified_video_request.py",
                "    images: list[str]\n",
                "    images: list[str]\n    region: str\n",
            ),
            "wire/unified.py",
            ["CreateUnifiedVideoRequest(…)", "missing a required", "'region'"],
            id="field required",
        ),
        pytest.param(
            _edited("client.py", "    token: str", "    key: str"),
            "client.py",
            ["AuthenticatedClient(…)", "'key'"],
            id="key renamed",
        ),
    ],
)  # fmt: skip
def test_a_change_says_who_is_affected(
    copy: Path, edit: Callable[[Path], None], where: str, words: list[str]
) -> None:
    """What the vendor's next page may do to the generated package is told with module, line, name and reason."""
    edit(copy)
    lines = [line for line in told(copy) if all(word in line for word in words)]
    assert lines, told(copy)
    assert all(line.startswith(f"facade/chainhub_video/{where}:") for line in lines)


def test_what_is_not_used_may_go(copy: Path) -> None:
    """A model that only the raw client needs, or a new optional field, is nobody's problem here."""
    _remove(copy, "chainhub_api.models.video_link.VideoLink")
    _edited(
        "models/create_video_request.py",
        "    watermark: ",
        "    mood: str | Unset = UNSET\n    watermark: ",
    )(copy)
    assert told(copy) == []


def test_a_use_reads_as_a_sentence() -> None:
    """File, line, name and reason make one line."""
    use = Use("facade/chainhub_video/x.py", 7, "chainhub_api.Y", "there is no such thing any more")
    assert (
        str(use)
        == "facade/chainhub_video/x.py:7 needs chainhub_api.Y: there is no such thing any more"
    )
