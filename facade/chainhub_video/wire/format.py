"""`WireFormat`: what each wire format implements. A further format is one more module beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urljoin

import attrs
from chainhub_api.api.openai import download_video

from chainhub_video.errors import InvalidRequest, UnexpectedResponse
from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.models import PARAMETERS, model_row
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName, VideoTask
from chainhub_video.text import shorten
from chainhub_video.wire import answers


class WireFormat(ABC):
    """A wire format: turns a request into a generated call, and an answer into a task.

    Attributes:
        name: the format's name in the public interface.
        pictures_as: how a picture travels: its bytes in the request, or a link to it.
        content_first: whether `content_call` is the documented way to the video, and not only the last resort.
        id_prefixes: how the ids begin that the create call has been seen to return.
        required: the fields of `VideoRequest` that its page requires besides prompt and model.
        absent: the fields of `VideoRequest` that its page has no place for.
        request_model: the generated body of the create call.
    """

    name: ClassVar[FormatName]
    pictures_as: ClassVar[Literal["upload", "link"]]
    content_first: ClassVar[bool]
    id_prefixes: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    absent: ClassVar[tuple[str, ...]]
    request_model: ClassVar[type[Any]]

    @abstractmethod
    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call."""

    @abstractmethod
    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""

    def content_call(self, task_id: str) -> Call:
        """Return the call that gives the finished video itself. The gateway serves it for tasks of any format."""
        return Call(download_video.get_kwargs(id=path_id(task_id)))

    def check(self, request: VideoRequest) -> None:
        """Refuse what the format cannot say. Of a model that is not known it requires what its page does.

        Raises:
            InvalidRequest: naming the field.
        """
        model = model_row(request.model, self.name)
        if model is None:
            for field in self.absent:
                if (value := getattr(request, field)) is not None:
                    raise InvalidRequest(
                        f"{field} is {value!r}, and the {self.name} format has no such field: leave it "
                        "out, or pass it with extra= if your model takes it"
                    )
            for field in self.required:
                if not getattr(request, field):
                    raise InvalidRequest(
                        f"{field} is missing, and the {self.name} format requires it"
                    )
        documented = {attribute.name for attribute in attrs.fields(self.request_model)}
        for field in request.extra:
            missing = model is not None and field in PARAMETERS and model.values(field) == ()
            if field in documented and not missing:
                raise InvalidRequest(f"extra holds {field!r}, which has a parameter of its own")

    def read_created(self, answer: Mapping[str, Any], gateway: str) -> VideoTask:
        """Return the task in the create call's answer.

        Args:
            answer: the answer.
            gateway: its address, which links may be relative to.

        Raises:
            UnexpectedResponse: it has no id, so it could never be asked for.
        """
        task = self._read(answer, gateway)
        if not task.id:
            said = answers.reason_in(answer)
            raise UnexpectedResponse(
                "the gateway's answer to the create has no task id"
                + (f": {shorten(said)}" if said else "")
            )
        return task

    def read_queried(self, answer: Mapping[str, Any], gateway: str, known: VideoTask) -> VideoTask:
        """Return the task as a query's answer describes it.

        Args:
            answer: the answer.
            gateway: its address, which links may be relative to.
            known: the task as it was known before; its id is kept, whatever the answer says, and
                what only earlier answers told.

        Raises:
            UnexpectedResponse: the answer has no status.
        """
        task = self._read(answer, gateway)
        if not task.raw_status:
            raise UnexpectedResponse("the gateway's answer to the query has no status")
        return attrs.evolve(
            task,
            id=known.id,
            model=task.model or known.model,
            created_at=task.created_at or known.created_at,
            updated_at=task.updated_at or known.updated_at,
        )

    def _read(self, answer: Mapping[str, Any], gateway: str) -> VideoTask:
        """Return the task that an answer describes; its id is empty if the answer has none."""
        facts = answers.read(answer)
        return VideoTask(
            id=facts.id,
            format=self.name,
            model=facts.model,
            status=facts.status,
            raw_status=facts.word,
            progress=facts.progress,
            created_at=facts.created_at,
            updated_at=facts.updated_at,
            video_url=absolute_link(gateway, facts.link) if facts.link else None,
            failure_reason=facts.reason,
            raw=dict(answer),
        )


def absolute_link(gateway: str, link: str) -> str | None:
    """Return a link that may be relative to the gateway as an absolute one, or None if it cannot be read."""
    try:
        return urljoin(f"{gateway}/", link)
    except ValueError:
        return None


def path_id(task_id: str) -> str:
    """Return an id that may stand in an address.

    Raises:
        InvalidRequest: it is empty, or would lead to another address.
    """
    if not task_id.strip() or task_id in (".", "..") or not task_id.isprintable():
        raise InvalidRequest(f"{task_id!r:.300} is not a task id")
    return task_id
