from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RetrieveVideoResponse")


@_attrs_define
class RetrieveVideoResponse:
    """The state of a task in the OpenAI format. Any field may be missing.

    Attributes:
        id (str | Unset): The task; perhaps not the id that the create call answered.
        object_ (str | Unset): The word `video`.
        model (str | Unset): The model that works on the task.
        status (str | Unset): The state of a task, an open set of words. Documented are pending, queued, processing,
            image_downloading, video_generating, video_generation_completed, video_generation_failed, video_upsampling,
            video_upsampling_completed, video_upsampling_failed, completed, failed and error. The gateway family also knows
            in_progress, submitted, not_start, unknown, success, succeeded, failure, cancelled, canceled and expired, in any
            letter case. Ended well are completed, success and succeeded; ended badly are failed, failure, error, cancelled,
            canceled, expired and every word that ends in _failed; any other word, also an unknown one, means that the task
            is still running. Example: processing.
        progress (Any | Unset): How far the task is, in percent; a number or text. It may go backwards.
        created_at (Any | Unset): When the task was created, as seconds, milliseconds or ISO 8601 text.
        completed_at (Any | Unset): When the task ended, like `created_at`; 0 while it runs.
        expires_at (Any | Unset): When the video will be deleted, like `created_at`.
        seconds (str | Unset): The length of the video in seconds, as text.
        size (str | Unset): The size of the video in pixels, such as 1280x720.
        video_url (None | str | Unset): Where the finished video is; missing, null or empty while the task runs.
        url (Any | Unset): Like `video_url`; some models use this name.
        error (Any | Unset): Why the task failed, as text or as an object with a message.
        detail (Any | Unset): What the provider behind the gateway answered; its form differs by model.
        metadata (Any | Unset): More about the task; its form differs by model.
    """

    id: str | Unset = UNSET
    object_: str | Unset = UNSET
    model: str | Unset = UNSET
    status: str | Unset = UNSET
    progress: Any | Unset = UNSET
    created_at: Any | Unset = UNSET
    completed_at: Any | Unset = UNSET
    expires_at: Any | Unset = UNSET
    seconds: str | Unset = UNSET
    size: str | Unset = UNSET
    video_url: None | str | Unset = UNSET
    url: Any | Unset = UNSET
    error: Any | Unset = UNSET
    detail: Any | Unset = UNSET
    metadata: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_ = self.object_

        model = self.model

        status = self.status

        progress = self.progress

        created_at = self.created_at

        completed_at = self.completed_at

        expires_at = self.expires_at

        seconds = self.seconds

        size = self.size

        video_url: None | str | Unset
        if isinstance(self.video_url, Unset):
            video_url = UNSET
        else:
            video_url = self.video_url

        url = self.url

        error = self.error

        detail = self.detail

        metadata = self.metadata

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
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
        if completed_at is not UNSET:
            field_dict["completed_at"] = completed_at
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if size is not UNSET:
            field_dict["size"] = size
        if video_url is not UNSET:
            field_dict["video_url"] = video_url
        if url is not UNSET:
            field_dict["url"] = url
        if error is not UNSET:
            field_dict["error"] = error
        if detail is not UNSET:
            field_dict["detail"] = detail
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id", UNSET)

        object_ = d.pop("object", UNSET)

        model = d.pop("model", UNSET)

        status = d.pop("status", UNSET)

        progress = d.pop("progress", UNSET)

        created_at = d.pop("created_at", UNSET)

        completed_at = d.pop("completed_at", UNSET)

        expires_at = d.pop("expires_at", UNSET)

        seconds = d.pop("seconds", UNSET)

        size = d.pop("size", UNSET)

        def _parse_video_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        video_url = _parse_video_url(d.pop("video_url", UNSET))

        url = d.pop("url", UNSET)

        error = d.pop("error", UNSET)

        detail = d.pop("detail", UNSET)

        metadata = d.pop("metadata", UNSET)

        retrieve_video_response = cls(
            id=id,
            object_=object_,
            model=model,
            status=status,
            progress=progress,
            created_at=created_at,
            completed_at=completed_at,
            expires_at=expires_at,
            seconds=seconds,
            size=size,
            video_url=video_url,
            url=url,
            error=error,
            detail=detail,
            metadata=metadata,
        )

        retrieve_video_response.additional_properties = d
        return retrieve_video_response

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
