from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="QueryUnifiedVideoResponse")


@_attrs_define
class QueryUnifiedVideoResponse:
    """The state of a task in the unified format. Any field may be missing.

    Attributes:
        id (str | Unset): The task; perhaps not the id that the create call answered.
        status (str | Unset): The state of a task, an open set of words. Documented are pending, queued, processing,
            image_downloading, video_generating, video_generation_completed, video_generation_failed, video_upsampling,
            video_upsampling_completed, video_upsampling_failed, completed, failed and error. The gateway family also knows
            in_progress, submitted, not_start, unknown, success, succeeded, failure, cancelled, canceled and expired, in any
            letter case. Ended well are completed, success and succeeded; ended badly are failed, failure, error, cancelled,
            canceled, expired and every word that ends in _failed; any other word, also an unknown one, means that the task
            is still running. Example: processing.
        status_update_time (Any | Unset): When the state last changed, as seconds, milliseconds or ISO 8601 text.
        created_at (Any | Unset): When the task was created, like `status_update_time`.
        completed_at (Any | Unset): When the task ended, like `status_update_time`; 0 while it runs.
        model (str | Unset): The model that works on the task.
        progress (Any | Unset): How far the task is, in percent; a number or text. It may go backwards.
        video_url (None | str | Unset): Where the finished video is; missing, null or empty while the task runs.
        thumbnail_url (None | str | Unset): Where a still picture of the video is.
        url (Any | Unset): Like `video_url`; some models use this name.
        prompt (str | Unset): The prompt as it was given.
        enhanced_prompt (str | Unset): The prompt as the provider rewrote it.
        ratio (str | Unset): The shape of the video, such as 3:2.
        mode (Any | Unset): The mode the provider worked in.
        type_ (Any | Unset): The kind of task.
        upscaled (Any | Unset): Whether the video was scaled up.
        trace_id (str | Unset): Names the task when asking the vendor about it.
        error (Any | Unset): Why the task failed, as text or as an object with a message.
        fail_reason (Any | Unset): Why the task failed.
        detail (Any | Unset): What the provider behind the gateway answered; its form differs by model.
        metadata (Any | Unset): More about the task; its form differs by model.
        data (Any | Unset): More about the task; its form differs by model.
    """

    id: str | Unset = UNSET
    status: str | Unset = UNSET
    status_update_time: Any | Unset = UNSET
    created_at: Any | Unset = UNSET
    completed_at: Any | Unset = UNSET
    model: str | Unset = UNSET
    progress: Any | Unset = UNSET
    video_url: None | str | Unset = UNSET
    thumbnail_url: None | str | Unset = UNSET
    url: Any | Unset = UNSET
    prompt: str | Unset = UNSET
    enhanced_prompt: str | Unset = UNSET
    ratio: str | Unset = UNSET
    mode: Any | Unset = UNSET
    type_: Any | Unset = UNSET
    upscaled: Any | Unset = UNSET
    trace_id: str | Unset = UNSET
    error: Any | Unset = UNSET
    fail_reason: Any | Unset = UNSET
    detail: Any | Unset = UNSET
    metadata: Any | Unset = UNSET
    data: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        status = self.status

        status_update_time = self.status_update_time

        created_at = self.created_at

        completed_at = self.completed_at

        model = self.model

        progress = self.progress

        video_url: None | str | Unset
        if isinstance(self.video_url, Unset):
            video_url = UNSET
        else:
            video_url = self.video_url

        thumbnail_url: None | str | Unset
        if isinstance(self.thumbnail_url, Unset):
            thumbnail_url = UNSET
        else:
            thumbnail_url = self.thumbnail_url

        url = self.url

        prompt = self.prompt

        enhanced_prompt = self.enhanced_prompt

        ratio = self.ratio

        mode = self.mode

        type_ = self.type_

        upscaled = self.upscaled

        trace_id = self.trace_id

        error = self.error

        fail_reason = self.fail_reason

        detail = self.detail

        metadata = self.metadata

        data = self.data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if status is not UNSET:
            field_dict["status"] = status
        if status_update_time is not UNSET:
            field_dict["status_update_time"] = status_update_time
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if completed_at is not UNSET:
            field_dict["completed_at"] = completed_at
        if model is not UNSET:
            field_dict["model"] = model
        if progress is not UNSET:
            field_dict["progress"] = progress
        if video_url is not UNSET:
            field_dict["video_url"] = video_url
        if thumbnail_url is not UNSET:
            field_dict["thumbnail_url"] = thumbnail_url
        if url is not UNSET:
            field_dict["url"] = url
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if enhanced_prompt is not UNSET:
            field_dict["enhanced_prompt"] = enhanced_prompt
        if ratio is not UNSET:
            field_dict["ratio"] = ratio
        if mode is not UNSET:
            field_dict["mode"] = mode
        if type_ is not UNSET:
            field_dict["type"] = type_
        if upscaled is not UNSET:
            field_dict["upscaled"] = upscaled
        if trace_id is not UNSET:
            field_dict["trace_id"] = trace_id
        if error is not UNSET:
            field_dict["error"] = error
        if fail_reason is not UNSET:
            field_dict["fail_reason"] = fail_reason
        if detail is not UNSET:
            field_dict["detail"] = detail
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if data is not UNSET:
            field_dict["data"] = data

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id", UNSET)

        status = d.pop("status", UNSET)

        status_update_time = d.pop("status_update_time", UNSET)

        created_at = d.pop("created_at", UNSET)

        completed_at = d.pop("completed_at", UNSET)

        model = d.pop("model", UNSET)

        progress = d.pop("progress", UNSET)

        def _parse_video_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        video_url = _parse_video_url(d.pop("video_url", UNSET))

        def _parse_thumbnail_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        thumbnail_url = _parse_thumbnail_url(d.pop("thumbnail_url", UNSET))

        url = d.pop("url", UNSET)

        prompt = d.pop("prompt", UNSET)

        enhanced_prompt = d.pop("enhanced_prompt", UNSET)

        ratio = d.pop("ratio", UNSET)

        mode = d.pop("mode", UNSET)

        type_ = d.pop("type", UNSET)

        upscaled = d.pop("upscaled", UNSET)

        trace_id = d.pop("trace_id", UNSET)

        error = d.pop("error", UNSET)

        fail_reason = d.pop("fail_reason", UNSET)

        detail = d.pop("detail", UNSET)

        metadata = d.pop("metadata", UNSET)

        data = d.pop("data", UNSET)

        query_unified_video_response = cls(
            id=id,
            status=status,
            status_update_time=status_update_time,
            created_at=created_at,
            completed_at=completed_at,
            model=model,
            progress=progress,
            video_url=video_url,
            thumbnail_url=thumbnail_url,
            url=url,
            prompt=prompt,
            enhanced_prompt=enhanced_prompt,
            ratio=ratio,
            mode=mode,
            type_=type_,
            upscaled=upscaled,
            trace_id=trace_id,
            error=error,
            fail_reason=fail_reason,
            detail=detail,
            metadata=metadata,
            data=data,
        )

        query_unified_video_response.additional_properties = d
        return query_unified_video_response

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
