"""The unified format: a JSON create with links to pictures, and a link to the result in the query's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from chainhub_api.api.unified import create_unified_video, query_unified_video
from chainhub_api.models.create_unified_video_request import CreateUnifiedVideoRequest

from chainhub_video.images.pictures import Picture
from chainhub_video.io import Call
from chainhub_video.models import MODELS, PARAMETERS, Model, model_row
from chainhub_video.request import VideoRequest
from chainhub_video.task import FormatName
from chainhub_video.wire.format import WireFormat, path_id


class UnifiedFormat(WireFormat):
    """`POST /v1/video/create`, `GET /v1/video/query`."""

    name: ClassVar[FormatName] = "unified"
    pictures_as = "link"
    content_first = False
    id_prefixes = (
        "grok:",
        "veo3.1-components:",
        *(f"{model.name}:" for model in MODELS if model.format == "unified"),
    )
    required = ("aspect_ratio", "size")
    absent = ("seconds", "watermark")
    request_model = CreateUnifiedVideoRequest

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
        arguments = create_unified_video.get_kwargs(body=body)
        if (model := model_row(request.model, self.name)) is not None:
            arguments["json"] = _as_the_model_has_it(arguments["json"], request, model)
        return Call(arguments)

    def query_call(self, task_id: str) -> Call:
        """Return the call that asks for a task's state."""
        return Call(query_unified_video.get_kwargs(id=path_id(task_id)))


def _as_the_model_has_it(
    body: dict[str, Any], request: VideoRequest, model: Model
) -> dict[str, Any]:
    """Return a body with the names and values that this model uses for the fields in which models differ."""
    for parameter in PARAMETERS:
        value: str | None = getattr(request, parameter)
        name = model.wire_fields.get(parameter, parameter)
        if value is None or name != parameter:
            body.pop(parameter, None)
        if value is not None:
            said: Any = model.wire_words.get(value, value)
            if name == "duration":
                said = int(value)
            elif value in ("true", "false"):
                said = value == "true"
            body[name] = said
    return body | dict(request.extra)
