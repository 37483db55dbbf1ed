"""The language of scenarios: calls on the facade one after another, and what must come out of them.

A scenario is a generator that yields calls and is sent their results, so that it runs blocking and under asyncio, and
records and replays, as it stands.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from chainhub_video import ChainHubError, SavedVideo, VideoTask

Failure = TypeVar("Failure", bound=ChainHubError)


class Unexpected(Exception):
    """A call that came out otherwise than the scenario says; the text says how."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call on `hub.videos`.

    Attributes:
        name: of the method.
        arguments: by position.
        named: by name.
    """

    name: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]


Script = Generator[Ask, Any, None]


def ask(name: str, *arguments: Any, **named: Any) -> Ask:
    """A call on `hub.videos`."""
    return Ask(name, arguments, named)


@dataclass(slots=True)
class Stage:
    """What a scenario is played with.

    Attributes:
        folder: an empty one, for videos.
        fields: of the create.
        expected_sha256: of every saved video; None while it is recorded.
        tasks: the creates that were answered.
        saved: the videos that were saved.
    """

    folder: Path
    fields: Mapping[str, Any]
    expected_sha256: str | None = None
    tasks: list[VideoTask] = field(default_factory=list[VideoTask])
    saved: list[SavedVideo] = field(default_factory=list[SavedVideo])

    @property
    def target(self) -> Path:
        """Where the video goes."""
        return self.folder / "video.mp4"

    def keep(self, video: SavedVideo) -> None:
        """Hold a saved video against its file, and against what it must be."""
        content = self.target.read_bytes()
        expect(video, path=self.target, size=len(content), sha256=sha256(content).hexdigest())
        if self.expected_sha256 is not None:
            expect(video, sha256=self.expected_sha256)
        self.saved.append(video)


def expect(thing: object, **attributes: Any) -> None:
    """Require that attributes of something have these values; a set means any of its members.

    Raises:
        Unexpected: one has not.
    """
    for name, wanted in attributes.items():
        value = getattr(thing, name)
        if value not in wanted if isinstance(wanted, (set, frozenset)) else value != wanted:
            raise Unexpected(
                f"{name} of the {type(thing).__name__} is {value!r}, and should be {wanted!r}"
            )


def refused(
    call: Ask, kind: type[Failure], *, says: str = "", **attributes: Any
) -> Generator[Ask, Any, Failure]:
    """Require that a call ends with an error of just this class.

    Args:
        call: the call.
        kind: the class.
        says: what the message must hold.
        **attributes: what the error must have.

    Returns:
        The error.

    Raises:
        Unexpected: it is another, or there is none.
    """
    try:
        result = yield call
    except ChainHubError as error:
        if type(error) is not kind:
            raise Unexpected(
                f"{type(error).__name__} instead of {kind.__name__}: {error}"
            ) from error
        expect(error, **attributes)
        if says not in str(error):
            raise Unexpected(f"the message does not say {says!r}: {error}") from error
        return error
    raise Unexpected(f"{type(result).__name__} instead of {kind.__name__}")
