"""The OpenAI video format: a multipart create with the picture in it, and `/content` for the result."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import ClassVar

from chainhub_api.api.openai import create_video, retrieve_video
from chainhub_api.models.create_video_request import CreateVideoRequest
from chainhub_api.types import UNSET, File

from chainhub_video.errors import InvalidRequest
from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.models import MODELS
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName
from chainhub_video.wire.format import WireFormat, path_id


class OpenAIFormat(WireFormat):
    """`POST /v1/videos`, `GET /v1/videos/{id}`, `GET /v1/videos/{id}/content`."""

    name: ClassVar[FormatName] = "openai"
    pictures_as = "upload"
    content_first = True
    id_prefixes = ("video_", *(f"{model.name}:" for model in MODELS if model.format == "openai"))
    required = ("size", "seconds", "images")
    absent = ("aspect_ratio",)
    request_model = CreateVideoRequest

    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call. Its picture is read from the stream when it is sent."""
        match pictures:
            case []:
                picture = Picture("", "", 0, io.BytesIO())  # taken out again below
            case [Picture() as picture]:
                pass
            case _:
                raise InvalidRequest(f"the openai format takes one picture, not {len(pictures)}")
        body = CreateVideoRequest(
            model=request.model,
            prompt=request.prompt,
            seconds=request.seconds or "",
            size=request.size or "",
            input_reference=File(picture.stream, picture.name, picture.media_type),
            watermark=UNSET if request.watermark is None else request.watermark,
        )
        for field, value in request.extra.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            body.additional_properties[field] = text
        arguments = create_video.get_kwargs(body=body)
        # The page requires these fields of its own models only.
        given = {"seconds": request.seconds, "size": request.size, "input_reference": pictures}
        arguments["files"] = [part for part in arguments["files"] if given.get(part[0], True)]
        return Call(arguments)

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(retrieve_video.get_kwargs(id=path_id(task_id)))
