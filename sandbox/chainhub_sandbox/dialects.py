"""Dialects: the words, places and habits in which gateways of this family really answer, drawn for each task."""

from __future__ import annotations

import base64
import random
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from chainhub_sandbox.errors import InvalidDialect

NAMES = ("documented", "numeric-ids", "long-ids", "envelope", "relay", "late", "own-links")

_T = TypeVar("_T")
_STEP = re.compile(r"\w+")
_ENVELOPE_NAME = re.compile(r"^(data|output|result)\.")

# numeric-ids

ROW = "row"
"""`id` is the number of a row, and the task's own id is in `task_id`."""

ID_FIELDS = ("id", "task_id", "taskId", ROW)

# envelope


class Envelope(NamedTuple):
    """What surrounds a task.

    Attributes:
        place: of the task.
        head: what stands beside it.
        id_field: where the task's id is.
    """

    place: str
    head: Mapping[str, Any]
    id_field: str = "id"


ENVELOPES = (
    Envelope("data", {"code": "success", "message": ""}),
    Envelope("data", {"code": 200, "msg": "ok", "status": "success"}),
    Envelope("data[0]", {"code": 0, "message": "SUCCEED"}),
    Envelope("data.data", {"code": "success", "message": "", "status": "success"}),
    Envelope("output", {}, "task_id"),
    Envelope("result", {"status": "success"}),
    Envelope("Response", {}, "task_id"),
    Envelope("[0]", {}),
)

# relay

STATE_FIELDS = ("status", "state", "task_status")
_FIRST_WORDS = ("created", "waiting", "queueing", "in_queue")
STATE_WORDS: Mapping[str, Sequence[str]] = {
    "queued": _FIRST_WORDS,
    "pending": _FIRST_WORDS,
    "processing": ("starting", "preparing"),
    "in_progress": ("running", "generating"),
    "image_downloading": ("running", "generating"),
    "video_generating": ("running", "generating"),
    "video_generation_completed": ("running", "generating"),
    "video_upsampling": ("running", "generating"),
    "completed": ("succeed", "done", "finish", "finished"),
    "failed": ("fail", "rejected", "timeout", "timed_out"),
}
LETTERS: Sequence[Callable[[str], str]] = (
    str.lower,
    str.upper,
    str.capitalize,
    lambda word: "".join(letter.upper() if at % 2 else letter for at, letter in enumerate(word)),
    lambda word: f" {word.upper()}\n",
)
LINK_PLACES = (
    "result_url",
    "video.url",
    "videos[0].url",
    "video_urls[0]",
    "output[0]",
    "output.video_url",
    "result.video_url",
    "data.task_result.videos[0].url",
    "data.data.video_url",
    "data.resultUrls[0]",
    "assets.video",
    "fail_reason",  # of a task that ended well
)
REASON_PLACES = ("msg", "errorMessage", "failure_reason", "raiMediaFilteredReasons[0]")

TOLD_BY: Mapping[str, Literal["number", "word"]] = {
    "invalid_request": "number",
    "model_not_found": "word",
}
"""What a relay tells a refused create by: what is documented, since a number such as 503 alone would leave it open
whether the create was carried out. Other refusals come in both ways."""

# late

NOT_FOUND_SECONDS = 2.0
"""How long a new task is unknown, from the first question for it."""

NO_LINK_SECONDS = 3.0
"""How long the link of a completed task is empty, from the first answer that says so."""

NO_FILE_SECONDS = 5.0
"""How long a completed task's video is not handed out, from the first request for it."""

LATEST_SECONDS = 60.0
"""All of that is over so long after the create, or after the completion."""

NOT_FOUND = (404, 400)
NO_FILE: Sequence[tuple[int, str, str, Literal["error", "plain"]]] = (
    (400, "The video is not ready yet", "video_not_ready", "error"),
    (502, "Bad gateway", "bad_gateway", "plain"),
    (200, "The upstream could not be reached", "upstream_error", "error"),
)
"""Status, message, code and shape of the refusal that comes instead."""

# own-links


class Link(NamedTuple):
    """Where answers link to.

    Attributes:
        form: the link, with `{gateway}`, `{links}`, `{token}` and `{id}` to be filled in.
        trouble: `forbidden`, `expires` (the first one does), or empty.
    """

    form: str
    trouble: str = ""


DOCUMENTED_LINK = Link("{links}/{token}/video.mp4")
OWN_FILES = "/v1/files/{token}/video.mp4"
OWN_LINKS = (
    Link(OWN_FILES),
    Link("{gateway}" + OWN_FILES),
    Link("{gateway}/v1/videos/{id}/content"),
    Link("{gateway}" + OWN_FILES, "forbidden"),
    Link(DOCUMENTED_LINK.form, "forbidden"),
    Link(DOCUMENTED_LINK.form, "expires"),
)


def parse(given: str | Sequence[str]) -> frozenset[str]:
    """Return the dialects that a name, or several of them, mean.

    Raises:
        InvalidDialect: one of the names is none of a dialect.
    """
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in NAMES:
            raise InvalidDialect(f"no dialect {name!r}; there are {', '.join(NAMES)}")
    return frozenset(names)


class DialectSwitch:
    """The dialects that a sandbox answers in, which can be switched while it runs.

    Args:
        names: of the dialects that it begins with.

    Attributes:
        names: of the dialects of new tasks.
        used: of those that any task may have.
    """

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        self.names = self.used = names

    def switch(self, names: str | Sequence[str]) -> None:
        """Answer in other dialects from the next create on; raises what `parse` raises."""
        self.names = parse(names)
        self.used |= self.names


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the gateway answers about one task: the same from its create to its end, and in every run.

    Attributes:
        names: of the dialects that come together; see `NAMES`.
        seed: of what is drawn.
        number: the task's, from 0.
    """

    names: frozenset[str] = frozenset()
    seed: int = 0
    number: int = 0

    def draw(self, table: str, choices: Sequence[_T]) -> _T:
        """Return one of some choices: as many tasks in a row as there are choices draw each of them once."""
        turn, place = divmod(self.number, len(choices))
        return random.Random(f"{self.seed}/{table}/{turn}").sample(choices, len(choices))[place]

    @property
    def link(self) -> Link:
        """What answers link to."""
        return self.draw("link", OWN_LINKS) if "own-links" in self.names else DOCUMENTED_LINK

    @property
    def links_always(self) -> bool:
        """Whether answers have a link in the OpenAI format, too, where the documented ones have none."""
        return not self.names.isdisjoint({"relay", "late", "own-links"})

    def new_id(self) -> str:
        """Return a new task's id; empty for the model's own form."""
        forms = [each for each in ("numeric-ids", "long-ids") if each in self.names]
        match self.draw("form of id", forms or [""]):
            case "numeric-ids":
                return str(10**14 + secrets.randbelow(9 * 10**14))
            case "long-ids":  # 200 characters, with at least one of each kind of sign
                return base64.b64encode(b"\xff" + secrets.token_bytes(147)).decode()
            case _:
                return ""

    def translate(
        self, document: Mapping[str, Any], pictures: Sequence[str], thumbnail: str, request_id: str
    ) -> Any:
        """Return the documented answer about the task as the dialects have it.

        Args:
            document: the documented answer.
            pictures: links to the caller's own pictures.
            thumbnail: a link to a still of the video.
            request_id: of this request.
        """
        answer = dict(document)
        envelope = self.draw("envelope", ENVELOPES) if "envelope" in self.names else None
        if "relay" in self.names:
            answer = self._relayed(answer, pictures, thumbnail, enveloped=envelope is not None)
        answer = self._with_id(answer, envelope.id_field if envelope else "id")
        if envelope is None:
            return answer
        wrapped = _nested(envelope.place, answer)
        return (
            wrapped
            if isinstance(wrapped, list)
            else {**envelope.head, "request_id": request_id, **wrapped}
        )

    def _with_id(self, answer: dict[str, Any], id_field: str) -> dict[str, Any]:
        task_id = answer.pop("id")
        if "numeric-ids" in self.names:
            id_field = self.draw("id", ID_FIELDS)
            if isinstance(task_id, str) and task_id.isdecimal():
                task_id = int(task_id)
        if id_field == ROW:
            return {"id": self.number + 1, "task_id": task_id, **answer}
        return {id_field: task_id, **answer}

    def _relayed(
        self, answer: dict[str, Any], pictures: Sequence[str], thumbnail: str, *, enveloped: bool
    ) -> dict[str, Any]:
        """Return an answer in the words and places of other platforms."""
        status, link = answer.pop("status"), answer.pop("video_url", "")
        error, detail = answer.pop("error", None), answer.pop("detail", None)
        answer[self.draw("state", STATE_FIELDS)] = self._word(status)
        if pictures:
            answer["input"] = {"image_url": pictures[0], "images": list(pictures)}
            answer["images"] = [{"url": picture} for picture in pictures]
        match detail:
            case {"pending_info": {"progress_pct": float(share)}}:
                answer["progress"] = f"{int(share * 100)}%"
            case _:
                pass
        if status == "completed":
            place = self.draw("place of the link", LINK_PLACES)
            beside = {"thumbnail_url": thumbnail}
            answer |= beside | _nested(
                _ENVELOPE_NAME.sub("", place) if enveloped else place, link, beside
            )
        if status == "failed" and isinstance(error, dict):
            answer |= _nested(self.draw("place of the reason", REASON_PLACES), error.get("message"))
        return answer

    def _word(self, status: object) -> object:
        if not isinstance(status, str) or status not in STATE_WORDS:
            return status  # a fault's
        word = self.draw(f"word for {status}", STATE_WORDS[status])
        return self.draw("letters", LETTERS)(word)

    def refusal(self, status: int, code: str, message: str) -> dict[str, Any]:
        """Return the body of a refusal that is sent with the status 200."""
        choices: list[dict[str, Any]] = [
            {"code": status, "msg": message},
            {"code": code, "message": message},
        ]
        if code in TOLD_BY:
            return {**choices[TOLD_BY[code] == "word"], "data": None}
        return {**self.draw("refusal", choices), "data": None}


def _nested(place: str, value: Any, beside: Mapping[str, Any] | None = None) -> Any:
    """Return a value at a place such as `videos[0].url`, and more beside it if the last step is a name."""
    *outer, last = _STEP.findall(place)
    value = [value] if last.isdigit() else {last: value, **(beside or {})}
    for step in reversed(outer):
        value = [value] if step.isdigit() else {step: value}
    return value
