"""`BatchReport` and `BatchEvent`: what became of a batch, and what happens in it as it goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from chainhub_video.request import VideoRequest
    from chainhub_video.task import VideoTask

KEPT = 100  # failures that are told one by one
KINDS = 50  # kinds of failures that are counted one by one
EventKind: TypeAlias = Literal["begin", "plan", "start", "update", "end", "stop", "finish"]
_PICTURE = 300  # characters of a path or link; a data URI has millions
_OTHERS = "other reasons"


@attrs.frozen(kw_only=True)
class RowFailure:
    """A row that was not saved.

    Attributes:
        row: its number, from 1.
        where: its place in the manifest: `line 7` or `row 7`.
        name: of its output, without `.mp4`; None if the row has none.
        outcome: `failed`, `uncertain`, `running` or `invalid`.
        reason: in few words.
        message: what happened, and what to do.
        task_id: of its task, if there is one.
    """

    row: int
    where: str
    name: str | None
    outcome: str
    reason: str
    message: str
    task_id: str | None = None


@attrs.frozen(kw_only=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        rows: how many rows the manifest has.
        saved: whose video was saved by this run.
        present: whose video was there already.
        failed: that failed.
        uncertain: whose create has an unknown outcome: it may have been paid.
        running: that were not done at their deadline, and go on when the batch is run again.
        invalid: that cannot be made, and were left out.
        not_started: that this run did not come to, or may not pay for.
        planned: that a run would begin or go on with; of a dry run.
        creates: that this run paid for, or would pay for if it is a dry run; those of unknown outcome count.
        seconds: that the run took.
        bytes: of the videos that were saved by this run.
        reasons: how many rows were not saved, by the kind of their failure.
        failures: the first hundred of them.
        stopped: why no further row was started; None if every row was.
        interrupted: whether it was stopped by Ctrl-C.
        dry_run: whether nothing was sent.
    """

    rows: int = 0
    saved: int = 0
    present: int = 0
    failed: int = 0
    uncertain: int = 0
    running: int = 0
    invalid: int = 0
    not_started: int = 0
    planned: int = 0
    creates: int = 0
    seconds: float = 0.0
    bytes: int = 0
    reasons: Mapping[str, int] = attrs.field(factory=dict[str, int])
    failures: tuple[RowFailure, ...] = attrs.field(
        default=(), repr=lambda failures: f"<{len(failures)}>"
    )
    stopped: str | None = None
    interrupted: bool = False
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether every row's video is there; of a dry run, whether nothing is in the way of that."""
        return self.rows == self.saved + self.present + self.planned

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values, without the single failures."""
        fields = attrs.asdict(self, recurse=False, filter=attrs.filters.exclude("failures"))
        return {
            **fields,
            "seconds": round(self.seconds, 3),
            "reasons": dict(self.reasons),
            "ok": self.ok,
        }


@attrs.frozen(kw_only=True)
class BatchEvent:
    """Something that happened in a batch.

    Attributes:
        kind: `begin`, the manifest was read; `plan`, how far a row is, in a dry run; `start`, a row is begun or gone on
            with; `update`, its task has changed; `end`, its outcome is known; `stop`, no further row is started;
            `finish`, the last one.
        row: the row's number, from 1; None for the batch as a whole.
        where: its place in the manifest.
        name: of its output, without `.mp4`.
        status: of a `plan` and a `start`: how far its receipt is, or `new`.
        outcome: of an `end`: `saved`, `present`, `failed`, `uncertain`, `running`, `invalid` or `not_started`.
        request: of a `plan`: what would be sent, the values that are filled in included.
        task: of an `update`.
        path: of the saved video.
        size: of the saved video in bytes.
        sha256: of the saved video, in hex.
        task_id: of the task, if it is known.
        reason: of what was not saved, in few words; of a `stop`.
        message: of what was not saved: what happened, and what to do.
        seconds: that the row took, or since the batch began.
        report: of `begin` with the counts of rows, of `finish` with all of them.
    """

    kind: EventKind
    row: int | None = None
    where: str | None = None
    name: str | None = None
    status: str | None = None
    outcome: str | None = None
    request: VideoRequest | None = None
    task: VideoTask | None = None
    path: str | None = None
    size: int | None = None
    sha256: str | None = None
    task_id: str | None = None
    reason: str | None = None
    message: str | None = None
    seconds: float = 0.0
    report: BatchReport | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the event as JSON values; what is not said is left out."""
        fields: dict[str, Any] = attrs.asdict(
            self,
            recurse=False,
            filter=attrs.filters.exclude("kind", "request", "task", "report", "seconds"),
        )
        if self.request is not None:
            fields["request"] = _as_json(self.request)
        if self.task is not None:
            fields |= {
                "task_id": self.task.id,
                "status": self.task.status.value,
                "progress": self.task.progress,
            }
        if self.report is not None:
            fields["report"] = self.report.to_json()
        said = {name: value for name, value in fields.items() if value not in (None, "")}
        return {"event": self.kind, **said, "seconds": round(self.seconds, 3)}


def _as_json(request: VideoRequest) -> dict[str, Any]:
    """Return a request as JSON values, with pictures by path or link; one that is neither by its type."""
    pictures = [
        os.fspath(one) if isinstance(one, str | os.PathLike) else type(one).__name__
        for one in request.images
    ]
    fields = {**request.describe([]), "pictures": [each[:_PICTURE] for each in pictures]}
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


class Tally:
    """Counts the outcomes of a run, and keeps a bounded number of examples of what failed."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.creates = 0
        self.bytes = 0
        self.reasons: dict[str, int] = {}
        self.failures: list[RowFailure] = []

    def add(self, outcome: str, number: int = 1) -> None:
        """Count rows of an outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + number

    def fail(self, failure: RowFailure) -> None:
        """Count a row that was not saved, by its outcome and its reason."""
        self.add(failure.outcome)
        known = failure.reason in self.reasons or len(self.reasons) < KINDS
        reason = failure.reason if known else _OTHERS
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if len(self.failures) < KEPT:
            self.failures.append(failure)

    def report(self, rows: int, **fields: Any) -> BatchReport:
        """Return the report; rows of which nothing was counted were not started.

        Args:
            rows: how many there are.
            **fields: what is not counted here.
        """
        counted = sum(self.counts.values()) - self.counts.get("not_started", 0)
        counts: dict[str, Any] = {**self.counts, "not_started": rows - counted}
        return BatchReport(
            **counts,
            rows=rows,
            creates=self.creates,
            bytes=self.bytes,
            reasons=dict(self.reasons),
            failures=tuple(self.failures),
            **fields,
        )
