"""Whole jobs with receipts: a gateway scripted for one, and receipts, read or as earlier runs left them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import AuthenticationError

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4
from tests.support.wires import OPENAI, Wire

STEPS = ("create", "query", "download")
SENDS = ("create", "query", "content", LINK)


def script(
    gateway: Gateway,
    wire: Wire,
    video: bytes,
    *,
    create: Answer | None = None,
    look: Callable[[], Any] = lambda: None,
) -> None:
    """Script a whole job: a create, a query that finds it completed, and the video.

    Args:
        gateway: what to script.
        wire: the format.
        video: what is downloaded.
        create: the answer to it, if not a good one.
        look: called when a create or a query has arrived.
    """
    gateway.on("create", first_then(look, create or tell(wire.created())))
    link = {} if wire is OPENAI else {"video_url": f"{gateway.url}{LINK}"}
    gateway.on("query", first_then(look, tell(wire.seen("completed", **link))))
    gateway.on("content" if wire is OPENAI else LINK, say(200, video, MP4))


def step_of(step: str, wire: Wire) -> str:
    """The scripted gateway's name of a step of a job: create, query or download."""
    return {"download": "content" if wire is OPENAI else LINK}.get(step, step)


def sent(gateway: Gateway) -> tuple[int, int, int]:
    """How many creates, queries and downloads arrived."""
    creates, queries, content, links = (gateway.count(step) for step in SENDS)
    return creates, queries, content + links


def path_of(target: Path) -> Path:
    """Where the receipt of an output is."""
    return target.with_name(target.name + ".task.json")


def read(target: Path) -> dict[str, Any]:
    """What the receipt of an output says."""
    document: dict[str, Any] = json.loads(path_of(target).read_text(encoding="utf-8"))
    return document


def first_then(look: Callable[[], Any], answer: Answer) -> Answer:
    """An answer before which the test looks at something, or does something."""

    def play(wire: Any, arrived: Arrived) -> bool:
        look()
        return answer.play(wire, arrived)

    return Answer(play)


def ago(seconds: float) -> str:
    """A time in the past, or, below 0, in the future, as receipts have it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def leave(
    gateway: Gateway,
    hub: Any,
    wire: Wire,
    target: Path,
    state: str,
    *,
    age: float = 60.0,
    **fields: Any,
) -> bytes:
    """Leave the receipt of an earlier run of the same request; return its bytes.

    Its request and fingerprint are real: they are those of a create that was refused.

    Args:
        gateway: forgets that create.
        hub: would send the same request.
        wire: its format.
        target: the output.
        state: of the receipt.
        age: seconds since the create was sent.
        **fields: what else the receipt says.
    """
    seen: list[dict[str, Any]] = []
    gateway.on("create", first_then(lambda: seen.append(read(target)), say(401)))
    with pytest.raises(AuthenticationError):
        wire.generate(hub, save_to=target)
    gateway.arrived.clear()
    (document,) = seen
    times = {"submitting": ago(age), state: ago(age)}
    left = {"expires": None, "owner": "another machine", "state": state, "times": times}
    text = json.dumps({**document, **left, **fields})
    path_of(target).write_text(text)
    return text.encode()


def known(wire: Wire) -> dict[str, Any]:
    """A receipt's task."""
    return {"id": wire.task_id, "format": wire.name, "model": wire.arguments["model"]}
