from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateVideoResponse")


@_attrs_define
class CreateVideoResponse:
    """The task as it was accepted.

    Attributes:
        id (str): Names the task. Keep it; it is the only way to the video that was paid for.
        object_ (str | Unset): The word `video`.
        model (str | Unset): The model that works on the task.
        status (str | Unset): The state of a task, an open set of words. Documented are pending, queued, processing,
            image_downloading, video_generating, video_generation_completed, video_generation_failed, video_upsampling,
            video_upsampling_completed, video_upsampling_failed, completed, failed and error. The gateway family also knows
            in_progress, submitted, not_start, unknown, success, succeeded, failure, cancelled, canceled and expired, in any
            letter case. Ended well are completed, success and succeeded; ended badly are failed, failure, error, cancelled,
            canceled, expired and every word that ends in _failed; any other word, also an unknown one, means that the task
            is still running. Example: processing.
        progress (Any | Unset): How far the task is, in percent; a number or text.
        created_at (Any | Unset): When the task was created, as seconds, milliseconds or ISO 8601 text.
        seconds (str | Unset): The length of the video in seconds, as text.
        size (str | Unset): The size of the video as it was asked for.
        video_url (None | str | Unset): Where the finished video is, if the task is completed already.
        error (Any | Unset): Why the task failed, as text or as an object with a message.
    """

    id: str
    object_: str | Unset = UNSET
    model: str | Unset = UNSET
    status: str | Unset = UNSET
    progress: Any | Unset = UNSET
    created_at: Any | Unset = UNSET
    seconds: str | Unset = UNSET
    size: str | Unset = UNSET
    video_url: None | str | Unset = UNSET
    error: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_ = self.object_

        model = self.model

        status = self.status

        progress = self.progress

        created_at = self.created_at

        seconds = self.seconds

        size = self.size

        video_url: None | str | Unset
        if isinstance(self.video_url, Unset):
            video_url = UNSET
        else:
            video_url = self.video_url

        error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if model is not UNSET:
            field_dict["model"] = model
        if status is not UNSET:
            field_dict["status"] = status
        if progress is not UNSET:
            field_dict["progress"] = progress
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if size is not UNSET:
            field_dict["size"] = size
        if video_url is not UNSET:
            field_dict["video_url"] = video_url
        if error is not UNSET:
            field_dict["error"] = error

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        object_ = d.pop("object", UNSET)

        model = d.pop("model", UNSET)

        status = d.pop("status", UNSET)

        progress = d.pop("progress", UNSET)

        created_at = d.pop("created_at", UNSET)

        seconds = d.pop("seconds", UNSET)

        size = d.pop("size", UNSET)

        def _parse_video_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        video_url = _parse_video_url(d.pop("video_url", UNSET))

        error = d.pop("error", UNSET)

        create_video_response = cls(
            id=id,
            object_=object_,
            model=model,
            status=status,
            progress=progress,
            created_at=created_at,
            seconds=seconds,
            size=size,
            video_url=video_url,
            error=error,
        )

        create_video_response.additional_properties = d
        return create_video_response

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
