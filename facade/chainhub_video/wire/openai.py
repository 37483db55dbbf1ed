"""The OpenAI video format: a multipart create with the picture in it, and `/content` for the result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from chainhub_api.api.openai import create_video, download_video, retrieve_video
from chainhub_api.models.create_video_request import CreateVideoRequest
from chainhub_api.models.create_video_response import CreateVideoResponse
from chainhub_api.models.retrieve_video_response import RetrieveVideoResponse
from chainhub_api.types import UNSET, File

from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName
from chainhub_video.wire.format import WireFormat, path_id


class OpenAIFormat(WireFormat):
    """`POST /v1/videos`, `GET /v1/videos/{id}`, `GET /v1/videos/{id}/content`."""

    name: ClassVar[FormatName] = "openai"
    pictures_as = "upload"
    id_prefixes = ("video_",)
    required = ("size", "seconds", "images")
    absent = ("aspect_ratio",)
    request_model = CreateVideoRequest
    created_model = CreateVideoResponse
    queried_model = RetrieveVideoResponse

    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call. Its one picture is read from the stream when it is sent."""
        match pictures:
            case [Picture() as picture]:
                file = File(picture.stream, picture.name, picture.media_type)
            case _:
                raise InvalidRequest(f"the openai format takes one picture, not {len(pictures)}")
        body = CreateVideoRequest(
            model=request.model,
            prompt=request.prompt,
            seconds=request.seconds or "",
            size=request.size or "",
            input_reference=file,
            watermark=UNSET if request.watermark is None else request.watermark,
        )
        for field, value in request.extra.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            body.additional_properties[field] = text
        return Call(create_video.get_kwargs(body=body))

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(retrieve_video.get_kwargs(id=path_id(task_id)))

    def content_call(self, task_id: str) -> Call:
        """Return the call that gives the video: as bytes, a redirect, or JSON with a link."""
        return Call(download_video.get_kwargs(id=path_id(task_id)))
