from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateUnifiedVideoResponse")


@_attrs_define
class CreateUnifiedVideoResponse:
    """The task as it was accepted.

    Attributes:
        id (str): Names the task. Keep it; it is the only way to the video that was paid for.
        status (str | Unset): The state of a task, an open set of words. Documented are pending, queued, processing,
            image_downloading, video_generating, video_generation_completed, video_generation_failed, video_upsampling,
            video_upsampling_completed, video_upsampling_failed, completed, failed and error. The gateway family also knows
            in_progress, submitted, not_start, unknown, success, succeeded, failure, cancelled, canceled and expired, in any
            letter case. Ended well are completed, success and succeeded; ended badly are failed, failure, error, cancelled,
            canceled, expired and every word that ends in _failed; any other word, also an unknown one, means that the task
            is still running. Example: processing.
        status_update_time (Any | Unset): When the state last changed, as seconds, milliseconds or ISO 8601 text.
        video_url (None | str | Unset): Where the finished video is, if the task is completed already.
        error (Any | Unset): Why the task failed, as text or as an object with a message.
    """

    id: str
    status: str | Unset = UNSET
    status_update_time: Any | Unset = UNSET
    video_url: None | str | Unset = UNSET
    error: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        status = self.status

        status_update_time = self.status_update_time

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
        if status is not UNSET:
            field_dict["status"] = status
        if status_update_time is not UNSET:
            field_dict["status_update_time"] = status_update_time
        if video_url is not UNSET:
            field_dict["video_url"] = video_url
        if error is not UNSET:
            field_dict["error"] = error

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        status = d.pop("status", UNSET)

        status_update_time = d.pop("status_update_time", UNSET)

        def _parse_video_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        video_url = _parse_video_url(d.pop("video_url", UNSET))

        error = d.pop("error", UNSET)

        create_unified_video_response = cls(
            id=id,
            status=status,
            status_update_time=status_update_time,
            video_url=video_url,
            error=error,
        )

        create_unified_video_response.additional_properties = d
        return create_unified_video_response

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
