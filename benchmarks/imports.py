"""What importing costs, and what stands between the start of a program and its first answer."""

from __future__ import annotations

from collections.abc import Mapping

from .environments import Environment
from .processes import output_of, turns
from .results import AtMost, Row, timed

_OPTIONS = "(api_key='bench', base_url={url!r})"
_PEER = _OPTIONS.replace("{url!r}", "{url!r} + '/v1'")
_PROGRAMS: tuple[tuple[str, AtMost | None, Mapping[str, str]], ...] = (
    (
        "`import chainhub_video`",
        AtMost(1.15),
        {"ours": "import chainhub_video", "bare": "import httpx", "openai_sdk": "import openai"},
    ),
    (
        "`from chainhub_video import ChainHub`",
        AtMost(1.15),
        {
            "ours": "from chainhub_video import ChainHub",
            "bare": "from httpx import Client",
            "openai_sdk": "from openai import OpenAI",
        },
    ),
    (
        "import and make a client",
        AtMost(1.30),
        {
            "ours": f"from chainhub_video import ChainHub; ChainHub{_OPTIONS}",
            "bare": "import httpx; httpx.Client()",
            "openai_sdk": f"from openai import OpenAI; OpenAI{_PEER}",
        },
    ),
    (
        "import and make a client, asyncio",
        AtMost(1.30),
        {
            "ours": f"from chainhub_video import AsyncChainHub; AsyncChainHub{_OPTIONS}",
            "bare": "import httpx; httpx.AsyncClient()",
            "openai_sdk": f"from openai import AsyncOpenAI; AsyncOpenAI{_PEER}",
        },
    ),
    (
        "import, make a client, first query",
        None,
        {
            "ours": f"from chainhub_video import ChainHub; ChainHub{_OPTIONS}.videos.retrieve('video_1')",
            "bare": "import httpx; httpx.Client().get({url!r} + '/v1/videos/video_1').json()",
            "openai_sdk": f"from openai import OpenAI; OpenAI{_PEER}.videos.retrieve('video_1')",
        },
    ),
)
_TIMED = "from time import perf_counter as now; t = now(); {code}; print(now() - t)"


async def measure(core: Environment, peer: Environment, url: str, *, rounds: int) -> list[Row]:
    """Time each program in fresh interpreters, the subjects in turn."""
    rows = []
    for title, aim, programs in _PROGRAMS:
        taken: list[dict[str, float]] = []
        for number in range(rounds + 1):
            seconds = {}
            for name in turns(programs, number):
                program = _TIMED.format(code=programs[name].format(url=url))
                place = peer if name == "openai_sdk" else core
                seconds[name] = float(await output_of(place, program))
            taken.append(seconds)
        rows.append(timed(title, taken[1:], aim))  # the first may have compiled modules
    return rows
