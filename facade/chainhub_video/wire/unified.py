"""The unified format: a JSON create with links to pictures, and a link to the result in the query's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from chainhub_api.api.unified import create_unified_video, query_unified_video
from chainhub_api.models.create_unified_video_request import CreateUnifiedVideoRequest
from chainhub_api.models.create_unified_video_response import CreateUnifiedVideoResponse
from chainhub_api.models.query_unified_video_response import QueryUnifiedVideoResponse

from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName
from chainhub_video.wire.format import WireFormat, path_id


class UnifiedFormat(WireFormat):
    """`POST /v1/video/create`, `GET /v1/video/query`."""

    name: ClassVar[FormatName] = "unified"
    pictures_as = "link"
    id_prefixes = ("grok:", "veo3.1-components:")
    required = ("aspect_ratio", "size")
    absent = ("seconds", "watermark")
    request_model = CreateUnifiedVideoRequest
    created_model = CreateUnifiedVideoResponse
    queried_model = QueryUnifiedVideoResponse

    def create_call(self, request: VideoRequest, pictures: Sequence[Picture | str]) -> Call:
        """Return the paid call. No picture is said as an empty list."""
        body = CreateUnifiedVideoRequest(
            model=request.model,
            prompt=request.prompt,
            aspect_ratio=request.aspect_ratio or "",
            size=request.size or "",
            images=[str(link) for link in pictures],
        )
        body.additional_properties.update(request.extra)
        return Call(create_unified_video.get_kwargs(body=body))

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(query_unified_video.get_kwargs(id=path_id(task_id)))

    def content_call(self, task_id: str) -> None:
        """Return None: the link in a finished task's answer is the only way to the video."""
