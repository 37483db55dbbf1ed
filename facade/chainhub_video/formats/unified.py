"""The "unified format": one JSON create with links to the pictures, and a link to the result in the query's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from chainhub_api.api.unified import create_unified_video, query_unified_video
from chainhub_api.models.create_unified_video_request import CreateUnifiedVideoRequest
from chainhub_api.models.create_unified_video_response import CreateUnifiedVideoResponse
from chainhub_api.models.query_unified_video_response import QueryUnifiedVideoResponse

from chainhub_video.effects import Call

from . import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from chainhub_video.pictures import Picture
    from chainhub_video.request import VideoRequest
    from chainhub_video.task import VideoTask


@attrs.frozen
class UnifiedFormat:
    """`POST /v1/video/create`, `GET /v1/video/query`."""

    name: str = "unified"
    pictures_as: Literal["upload", "link"] = "link"
    id_prefixes: tuple[str, ...] = ("grok:", "veo3.1-components:")

    def check(self, request: VideoRequest) -> None:
        """Refuse what this format cannot say, and what it requires and is missing."""
        fields = {"seconds": request.seconds, "watermark": request.watermark}
        wire.refuse_fields(self.name, fields)
        required = {"aspect_ratio": request.aspect_ratio, "size": request.size}
        wire.require_fields(request, required)
        wire.refuse_collisions(request.extra, CreateUnifiedVideoRequest)

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
        return Call(create_unified_video._get_kwargs(body=body))

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(query_unified_video._get_kwargs(id=wire.path_id(task_id)))

    def content_call(self, task_id: str) -> None:
        """Return None: a finished task's answer holds the link, and there is no other way to the video."""

    def read_created(self, answer: Mapping[str, Any]) -> VideoTask:
        """Return the task in the create call's answer."""
        parsed = wire.parsed(CreateUnifiedVideoResponse, answer)
        return wire.named(wire.read_task(answer, parsed, self.name))

    def read_queried(self, answer: Mapping[str, Any], task: VideoTask) -> VideoTask:
        """Return the task as a query's answer describes it."""
        parsed = wire.parsed(QueryUnifiedVideoResponse, answer)
        return wire.same_task(wire.read_task(answer, parsed, self.name), task)
