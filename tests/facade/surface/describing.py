"""The whole public surface as text: a line for each name, parameter, member and option, so that a diff can be read."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import attrs
import chainhub_sandbox
import chainhub_video
import typer
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.batch.calls import AsyncBatch, Batch
from chainhub_video.cli.app import app
from chainhub_video.videos import Videos

from tests.support.places import ROOT

ACCEPTED = Path(__file__).with_name("public.txt")
STEP = "    "
PUBLIC = {
    getattr(module, name)
    for module in (chainhub_video, chainhub_sandbox)
    for name in module.__all__
}


def described() -> str:
    """Return the surface: the package, its sandbox, the calls of both colours, the command and the plugin."""
    sections = {
        "chainhub_video": _names(chainhub_video),
        "ChainHub.videos": _members(Videos),
        "AsyncChainHub.videos": _members(AsyncVideos),
        "ChainHub.batch": _members(Batch),
        "AsyncChainHub.batch": _members(AsyncBatch),
        "chainhub_sandbox": _names(chainhub_sandbox),
        "the command": _commands(),
        "the pytest plugin": _fixtures(),
    }
    lines = (line for name, part in sections.items() for line in (f"# {name}", *part, ""))
    return "\n".join(lines).rstrip() + "\n"


def _names(module: Any) -> Iterator[str]:
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing):
            yield from _class(name, thing)
        elif inspect.isfunction(thing):
            yield from _function(name, thing)
        elif isinstance(thing, tuple):  # a table
            yield f"{name}: {len(thing)} of {type(thing[0]).__name__}"
        elif name.startswith("__"):  # a version comes with every release
            yield f"{name}: {type(thing).__name__}"
        else:
            yield f"{name} = {thing}"


def _class(name: str, kind: type) -> Iterator[str]:
    bases = [base.__name__ for base in kind.__bases__ if base in PUBLIC or not _ours(base)]
    shown = ", ".join(base for base in bases if base not in ("object", "ABC", "Generic"))
    yield f"class {name}" + (f"({shown})" if shown else "")
    if issubclass(kind, Enum):
        yield from (f"{STEP}{member.name} = {member.value!r}" for member in kind)
    elif (
        any("__init__" in vars(owner) for owner in _owners(kind)) and Protocol not in kind.__bases__
    ):
        yield from _indented(_function(name, kind))
    yield from _indented(_members(kind))


def _owners(kind: type) -> list[type]:
    """Return a class and those of its bases that have no line of their own."""
    return [kind, *(base for base in kind.__mro__[1:] if _ours(base) and base not in PUBLIC)]


def _ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("chainhub_video", "chainhub_sandbox")


def _members(kind: type) -> Iterator[str]:
    """Give what a class and its owners define besides what the constructor's line shows already."""
    fields = {*getattr(kind, "__attrs_attrs__", ()), *getattr(kind, "__dataclass_fields__", ())}
    known = {getattr(field, "name", field) for field in fields}
    if issubclass(kind, Enum):
        known |= {member.name for member in kind}
    found: dict[str, Any] = {}
    for owner in reversed(_owners(kind)):
        found |= dict.fromkeys(_documented(owner))
        found |= {
            name: _written(said) for name, said in vars(owner).get("__annotations__", {}).items()
        }
        found |= vars(owner)
    for name, value in sorted(found.items()):
        if name[0] != "_" and name not in known:
            yield from _member(name, value)


def _member(name: str, value: Any) -> Iterator[str]:
    if value is None:
        yield f"{name}"
    elif isinstance(value, str):
        yield f"{name}: {value}"
    elif isinstance(value, classmethod | staticmethod):
        yield from _function(f"{type(value).__name__} {name}", value.__func__)
    elif inspect.isfunction(value):
        yield from _function(name, value)
    elif getter := getattr(value, "fget", getattr(value, "func", None)):
        yield f"{name} -> {_written(inspect.signature(getter).return_annotation)}"
    else:
        yield f"{name} = {value!r}"


def _documented(kind: type) -> list[str]:
    """Return the names under `Attributes:` of a docstring; some of them exist on instances only."""
    section = re.search(r"\nAttributes:\n((?: {4}.*\n?|\n)+)", inspect.cleandoc(kind.__doc__ or ""))
    return re.findall(r"^ {4}(\w+):", section[1], re.MULTILINE) if section else []


def _function(name: str, function: Any) -> Iterator[str]:
    try:
        signature = inspect.signature(function)
    except ValueError:  # one of Python's own, which has none to tell
        yield f"{name}: {function.__name__}"
        return
    parameters = [*_parameters(signature)]
    start = "async " if inspect.iscoroutinefunction(function) else ""
    end = "" if inspect.isclass(function) else f" -> {_written(signature.return_annotation)}"
    if parameters:
        yield f"{start}{name}("
        yield from _indented(parameters)
        yield f"){end}"
    else:
        yield f"{start}{name}(){end}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    named = False
    for name, parameter in signature.parameters.items():
        kind = parameter.kind
        if name in ("self", "cls"):
            continue
        if kind is parameter.KEYWORD_ONLY and not named:
            yield "*"
        named = named or kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        known: dict[object, str] = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        stars = known.get(kind, "")
        annotation = parameter.annotation
        typed = "" if annotation is parameter.empty else f": {_written(annotation)}"
        given = "" if parameter.default is parameter.empty else f" = {_value(parameter.default)}"
        yield f"{stars}{name}{typed}{given}"


def _written(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _value(default: Any) -> str:
    """Return a default without what changes from run to run."""
    if default is attrs.NOTHING or repr(default) == "<factory>":
        return "(made anew)"
    if isinstance(default, Enum):
        return f"{type(default).__name__}.{default.name}"
    return str(getattr(default, "__name__", repr(default)))


def _commands() -> Iterator[str]:
    """Give the commands with their arguments and options, and how each is written, typed and preset."""
    program: Any = typer.main.get_command(app)
    groups = {
        name: command for name, command in program.commands.items() if hasattr(command, "commands")
    }
    nested = [
        (f"{group} {name}", command)
        for group, program in groups.items()
        for name, command in program.commands.items()
    ]
    single = [(name, command) for name, command in program.commands.items() if name not in groups]
    for name, command in [("chainhub-video", program), *single, *nested]:
        yield name
        for option in command.params:
            written = " / ".join([*option.opts, *option.secondary_opts])
            if option.param_type_name == "argument":
                written = option.metavar
            marks = [
                "flag" if getattr(option, "is_flag", False) else option.type.name,
                *(["required"] if option.required else []),
                *(
                    ["repeatable"]
                    if getattr(option, "multiple", False) or option.nargs == -1
                    else []
                ),
            ]
            preset = "" if option.default is None else f" = {option.default!r}"
            yield f"{STEP}{written}: {', '.join(marks)}{preset}"


def _fixtures() -> Iterator[str]:
    """Give the fixtures of the plugins that the distribution registers with pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for place in project.get("entry-points", {}).get("pytest11", {}).values():
        for name, thing in sorted(vars(importlib.import_module(place)).items()):
            marker = getattr(thing, "_fixture_function_marker", None)
            if marker is not None and name[0] != "_":
                function = inspect.unwrap(thing._get_wrapped_function())
                yield from _function(f"{marker.scope} fixture {marker.name or name}", function)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{STEP}{line}" for line in lines)
