from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CreateUnifiedVideoRequest")


@_attrs_define
class CreateUnifiedVideoRequest:
    """
    Attributes:
        model (str): grok-video-3.
        prompt (str): What the video shows. Options such as --mode=custom may follow it.
        aspect_ratio (str): The shape of the video, width to height: 2:3, 3:2 or 1:1.
        size (str): 720P or 1080P; the vendor says that only 720P works now.
        images (list[str]): Links to the reference pictures. An empty list asks for a video from the prompt alone.
    """

    model: str
    prompt: str
    aspect_ratio: str
    size: str
    images: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        prompt = self.prompt

        aspect_ratio = self.aspect_ratio

        size = self.size

        images = self.images

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "prompt": prompt,
                "aspect_ratio": aspect_ratio,
                "size": size,
                "images": images,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        model = d.pop("model")

        prompt = d.pop("prompt")

        aspect_ratio = d.pop("aspect_ratio")

        size = d.pop("size")

        images = cast(list[str], d.pop("images"))

        create_unified_video_request = cls(
            model=model,
            prompt=prompt,
            aspect_ratio=aspect_ratio,
            size=size,
            images=images,
        )

        create_unified_video_request.additional_properties = d
        return create_unified_video_request

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
