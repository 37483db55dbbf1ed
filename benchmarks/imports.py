"""What importing costs, and what stands between the start of a program and its first answer."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .environments import Environment
from .processes import output_of, turns
from .results import AtMost, Row, timed

_ADDRESS = "(api_key='bench', base_url={url!r}"


@attrs.frozen
class _Program:
    """Steps that one fresh interpreter takes; each row is the time from the start to the end of a step.

    Attributes:
        rows: a title and an aim for each step.
        steps: by subject.
    """

    rows: tuple[tuple[str, AtMost | None], ...]
    steps: Mapping[str, tuple[str, ...]]


_PROGRAMS = (
    _Program(
        (
            ("`import chainhub_video`", AtMost(1.15)),
            ("import and make a client, blocking", AtMost(1.30)),
            ("import, make a client, first query, blocking", None),
        ),
        {
            "ours": (
                "import chainhub_video",
                f"hub = chainhub_video.ChainHub{_ADDRESS})",
                "hub.videos.retrieve('video_1')",
            ),
            "bare": (
                "import httpx",
                "client = httpx.Client()",
                "client.get({url!r} + '/v1/videos/video_1').json()",
            ),
            "openai_sdk": (
                "import openai",
                f"client = openai.OpenAI{_ADDRESS} + '/v1')",
                "client.videos.retrieve('video_1')",
            ),
        },
    ),
    _Program(
        (
            ("`from chainhub_video import AsyncChainHub`", AtMost(1.15)),
            ("import and make a client, asyncio", AtMost(1.30)),
        ),
        {
            "ours": ("from chainhub_video import AsyncChainHub", f"AsyncChainHub{_ADDRESS})"),
            "bare": ("from httpx import AsyncClient", "AsyncClient()"),
            "openai_sdk": ("from openai import AsyncOpenAI", f"AsyncOpenAI{_ADDRESS} + '/v1')"),
        },
    ),
)


async def measure(core: Environment, peer: Environment, url: str, *, rounds: int) -> list[Row]:
    """Time each program in fresh interpreters, the subjects in turn."""
    rows = []
    for program in _PROGRAMS:
        taken: list[dict[str, list[float]]] = []
        for number in range(rounds + 1):
            seconds = {}
            for name in turns(program.steps, number):
                source = _source(program.steps[name]).format(url=url)
                printed = await output_of(peer if name == "openai_sdk" else core, source)
                seconds[name] = [float(word) for word in printed.split()]
            taken.append(seconds)
        for place, (title, aim) in enumerate(program.rows):
            # The first round may have compiled modules.
            marks = [{name: each[name][place] for name in each} for each in taken[1:]]
            rows.append(timed(title, marks, aim))
    return rows


def _source(steps: tuple[str, ...]) -> str:
    """Return a program that takes the steps, and prints the seconds from its start to the end of each."""
    marked = "".join(f"{step}\nmarks.append(now() - began)\n" for step in steps)
    return f"from time import perf_counter as now\nmarks = []; began = now()\n{marked}print(*marks)"
