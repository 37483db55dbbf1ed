"""Interactions that break a promise; what must be told of each is in broken.txt."""

from __future__ import annotations

from typing import Any

from .taping import FORM, PICTURE, UNIFIED, Said, form, said

TASK = {"id": "grok:1", "status": "pending"}
CREATE = "/v1/video/create"
QUERY = "/v1/video/query?id=1"


def created(**changes: Any) -> Said:
    """A create in the unified format; a field that is None is left out."""
    fields = {name: value for name, value in {**UNIFIED, **changes}.items() if value is not None}
    return said("POST", CREATE, fields, TASK)


def formed(files: dict[str, bytes] | None = None, **changes: str) -> Said:
    """A create in the OpenAI format."""
    body, kind = form({**FORM, **changes}, files)
    return said("POST", "/v1/videos", body, {"id": "video_1"}, sent_kind=kind)


def asked(answer: Any, **more: Any) -> Said:
    """A query of the unified format."""
    return said("GET", "/v1/video/query?id=grok%3A1", answer=answer, **more)


BROKEN: dict[str, Said] = {
    "a field is missing": created(size=None),
    "a field is of another type": created(prompt=7),
    "an item is of another type": created(images=["https://e.com/a.png", 7.5]),
    "a field is not documented": created(seed=7),
    "all that is wrong is told": created(model=True, size=None, seed=7),
    "a body is no JSON": said("POST", CREATE, b'{"model": NaN}', TASK),
    "a body is of another media type": said("POST", CREATE, b"m=m", TASK, sent_kind="text/plain"),
    "a body is missing": said("POST", CREATE, None, TASK),
    "a body is sent where none is taken": said("GET", QUERY, {"id": 1}, TASK),
    "a part is missing": formed({}),
    "a file is sent as text": formed({}, input_reference="https://e.com/a.png"),
    "text is sent as a file": formed({"input_reference": PICTURE, "watermark": b"x"}),
    "a part is not documented": formed(seed="7"),
    "a form is none": said("POST", "/v1/videos", b"--x", {"id": "1"}, sent_kind="multipart/form-data"),
    "a parameter is missing": said("GET", "/v1/video/query?task=1", answer=TASK),
    "a parameter is empty": said("GET", "/v1/video/query?id=", answer=TASK),
    "the key is sent in another way": said("GET", QUERY, answer=TASK, headers={"Authorization": "Basic c2VjcmV0"}),
    "an answer lacks its id": said("POST", CREATE, UNIFIED, {"status": "pending"}),
    "a state is no word": asked({"id": "grok:1", "status": 3}),
    "an answer is a list": asked([TASK]),
    "an answer is cut off": asked(b'{"id": "gr'),
    "an answer is empty": asked(b""),
    "an answer is a page": asked(b"<html>", kind="text/html"),
    "an error is neither JSON nor a page": asked(b"no", kind="text/plain", status=502),
    "a video is empty": said("GET", "/v1/videos/video_1/content", answer=b"", kind="video/mp4"),
    "a status is not documented": asked(TASK, status=202),
}  # fmt: skip
