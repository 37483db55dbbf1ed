"""One download: who asks, who may serve it, where it goes, and what should be there in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from chainhub_video import SavedVideo, VideoTask

from tests.support.answering import Answer, say
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, whole


@dataclass(frozen=True)
class Download:
    """A download of a client.

    Attributes:
        hub: the client.
        gateway: whose task it is.
        elsewhere: the host of links.
        target: the output.
        video: what is to be saved.
    """

    hub: Any
    gateway: Gateway
    elsewhere: Gateway
    target: Path
    video: bytes

    def of(self, **options: Any) -> Self:
        """The same download by another client."""
        return replace(self, hub=self.hub.colour.hub(self.gateway.url, **options))

    @property
    def link(self) -> str:
        """A link to the other host."""
        return self.elsewhere.url + LINK

    def served(self, status: int = 200, **options: Any) -> Answer:
        """An answer with the whole video."""
        return say(status, self.video, MP4, **options)

    def save(self, task: VideoTask | str, **options: Any) -> SavedVideo:
        """Save a task's video, and return it unchecked."""
        saved: SavedVideo = self.hub.videos.download(task, self.target, **options)
        return saved

    def check(self, task: VideoTask | str, **options: Any) -> SavedVideo:
        """Save a task's video, and check that it is whole, told truly, and alone."""
        saved = self.save(task, **options)
        whole(saved, self.target, self.video)
        return saved
