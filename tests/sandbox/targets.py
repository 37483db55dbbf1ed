"""A sandbox for faults, and what its steps answer without any."""

from __future__ import annotations

import json
from dataclasses import dataclass

from chainhub_sandbox import Sandbox

from tests.support.sandbox_caller import Caller

from .raw import Seen, exchange

FILES = ("content", "link")


@dataclass
class Target:
    """A sandbox with a finished task of each format, and one request for each step."""

    gateway: Sandbox
    openai: str
    unified: str
    clip: dict[str, bytes]
    caller: Caller

    def send(self, step: str, patience: float = 10.0, **headers: str) -> Seen:
        """One request of a step, on a connection of its own."""
        if step == "link":
            return exchange(self.link(), patience=patience, **headers)
        task = f"/v1/videos/{self.openai}"
        paths = {"create": "/v1/video/create", "query": task, "content": f"{task}/content"}
        method = "POST" if step == "create" else "GET"
        url = self.gateway.url + paths[step]
        return exchange(url, method, patience, Authorization="Bearer sandbox", **headers)

    def link(self) -> str:
        """Where the unified task's video is now."""
        found: str = self.caller.query(self.unified).json()["video_url"]
        return found

    def whole(self, step: str, seen: Seen) -> bool:
        """Whether an answer is the one that comes without any fault."""
        assert (seen.ending, seen.status) == ("fin", 200), step
        if step in FILES:
            return seen.body == self.clip[step]
        return {"id", "status"} <= set(json.loads(seen.body))
