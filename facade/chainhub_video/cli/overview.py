"""The commands by their names and first lines alone, which is all that `chainhub-video --help` shows of them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import typer


def overview_of(app: typer.Typer) -> typer.Typer:
    """Return an app whose commands take no options: reading those of all commands takes longer than all else of ours.

    Args:
        app: the whole one, which stays as it is.
    """
    named = copy(app)
    named.registered_commands = []
    for command in app.registered_commands:
        brief = copy(command)
        brief.callback = _without_options(command.callback)
        named.registered_commands.append(brief)
    named.registered_groups = []
    for group in app.registered_groups:
        brief_group = copy(group)
        if group.typer_instance is not None:
            brief_group.typer_instance = overview_of(group.typer_instance)
        named.registered_groups.append(brief_group)
    return named


def _without_options(command: Callable[..., Any] | None) -> Callable[..., Any]:
    def named() -> None:
        """Have a name and a first line."""

    if command is not None:
        named.__name__, named.__doc__ = command.__name__, command.__doc__
    return named
