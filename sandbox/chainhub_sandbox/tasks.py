"""Tasks, and the states they walk through while their clip is rendered."""

from __future__ import annotations

import asyncio
import re
import secrets
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from chainhub_sandbox.clock import Clock, RealClock

_RANGE = re.compile(r"bytes (\d+)-")


@dataclass(slots=True)
class Delivered:
    """The bytes of one file that have left, by any number of answers."""

    _parts: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def add(self, first: int, end: int) -> None:
        """Notes that the bytes from `first` to before `end` have left."""
        first_part, *rest = sorted([*self._parts, (first, end)])
        parts = [first_part]
        for start, stop in rest:
            before, reached = parts[-1]
            if start <= reached:
                parts[-1] = before, max(stop, reached)
            else:
                parts.append((start, stop))
        self._parts = parts  # in one step, since other threads look at it

    def covers(self, size: int) -> bool:
        """Whether a whole file of that size has left."""
        return any(first == 0 and end >= size for first, end in self._parts)


def first_byte(status: int, headers: Mapping[str, str]) -> int:
    """Where in the file an answer's body begins."""
    found = _RANGE.match(headers.get("content-range", ""))
    return int(found[1]) if status == 206 and found else 0


Format = Literal["openai", "unified"]

WALKS: dict[Format, tuple[str, ...]] = {
    "openai": ("queued", "processing", "in_progress", "in_progress"),
    "unified": (
        "pending",
        "processing",
        "image_downloading",
        "video_generating",
        # Generated is not finished: the task moves on.
        "video_generation_completed",
        "video_upsampling",
    ),
}
COMPLETED = "completed"
FAILED = "failed"


def new_token() -> str:
    """Text that cannot be guessed."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a task is at one time.

    Attributes:
        status: the word the gateway says.
        progress: from 0.0 to 1.0.
        since: Unix time in seconds at which this state began.
    """

    status: str
    progress: float
    since: float


@dataclass(slots=True, eq=False)
class Task:
    """One accepted create.

    Attributes:
        format: the wire format it was created in.
        model: as requested.
        prompt: as requested.
        size: as requested.
        pace: seconds spent in each state.
        clip: gives the finished MP4, or the reason why there is none.
        clock: the time it goes by.
        ratio: as requested; empty where the format has none.
        seconds: as requested; empty where the format has none.
        images: the references to pictures as requested (the file's name in a form).
        id: `video_<uuid>` or `grok:<uuid>`.
        token: the unguessable part of the task's links.
        created_at: Unix time in seconds.
        delivered: which bytes of the video have been sent.
        sentence: why it fails whatever is rendered; None if it does not.
    """

    format: Format
    model: str
    prompt: str
    size: str
    pace: float
    clip: Future[Path]
    clock: Clock = field(default_factory=RealClock)
    ratio: str = ""
    seconds: str = ""
    images: tuple[str, ...] = ()
    id: str = ""
    token: str = field(default_factory=new_token)
    trace_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: float = 0.0
    delivered: Delivered = field(default_factory=Delivered)
    sentence: str | None = None
    _started: float = 0.0
    _shift: float = 0.0
    _ended_after: float | None = None
    _held_at: float | None = None

    def __post_init__(self) -> None:
        self.id = self.id or f"{'video_' if self.format == 'openai' else 'grok:'}{uuid.uuid4()}"
        self.created_at = self.clock.time()
        self._started = self.clock.monotonic()
        self.clip.add_done_callback(self._note_end)

    @property
    def walk(self) -> tuple[str, ...]:
        """The states before the last one; without pictures there is none to download."""
        walk = WALKS[self.format]
        return walk if self.images else tuple(s for s in walk if s != "image_downloading")

    @property
    def whole(self) -> float:
        """Seconds that its walk takes."""
        return self.pace * len(self.walk)

    @property
    def _elapsed(self) -> float:
        """Seconds of its walk that are behind it."""
        until = self.clock.monotonic() if self._held_at is None else self._held_at
        # To the microsecond: a sum of pauses that ends where the walk does must not fall short of it.
        return round(until - self._started - self._shift, 6)

    def hold(self) -> None:
        """Has it stand still in its state."""
        if self._held_at is None:
            self._held_at = self.clock.monotonic()

    def release(self) -> None:
        """Has it go on from where it stands still."""
        if self._held_at is not None:
            self._shift += self.clock.monotonic() - self._held_at
            self._held_at = None

    def finish(self) -> None:
        """Takes it to the end of its walk."""
        self.release()
        self._shift -= max(0.0, self.whole - self._elapsed)

    def fail(self, reason: str) -> None:
        """Takes it to a bad end."""
        self.sentence = reason
        self._ended_after = self._elapsed
        self.finish()

    async def until_rendered(self) -> None:
        """Returns when it is known whether there is a clip, if its walk is over in virtual time.

        Otherwise time that jumps would have a task stand at 99 % for hours.
        """
        if self.clock.virtual and self._elapsed >= self.whole and not self.clip.done():
            await asyncio.wait([asyncio.wrap_future(self.clip)])

    def _note_end(self, _: Future[Path]) -> None:
        self._ended_after = self._elapsed

    @property
    def _rendered_after(self) -> float | None:
        if self.clock.virtual:  # a rendering takes none of it, or two runs would not be alike
            return 0.0 if self.clip.done() else None
        return self._ended_after

    def moment(self) -> Moment:
        """Where the task is now.

        A task completes only when it has walked through all states and its clip is there; it
        fails as soon as the rendering has failed, in virtual time at the end of its walk.
        """
        elapsed, walk, whole = self._elapsed, self.walk, self.whole
        rendered_after = self._rendered_after
        began = self.created_at + self._shift
        if self.failure is not None and rendered_after is not None and not self.clock.virtual:
            return Moment(FAILED, 0.0, began + rendered_after)
        if elapsed < whole:
            step = min(int(elapsed / self.pace), len(walk) - 1)
            progress = elapsed / whole if step else 0.0
            return Moment(walk[step], min(progress, 0.99), began + step * self.pace)
        if self.failure is not None:
            return Moment(FAILED, 0.0, began + whole)
        if rendered_after is None:
            return Moment(walk[-1], 0.99, began + whole - self.pace)
        return Moment(COMPLETED, 1.0, began + max(whole, rendered_after))

    @property
    def video(self) -> Path | None:
        """The rendered MP4; None before it is there, and where it could not be rendered."""
        if not self.clip.done() or self.clip.cancelled() or self.clip.exception() is not None:
            return None
        return self.clip.result()

    @property
    def failure(self) -> str | None:
        """Why there will be no clip, None as long as nothing is wrong."""
        if self.sentence is not None:
            return self.sentence
        if not self.clip.done():
            return None
        if self.clip.cancelled():
            return "the sandbox was stopped"
        error = self.clip.exception()
        return None if error is None else (str(error) or type(error).__name__)


class TaskBook:
    """All tasks of one sandbox, by id and by the token in their links."""

    def __init__(self) -> None:
        self._by_id: dict[str, Task] = {}
        self._by_token: dict[str, Task] = {}
        self._expired: dict[str, int] = {}
        self._holding = False

    def enter(self, task: Task) -> None:
        """Keeps a task."""
        if self._holding:
            task.hold()
        self._by_id[task.id] = task
        self._by_token[task.token] = task

    def __iter__(self) -> Iterator[Task]:
        """All tasks, oldest first."""
        return iter(list(self._by_id.values()))

    def hold(self, *, holding: bool) -> None:
        """Has all tasks stand still, those too that are yet to come; or has all go on."""
        self._holding = holding
        for task in self:
            if holding:
                task.hold()
            else:
                task.release()

    def find(self, task_id: str, wire_format: Format) -> Task | None:
        """The task of that id, if it was created in that format."""
        task = self._by_id.get(task_id)
        return task if task is not None and task.format == wire_format else None

    def linked(self, token: str) -> Task | None:
        """The task whose links carry the token."""
        return self._by_token.get(token)

    def expire(self, task: Task, status: int) -> None:
        """Gives a task another token; its old links are answered with an error status from now on."""
        del self._by_token[task.token]
        self._expired[task.token] = status
        task.token = new_token()
        self._by_token[task.token] = task

    def expired(self, token: str) -> int | None:
        """The status that links with a token are answered with, if they have expired."""
        return self._expired.get(token)
