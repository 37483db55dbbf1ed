"""What a wire format has to offer. A further format is one more module beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import attrs

from chainhub_video import answers
from chainhub_video.effects import Call
from chainhub_video.errors import InvalidRequest, UnexpectedResponse
from chainhub_video.pictures import Picture
from chainhub_video.request import VideoRequest
from chainhub_video.task import TaskStatus, VideoTask


class WireFormat(Protocol):
    """Turns a request into a generated call, and an answer into a task."""

    @property
    def name(self) -> str:
        """The format's name in the public interface."""
        ...

    @property
    def pictures_as(self) -> Literal["upload", "link"]:
        """How a picture travels: its bytes in the request, or a link to it."""
        ...

    @property
    def id_prefixes(self) -> tuple[str, ...]:
        """How the ids begin that this format's create call has been seen to return."""
        ...

    def check(self, request: VideoRequest) -> None:
        """Refuse what the format cannot say, and what it requires and is missing.

        Raises:
            InvalidRequest: naming the field.
        """
        ...

    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call."""
        ...

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        ...

    def content_call(self, task_id: str) -> Call | None:
        """Return the call that gives the finished video itself, or None if there is no such call."""
        ...

    def read_created(self, answer: Mapping[str, Any]) -> VideoTask:
        """Return the task in the create call's answer.

        Raises:
            UnexpectedResponse: there is none in it.
        """
        ...

    def read_queried(self, answer: Mapping[str, Any], task: VideoTask) -> VideoTask:
        """Return the task as a query's answer describes it.

        Args:
            answer: the answer.
            task: the task as it was known before; its id is kept, whatever the answer says.

        Raises:
            UnexpectedResponse: there is none in it.
        """
        ...


class Described(Protocol):
    """The two documented fields that every generated answer has."""

    @property
    def id(self) -> Any:
        """The task's id, or `UNSET`."""
        ...

    @property
    def status(self) -> Any:
        """The gateway's word for the task's state, or `UNSET`."""
        ...


def read_task(answer: Mapping[str, Any], described: Described, format_name: str) -> VideoTask:
    """Return the task that an answer describes; its id is empty if the answer has none."""
    word = described.status or answers.look_up(answer, "data.status")
    status = answers.status_of(word)
    progress = answers.progress_of(answer)
    return VideoTask(
        id=described.id.strip() if isinstance(described.id, str) else "",
        format=format_name,
        model=answers.text_at(answer, ("model",)),
        status=status,
        raw_status=word.strip() if isinstance(word, str) else "",
        progress=1.0 if status is TaskStatus.COMPLETED else progress,
        created_at=answers.moment_at(answer, answers.CREATED_PLACES),
        updated_at=answers.moment_at(answer, answers.UPDATED_PLACES),
        video_url=answers.link_of(answer) if status is not TaskStatus.FAILED else None,
        failure_reason=answers.reason_of(answer) if status is TaskStatus.FAILED else None,
        raw=dict(answer),
    )


def named(task: VideoTask) -> VideoTask:
    """Return a created task if it has an id.

    Raises:
        UnexpectedResponse: it has none, so it could never be asked for.
    """
    if not task.id:
        said = answers.reason_of(task.raw)
        raise UnexpectedResponse(
            "the gateway's answer to the create has no task id" + (f": {said}" if said else "")
        )
    return task


def same_task(seen: VideoTask, known: VideoTask) -> VideoTask:
    """Return a task as just seen, with what only the earlier answers told."""
    return attrs.evolve(
        seen,
        id=known.id,
        model=seen.model or known.model,
        created_at=seen.created_at or known.created_at,
        updated_at=seen.updated_at or known.updated_at,
    )


def parsed(model: Any, answer: Mapping[str, Any]) -> Any:
    """Return what a generated model makes of an answer.

    Raises:
        UnexpectedResponse: the model cannot read it.
    """
    try:
        return model.from_dict(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedResponse(
            f"the gateway's answer does not fit {model.__name__}: {type(error).__name__}: {error}"
        ) from error


def path_id(task_id: str) -> str:
    """Return an id that may stand in an address.

    Raises:
        InvalidRequest: it is empty, or would lead to another address.
    """
    if not task_id.strip() or task_id in (".", "..") or not task_id.isprintable():
        raise InvalidRequest(f"{task_id!r} is not a task id")
    return task_id


def refuse_fields(format_name: str, fields: Mapping[str, object]) -> None:
    """Refuse fields that a format has no place for.

    Raises:
        InvalidRequest: one of them was given.
    """
    for field, value in fields.items():
        if value is not None:
            raise InvalidRequest(
                f"{field} is {value!r}, and the {format_name} format has no such field: leave it out, "
                f"or pass it with extra= if your model takes it"
            )


def require_fields(request: VideoRequest, fields: Mapping[str, object]) -> None:
    """Refuse a request that misses what its format requires.

    Raises:
        InvalidRequest: naming the first missing field, and what a known model would take.
    """
    from chainhub_video.models import MODELS

    for field, value in fields.items():
        if value is None:
            model = MODELS.get(request.model)
            choices = () if model is None else getattr(model, field + "s", ())
            hint = f": one of {', '.join(choices)}" if choices else ""
            raise InvalidRequest(
                f"{field} is missing: the {request.format} format requires it{hint}"
            )


def require_one_picture(request: VideoRequest) -> None:
    """Refuse more pictures than the one that a format has a place for.

    Raises:
        InvalidRequest: there are several.
    """
    if len(request.images) != 1:
        count = len(request.images)
        raise InvalidRequest(f"the {request.format} format takes exactly one picture, not {count}")


def refuse_collisions(extra: Mapping[str, Any], known: type[attrs.AttrsInstance]) -> None:
    """Refuse an extra field that would stand beside a documented one of the same name.

    Raises:
        InvalidRequest: naming the field.
    """
    documented = {attribute.name for attribute in attrs.fields(known)}
    for field in extra:
        if field in documented:
            raise InvalidRequest(f"extra holds {field!r}, which has a parameter of its own")
