"""`WireFormat`: what each wire format implements. A further format is one more module beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import attrs

from chainhub_video.errors import InvalidRequest, UnexpectedResponse
from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.models import MODELS
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName, TaskStatus, VideoTask
from chainhub_video.wire import answers
from chainhub_video.wire.failures import shorten


class WireFormat(ABC):
    """A wire format: turns a request into a generated call, and an answer into a task.

    Attributes:
        name: the format's name in the public interface.
        pictures_as: how a picture travels: its bytes in the request, or a link to it.
        id_prefixes: how the ids begin that the create call has been seen to return.
        required: the fields of `VideoRequest` that the format needs besides prompt and model.
        absent: the fields of `VideoRequest` that it has no place for.
        request_model: the generated body of the create call.
        created_model: the generated answer of the create call.
        queried_model: the generated answer of the query.
    """

    name: ClassVar[FormatName]
    pictures_as: ClassVar[Literal["upload", "link"]]
    id_prefixes: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    absent: ClassVar[tuple[str, ...]]
    request_model: ClassVar[type[Any]]
    created_model: ClassVar[type[Any]]
    queried_model: ClassVar[type[Any]]

    @abstractmethod
    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call."""

    @abstractmethod
    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""

    @abstractmethod
    def content_call(self, task_id: str) -> Call | None:
        """Return the call that gives the finished video itself, or None if there is no such call."""

    def check(self, request: VideoRequest) -> None:
        """Refuse what the format cannot say, and what it requires and is missing.

        Raises:
            InvalidRequest: naming the field, and what a known model would take.
        """
        for field in self.absent:
            if (value := getattr(request, field)) is not None:
                raise InvalidRequest(
                    f"{field} is {value!r}, and the {self.name} format has no such field: leave it "
                    "out, or pass it with extra= if your model takes it"
                )
        for field in self.required:
            if not getattr(request, field):
                choices = getattr(MODELS.get(request.model), f"{field}s", ())
                hint = f": one of {', '.join(choices)}" if choices else ""
                raise InvalidRequest(
                    f"{field} is missing, and the {self.name} format requires it{hint}"
                )
        documented = {attribute.name for attribute in attrs.fields(self.request_model)}
        for field in request.extra:
            if field in documented:
                raise InvalidRequest(f"extra holds {field!r}, which has a parameter of its own")

    def read_created(self, answer: Mapping[str, Any]) -> VideoTask:
        """Return the task in the create call's answer.

        Raises:
            UnexpectedResponse: it has no id, so it could never be asked for.
        """
        task = self._read(self.created_model, answer)
        if not task.id:
            said = answers.reason_of(answer)
            raise UnexpectedResponse(
                "the gateway's answer to the create has no task id"
                + (f": {shorten(said)}" if said else "")
            )
        return task

    def read_queried(self, answer: Mapping[str, Any], known: VideoTask) -> VideoTask:
        """Return the task as a query's answer describes it.

        Args:
            answer: the answer.
            known: the task as it was known before; its id is kept, whatever the answer says, and
                what only earlier answers told.

        Raises:
            UnexpectedResponse: the answer has no status.
        """
        task = self._read(self.queried_model, answer)
        if not task.raw_status:
            raise UnexpectedResponse("the gateway's answer to the query has no status")
        return attrs.evolve(
            task,
            id=known.id,
            model=task.model or known.model,
            created_at=task.created_at or known.created_at,
            updated_at=task.updated_at or known.updated_at,
        )

    def _read(self, model: type[Any], answer: Mapping[str, Any]) -> VideoTask:
        """Return the task that an answer describes; its id is empty if the answer has none."""
        try:
            described = model.from_dict(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedResponse(
                f"the gateway's answer does not fit {model.__name__}: "
                f"{type(error).__name__}: {shorten(str(error))}"
            ) from error
        word = described.status or answers.look_up(answer, "data.status")
        status = answers.status_of(word)
        completed, failed = status is TaskStatus.COMPLETED, status is TaskStatus.FAILED
        return VideoTask(
            id=described.id.strip() if isinstance(described.id, str) else "",
            format=self.name,
            model=answers.text_at(answer, ("model",)),
            status=status,
            raw_status=word.strip() if isinstance(word, str) else "",
            progress=1.0 if completed else answers.progress_of(answer),
            created_at=answers.moment_at(answer, answers.CREATED_PLACES),
            updated_at=answers.moment_at(answer, answers.UPDATED_PLACES),
            video_url=answers.link_of(answer) if completed else None,
            failure_reason=answers.reason_of(answer) if failed else None,
            raw=dict(answer),
        )


def path_id(task_id: str) -> str:
    """Return an id that may stand in an address.

    Raises:
        InvalidRequest: it is empty, or would lead to another address.
    """
    if not task_id.strip() or task_id in (".", "..") or not task_id.isprintable():
        raise InvalidRequest(f"{task_id!r:.300} is not a task id")
    return task_id
