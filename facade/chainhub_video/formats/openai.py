"""The "OpenAI video format": one multipart create with the picture in it, and a `/content` address for the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from chainhub_api.api.openai import create_video, download_video, retrieve_video
from chainhub_api.models.create_video_request import CreateVideoRequest
from chainhub_api.models.create_video_response import CreateVideoResponse
from chainhub_api.models.retrieve_video_response import RetrieveVideoResponse
from chainhub_api.types import UNSET, File

from chainhub_video.effects import Call
from chainhub_video.pictures import Picture

from . import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from chainhub_video.request import VideoRequest
    from chainhub_video.task import VideoTask


@attrs.frozen
class OpenAIFormat:
    """`POST /v1/videos`, `GET /v1/videos/{id}`, `GET /v1/videos/{id}/content`."""

    name: str = "openai"
    pictures_as: Literal["upload", "link"] = "upload"
    id_prefixes: tuple[str, ...] = ("video_",)

    def check(self, request: VideoRequest) -> None:
        """Refuse what this format cannot say, and what it requires and is missing."""
        wire.refuse_fields(self.name, {"aspect_ratio": request.aspect_ratio})
        pictures = len(request.images) or None
        fields = {"size": request.size, "seconds": request.seconds, "image": pictures}
        wire.require_fields(request, fields)
        wire.require_one_picture(request)
        wire.refuse_collisions(request.extra, CreateVideoRequest)

    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call. Its picture is read from the stream when it is sent."""
        (picture,) = pictures
        if not isinstance(picture, Picture):
            raise TypeError("this format uploads its picture")
        body = CreateVideoRequest(
            model=request.model,
            prompt=request.prompt,
            seconds=request.seconds or "",
            size=request.size or "",
            input_reference=File(picture.stream, picture.name, picture.media_type),
            watermark=UNSET if request.watermark is None else request.watermark,
        )
        body.additional_properties.update(request.extra)
        return Call(create_video._get_kwargs(body=body))

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(retrieve_video._get_kwargs(id=wire.path_id(task_id)))

    def content_call(self, task_id: str) -> Call:
        """Return the call that gives the finished video: as bytes, a redirect, or JSON with a link."""
        return Call(download_video._get_kwargs(id=wire.path_id(task_id)))

    def read_created(self, answer: Mapping[str, Any]) -> VideoTask:
        """Return the task in the create call's answer."""
        parsed = wire.parsed(CreateVideoResponse, answer)
        return wire.named(wire.read_task(answer, parsed, self.name))

    def read_queried(self, answer: Mapping[str, Any], task: VideoTask) -> VideoTask:
        """Return the task as a query's answer describes it."""
        parsed = wire.parsed(RetrieveVideoResponse, answer)
        return wire.same_task(wire.read_task(answer, parsed, self.name), task)
