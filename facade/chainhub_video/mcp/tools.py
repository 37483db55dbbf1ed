"""The tools: what each is called, takes and does; and their errors as results."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError

from chainhub_video.errors import ChainHubError
from chainhub_video.mcp.job import Job
from chainhub_video.mcp.jobs import Jobs
from chainhub_video.mcp.results import (
    GenerateArguments,
    KnownModel,
    KnownModels,
    ListArguments,
    NameArguments,
    NoArguments,
    Result,
    Standing,
    Standings,
    Video,
    WaitArguments,
    told,
)
from chainhub_video.models import MODELS, PARAMETERS, model_row
from chainhub_video.text import redacted

log = logging.getLogger("chainhub_video")

Context = ServerRequestContext[Any, Any]
_HEARTBEAT = 5.0  # seconds between two notifications, since clients give up a call that is silent


@attrs.frozen
class _Tool:
    """One tool.

    Attributes:
        call: does it.
        takes: its arguments.
        returns: its result.
        title: for people.
        description: for assistants.
        acts: whether it talks to the gateway and writes to the folder.
    """

    call: Callable[[Any, Context], Awaitable[Result]]
    takes: type[BaseModel]
    returns: type[Result]
    title: str
    description: str
    acts: bool = False

    def described(self, name: str) -> types.Tool:
        """Return it as the protocol lists it."""
        hints = types.ToolAnnotations(
            read_only_hint=not self.acts, destructive_hint=False, idempotent_hint=True, open_world_hint=self.acts
        )  # fmt: skip
        return types.Tool(
            name=name,
            title=self.title,
            description=self.description,
            input_schema=self.takes.model_json_schema(),
            output_schema=self.returns.model_json_schema(),
            annotations=hints,
        )


class Tools:
    """The tools of one server.

    Args:
        jobs: what they work with.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._table = {
            "generate": _Tool(
                self._generate, GenerateArguments, Standing, "Make a video",
                "Start a video from a prompt, and return once the gateway has taken it. Costs money, once: the same "
                "call again goes on where it stopped, and is free. Then call wait.",
                acts=True,
            ),
            "wait": _Tool(
                self._wait, WaitArguments, Standing, "Wait for a video",
                "Wait until a video is saved, for some seconds at most, and return how it stands. Costs nothing. Goes "
                "on with videos of earlier runs too.",
                acts=True,
            ),
            "status": _Tool(
                self._status, NameArguments, Standing, "Look at a video",
                "Return at once how a video stands. Costs nothing.",
            ),
            "list": _Tool(
                self._list, ListArguments, Standings, "List the videos",
                "Return the videos of the server's folder and how they stand. Costs nothing.",
            ),
            "models": _Tool(
                self._models, NoArguments, KnownModels, "List the models",
                "Return the known models and what each takes. Costs nothing.",
            ),
        }  # fmt: skip

    async def list(self, _context: Context, _params: object) -> types.ListToolsResult:
        """Answer `tools/list`."""
        return types.ListToolsResult(
            tools=[tool.described(name) for name, tool in self._table.items()]
        )

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Answer `tools/call`: what went wrong is a result too, so that the assistant reads it.

        Raises:
            MCPError: there is no such tool.
        """
        tool = self._table.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r:.100}")
        try:
            result = await tool.call(tool.takes.model_validate(params.arguments or {}), context)
            fields = result.model_dump(mode="json", exclude_defaults=True)
        except ValidationError as mistake:
            told_each = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in mistake.errors())
            return self._failed(f"Wrong arguments, nothing was done: {'; '.join(told_each)}.")
        except Exception as error:
            if not isinstance(error, ChainHubError):
                log.exception("tool %s failed", params.name)
            return self._failed(told(error))
        text = self._without_key(json.dumps(fields, ensure_ascii=False))
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=json.loads(text)
        )

    def _failed(self, text: str) -> types.CallToolResult:
        text = self._without_key(f"{text} (creates left: {self._jobs.hub.creates_left})")
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], is_error=True
        )

    def _without_key(self, text: str) -> str:
        return redacted(text, self._jobs.hub.raw.token)

    async def _generate(self, arguments: GenerateArguments, _context: Context) -> Standing:
        return await self._jobs.generate(arguments.name, arguments.model_dump(exclude={"name"}))

    async def _status(self, arguments: NameArguments, _context: Context) -> Standing:
        return await asyncio.to_thread(self._jobs.standing, arguments.name)

    async def _wait(self, arguments: WaitArguments, context: Context) -> Standing:
        job = self._jobs.follow(arguments.name)
        if job is not None:
            await self._follow(job, arguments.seconds, context)
        return await asyncio.to_thread(self._jobs.standing, arguments.name)

    async def _follow(self, job: Job, seconds: float, context: Context) -> None:
        loop = asyncio.get_running_loop()
        ends, shown = loop.time() + seconds, 0.0
        while not job.task.done() and (left := ends - loop.time()) > 0:
            await job.next_change(min(left, _HEARTBEAT))
            if job.task.done():
                break
            task = job.seen
            known, word = (task.progress, task.raw_status) if task is not None else (None, None)
            # It must grow each time; the rest is the download.
            shown = max(99 * (known or 0.0), shown + 0.01)
            await context.session.report_progress(round(shown, 2), 100, word)
        if job.error is not None:
            self._jobs.forget(job)
            raise job.error

    async def _list(self, arguments: ListArguments, _context: Context) -> Standings:
        return await asyncio.to_thread(self._listed, arguments.limit)

    def _listed(self, limit: int) -> Standings:
        names = self._jobs.names()
        videos, unreadable = [], []
        for name in names[:limit]:
            try:
                video = self._jobs.standing(name).model_dump(exclude={"creates_left"})
                videos.append(Video(**video))
            except ChainHubError as error:
                unreadable.append(f"{name}: {error}")
        return Standings(
            videos=videos,
            unreadable=unreadable,
            more=max(0, len(names) - limit),
            creates_left=self._jobs.hub.creates_left,
        )

    async def _models(self, _arguments: NoArguments, _context: Context) -> KnownModels:
        names = dict.fromkeys(model.name for model in MODELS)
        rows = [row for row in map(model_row, names) if row is not None]
        models = [
            KnownModel(
                name=row.name,
                format=row.format,
                required=list(row.required),
                least_images=row.min_images,
                most_images=row.max_images,
                **{name: row.values(name) for name in PARAMETERS if name != "watermark"},
            )
            for row in rows
        ]
        return KnownModels(models=models, creates_left=self._jobs.hub.creates_left)
