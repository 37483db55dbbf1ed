from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="VideoLink")


@_attrs_define
class VideoLink:
    """Where the finished video is. Which of the fields is there differs by model.

    Attributes:
        id (str | Unset): The task.
        video_url (None | str | Unset): Where the finished video is.
        url (Any | Unset): Like `video_url`.
        metadata (Any | Unset): More about the task; it may hold the link as `url`.
        data (Any | Unset): More about the task; it may hold the link.
    """

    id: str | Unset = UNSET
    video_url: None | str | Unset = UNSET
    url: Any | Unset = UNSET
    metadata: Any | Unset = UNSET
    data: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        video_url: None | str | Unset
        if isinstance(self.video_url, Unset):
            video_url = UNSET
        else:
            video_url = self.video_url

        url = self.url

        metadata = self.metadata

        data = self.data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if video_url is not UNSET:
            field_dict["video_url"] = video_url
        if url is not UNSET:
            field_dict["url"] = url
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if data is not UNSET:
            field_dict["data"] = data

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id", UNSET)

        def _parse_video_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        video_url = _parse_video_url(d.pop("video_url", UNSET))

        url = d.pop("url", UNSET)

        metadata = d.pop("metadata", UNSET)

        data = d.pop("data", UNSET)

        video_link = cls(
            id=id,
            video_url=video_url,
            url=url,
            metadata=metadata,
            data=data,
        )

        video_link.additional_properties = d
        return video_link

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
