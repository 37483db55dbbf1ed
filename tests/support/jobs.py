"""One whole job of one client: what is asked for, of whom, and where its video and its receipt go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from chainhub_video import VideoTask

from tests.support.receipted import leave, path_of, read, script, sent
from tests.support.scripted import Gateway
from tests.support.wires import Wire


@dataclass(frozen=True)
class Job:
    """A job that is in order.

    Attributes:
        hub: the client.
        wire: the format.
        gateway: scripted by the test.
        target: the output.
        video: what is downloaded.
    """

    hub: Any
    wire: Wire
    gateway: Gateway
    target: Path
    video: bytes

    def of(self, **options: Any) -> Self:
        """The same job of another client."""
        return replace(self, hub=self.hub.colour.hub(self.gateway.url, **options))

    def script(self, **options: Any) -> None:
        """Have the gateway answer it well, but for what `script` is told."""
        script(self.gateway, self.wire, self.video, **options)

    def generate(self, **changes: Any) -> Any:
        """Do it."""
        return self.wire.generate(self.hub, save_to=self.target, **changes)

    def create(self, **changes: Any) -> VideoTask:
        """Send its create alone."""
        return self.wire.create(self.hub, **changes)

    def resume(self, **options: Any) -> Any:
        """Finish it."""
        return self.hub.videos.resume(self.target, **options)

    def leave(self, state: str, **fields: Any) -> bytes:
        """Leave the receipt of an earlier run, as `leave` does."""
        return leave(self.gateway, self.hub, self.wire, self.target, state, **fields)

    @property
    def receipt(self) -> Path:
        """Where its receipt is."""
        return path_of(self.target)

    def read(self) -> dict[str, Any]:
        """What its receipt says."""
        return read(self.target)

    @property
    def sent(self) -> tuple[int, int, int]:
        """How many creates, queries and downloads arrived."""
        return sent(self.gateway)

    @property
    def creates(self) -> int:
        """How many creates arrived."""
        return self.gateway.count("create")
