"""One tool as the protocol describes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import mcp_types as types
from mcp.server.context import ServerRequestContext
from pydantic import BaseModel

from chainhub_video.mcp.results import Result

Context = ServerRequestContext[Any, Any]


@attrs.frozen
class Tool:
    """One tool.

    Attributes:
        call: does it.
        takes: its arguments.
        returns: its result.
        title: for people.
        description: for assistants.
        reads_only: whether it changes nothing.
        open_world: whether it talks to the gateway.
    """

    call: Callable[[Any, Context], Awaitable[Result]]
    takes: type[BaseModel]
    returns: type[Result]
    title: str
    description: str
    reads_only: bool = True
    open_world: bool = False

    def described(self, name: str) -> types.Tool:
        """Return it as the protocol lists it."""
        return types.Tool(
            name=name,
            title=self.title,
            description=self.description,
            input_schema=self.takes.model_json_schema(),
            output_schema=self.returns.model_json_schema(),
            annotations=types.ToolAnnotations(
                read_only_hint=self.reads_only,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=self.open_world,
            ),
        )
