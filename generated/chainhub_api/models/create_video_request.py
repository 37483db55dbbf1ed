from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import types
from ..types import UNSET, File, Unset

T = TypeVar("T", bound="CreateVideoRequest")


@_attrs_define
class CreateVideoRequest:
    """
    Attributes:
        model (str): veo_3_1 or veo_3_1-fast. Which account groups may use them is the vendor's choice. Example:
            veo_3_1.
        prompt (str): What the video shows. Example: Let the cow happily take the driving test (Part 3).
        seconds (str): The length of the video in seconds, as text. Users of these models give 8. Example: 8.
        input_reference (File): The reference picture the video starts from, as a file. Some models refuse a picture
            whose pixels differ from `size`.
        size (str): 720x1280 for portrait or 1280x720 for landscape, in pixels. Example: 1280x720.
        watermark (str | Unset): Whether the video carries a watermark, as the text true or false. Example: false.
    """

    model: str
    prompt: str
    seconds: str
    input_reference: File
    size: str
    watermark: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        prompt = self.prompt

        seconds = self.seconds

        input_reference = self.input_reference.to_tuple()

        size = self.size

        watermark = self.watermark

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "prompt": prompt,
                "seconds": seconds,
                "input_reference": input_reference,
                "size": size,
            }
        )
        if watermark is not UNSET:
            field_dict["watermark"] = watermark

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("model", (None, str(self.model).encode(), "text/plain")))

        files.append(("prompt", (None, str(self.prompt).encode(), "text/plain")))

        files.append(("seconds", (None, str(self.seconds).encode(), "text/plain")))

        files.append(("input_reference", self.input_reference.to_tuple()))

        files.append(("size", (None, str(self.size).encode(), "text/plain")))

        if not isinstance(self.watermark, Unset):
            files.append(("watermark", (None, str(self.watermark).encode(), "text/plain")))

        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        model = d.pop("model")

        prompt = d.pop("prompt")

        seconds = d.pop("seconds")

        input_reference = File(payload=BytesIO(d.pop("input_reference")))

        size = d.pop("size")

        watermark = d.pop("watermark", UNSET)

        create_video_request = cls(
            model=model,
            prompt=prompt,
            seconds=seconds,
            input_reference=input_reference,
            size=size,
            watermark=watermark,
        )

        create_video_request.additional_properties = d
        return create_video_request

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
