"""Tasks, and the states they go through while their clip is rendered."""

from __future__ import annotations

import asyncio
import re
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chainhub_sandbox.clock import Clock
from chainhub_sandbox.dialects import LATEST_SECONDS, Dialect

Format = Literal["openai", "unified"]

STATES: Mapping[Format, tuple[str, ...]] = {
    "openai": ("queued", "processing", "in_progress", "in_progress"),
    "unified": (
        "pending",
        "processing",
        "image_downloading",
        "video_generating",
        "video_generation_completed",  # not the end
        "video_upsampling",
    ),
}
COMPLETED = "completed"
FAILED = "failed"

_CONTENT_RANGE = re.compile(r"bytes (\d+)-")


def _new_token() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True)
class SentBytes:
    """The bytes of one file that have been sent, by any number of answers."""

    _ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def add(self, start: int, end: int) -> None:
        """Note that the bytes from `start` to before `end` have been sent."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted([*self._ranges, (start, end)]):
            if merged and first <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        self._ranges = merged  # in one step, since other threads read it

    def covers(self, size: int) -> bool:
        """Whether a whole file of that size has been sent."""
        return any(start == 0 and end >= size for start, end in self._ranges)


def first_byte(status: int, headers: Mapping[str, str]) -> int:
    """Return the offset in the file at which an answer's body begins."""
    found = _CONTENT_RANGE.match(headers.get("content-range", ""))
    return int(found[1]) if status == 206 and found else 0


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A valid create.

    Attributes:
        format: the wire format.
        model: as requested.
        prompt: as requested.
        size: as requested.
        seconds: as requested; empty where the format has none.
        ratio: as requested; empty where the format has none.
        images: the references to pictures (the file's name in a form).
    """

    format: Format
    model: str
    prompt: str
    size: str
    seconds: str = ""
    ratio: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task's state at one time.

    Attributes:
        status: as the API says it.
        progress: from 0.0 to 1.0.
        since: Unix time in seconds at which this state began.
    """

    status: str
    progress: float
    since: float


class Task:
    """One accepted create.

    Args:
        task_id: names it.
        request: what was asked for.
        pace: seconds spent in each state.
        clip: the finished MP4, or the reason why there is none.
        clock: the time it goes by.
        dialect: how answers speak of it.
        body: what was asked for, field by field; data URIs are shortened.
        pictures: by what the renderer knows each picture: its sha256, or the link to it.

    Attributes:
        id: names it.
        dialect: how answers speak of it.
        body: what was asked for, field by field.
        pictures: its pictures' sha256s, or the links to them.
        trace_id: names it where its id could be anything: on the page, and in answers.
        token: the unguessable part of the task's links.
        relinked: whether its first links have expired.
        created_at: Unix time in seconds.
        sent: which bytes of the video have been sent.
    """

    def __init__(
        self,
        task_id: str,
        request: CreateRequest,
        pace: float,
        clip: Future[Path],
        clock: Clock,
        dialect: Dialect,
        body: Mapping[str, Any] | None = None,
        pictures: Sequence[str] = (),
    ) -> None:
        self.id = task_id
        self.request = request
        self.clip = clip
        self.dialect = dialect
        self.body = dict(body or {})
        self.pictures = tuple(pictures)
        self.token = _new_token()
        self.relinked = False
        self.trace_id = uuid.uuid4().hex
        self.created_at = clock.time()
        self.sent = SentBytes()
        self._states = tuple(
            # Without pictures there is none to download.
            state
            for state in STATES[request.format]
            if request.images or state != "image_downloading"
        )
        self._pace = pace
        self._clock = clock
        self._started = clock.monotonic()
        self._skipped = 0.0
        self._first_asked: dict[str, float] = {}
        self._held_at: float | None = None
        self._failed_because: str | None = None
        self._ended_after: float | None = None
        clip.add_done_callback(self._note_end)

    @property
    def _duration(self) -> float:
        """Seconds that all of its states take."""
        return self._pace * len(self._states)

    @property
    def _elapsed(self) -> float:
        """Seconds of its states that are over."""
        now = self._clock.monotonic() if self._held_at is None else self._held_at
        # To the microsecond: pauses that add up to the duration must not fall short of it.
        return round(now - self._started + self._skipped, 6)

    def hold(self) -> None:
        """Keep it in its state."""
        if self._held_at is None:
            self._held_at = self._clock.monotonic()

    def release(self) -> None:
        """Let it go on from where it was held."""
        if self._held_at is not None:
            self._skipped -= self._clock.monotonic() - self._held_at
            self._held_at = None

    def finish(self) -> None:
        """Go to the end of its states."""
        self.release()
        self._skipped += max(0.0, self._duration - self._elapsed)

    def fail(self, reason: str) -> None:
        """End it as failed."""
        self._failed_because = reason
        self._ended_after = self._elapsed
        self.finish()

    def late(self, what: str, seconds: float, since: float) -> bool:
        """Whether something that is there does not show yet, in the dialect `late`.

        Args:
            what: names it.
            seconds: how long it does not show, from the first question for it.
            since: when it came, in Unix time; a minute later it shows in any case.
        """
        if "late" not in self.dialect.names:
            return False
        now = self._clock.time()
        asked = self._first_asked.setdefault(what, now)
        return now < min(asked + seconds, since + LATEST_SECONDS)

    def _note_end(self, _: Future[Path]) -> None:
        self._ended_after = self._elapsed

    async def until_rendered(self) -> None:
        """Wait for the clip, if all states are over in virtual time.

        Otherwise time that jumps would leave a task at 99 % for hours.
        """
        if self._clock.virtual and self._elapsed >= self._duration and not self.clip.done():
            await asyncio.wait([asyncio.wrap_future(self.clip)])

    def state(self) -> TaskState:
        """Return where the task is now.

        It completes when all states are over and its clip is rendered. It fails as soon as the
        rendering has failed, in virtual time when all states are over.
        """
        elapsed, duration, pace = self._elapsed, self._duration, self._pace
        began = self.created_at - self._skipped
        ended_after = self._ended_after
        if self._clock.virtual:  # rendering takes no virtual time, so that all runs are alike
            ended_after = 0.0 if self.clip.done() else None
        elif self.failure is not None and ended_after is not None:
            return TaskState(FAILED, 0.0, began + ended_after)
        if elapsed < duration:
            index = min(int(elapsed / pace), len(self._states) - 1)
            progress = elapsed / duration if index else 0.0
            return TaskState(self._states[index], min(progress, 0.99), began + index * pace)
        if self.failure is not None:
            return TaskState(FAILED, 0.0, began + duration)
        if ended_after is None:
            return TaskState(self._states[-1], 0.99, began + duration - pace)
        return TaskState(COMPLETED, 1.0, began + max(duration, ended_after))

    @property
    def held(self) -> bool:
        """Whether it is kept in its state."""
        return self._held_at is not None

    @property
    def video(self) -> Path | None:
        """The rendered MP4; None if it is not, or cannot be, rendered."""
        if not self.clip.done() or self.clip.cancelled() or self.clip.exception() is not None:
            return None
        return self.clip.result()

    @property
    def failure(self) -> str | None:
        """Why there will be no clip; None as long as nothing is wrong."""
        if self._failed_because is not None or not self.clip.done():
            return self._failed_because
        if self.clip.cancelled():
            return "the sandbox was stopped"
        error = self.clip.exception()
        return None if error is None else (str(error) or type(error).__name__)


class TaskStore:
    """All tasks of one sandbox, by id and by the token in their links."""

    def __init__(self) -> None:
        self._by_id: dict[str, Task] = {}
        self._by_token: dict[str, Task] = {}
        self._expired: dict[str, int] = {}
        self._holding = False

    def __iter__(self) -> Iterator[Task]:
        """All tasks, oldest first."""
        return iter(list(self._by_id.values()))

    def add(self, task: Task) -> None:
        """Keep a task."""
        if self._holding:
            task.hold()
        self._by_id[task.id] = task
        self._by_token[task.token] = task

    def hold(self, *, holding: bool) -> None:
        """Hold all tasks, and those to come; or let all go on."""
        self._holding = holding
        for task in self:
            if holding:
                task.hold()
            else:
                task.release()

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, task_id: str) -> Task | None:
        """Return the task of that id."""
        return self._by_id.get(task_id)

    def by_token(self, token: str) -> Task | None:
        """Return the task whose links have the token."""
        return self._by_token.get(token)

    def expire_links(self, task: Task, status: int) -> None:
        """Give a task another token; its old links are answered with an error status from now on."""
        del self._by_token[task.token]
        self._expired[task.token] = status
        task.token = _new_token()
        task.relinked = True
        self._by_token[task.token] = task

    def expired(self, token: str) -> int | None:
        """Return the status that links with a token are answered with, if they have expired."""
        return self._expired.get(token)
