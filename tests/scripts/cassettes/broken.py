"""Interactions that break a promise, each with what must be told about it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .taping import FORM, PICTURE, UNIFIED, Said, form, said

TASK = {"id": "grok:1", "status": "pending"}
CREATE = "createUnifiedVideo (POST /v1/video/create)"
QUERY = "queryUnifiedVideo (GET /v1/video/query)"
FORMED = "createVideo (POST /v1/videos)"
CONTENT = "downloadVideo (GET /v1/videos/{id}/content)"
_ASKED = "#/components/schemas/CreateUnifiedVideoRequest"
_FILLED = "#/components/schemas/CreateVideoRequest"
_CREATING = "#/paths/~1v1~1video~1create/post/requestBody"
_QUERYING = "#/paths/~1v1~1video~1query/get"
_ASKING = f"{CREATE}, request: "
_FILLING = f"{FORMED}, request: "
_ANSWERED = f"{QUERY}, answer 200: "


class Told(NamedTuple):
    """One deviation.

    Attributes:
        what: operation, direction, field, and what is wrong with it.
        promise: the pointer to the promise.
        line: the line of the document that it is written in.
        demand: what it says.
    """

    what: str
    promise: str
    line: str
    demand: str


def created(**changes: Any) -> Said:
    """A create in the unified format; a field that is None is left out."""
    fields = {name: value for name, value in {**UNIFIED, **changes}.items() if value is not None}
    return said("POST", "/v1/video/create", fields, TASK)


def formed(files: dict[str, bytes] | None = None, **changes: str) -> Said:
    """A create in the OpenAI format."""
    body, kind = form({**FORM, **changes}, files)
    return said("POST", "/v1/videos", body, {"id": "video_1"}, sent_kind=kind)


def asked(answer: Any, **more: Any) -> Said:
    """A query of the unified format."""
    return said("GET", "/v1/video/query?id=grok%3A1", answer=answer, **more)


_NO_SIZE = Told(f"{_ASKING}size is missing", f"{_ASKED}/required", "- size", "demands it")
_SEED = Told(
    f"{_ASKING}seed is sent (7)", f"{_ASKED}/properties", "properties:", "does not know it"
)
BROKEN: dict[str, tuple[Said, *tuple[Told, ...]]] = {
    "a field is missing": (created(size=None), _NO_SIZE),
    "a field is of another type": (
        created(prompt=7),
        Told(f"{_ASKING}prompt is a whole number, 7", f"{_ASKED}/properties/prompt/type", "type: string", "says text"),
    ),
    "an item is of another type": (
        created(images=["https://e.com/a.png", 7.5]),
        Told(f"{_ASKING}images[1] is a number, 7.5", f"{_ASKED}/properties/images/items/type", "type: string",
             "says text"),
    ),
    "a field is not documented": (created(seed=7), _SEED),
    "all that is wrong is told": (
        created(model=True, size=None, seed=7),
        Told(f"{_ASKING}model is a truth value, true", f"{_ASKED}/properties/model/type", "type: string", "says text"),
        _NO_SIZE,
        _SEED,
    ),
    "a body is no JSON": (
        said("POST", "/v1/video/create", b'{"model": NaN}', TASK),
        Told(f"{_ASKING}body is no JSON: NaN is no number of JSON", f"{_CREATING}/content/application~1json",
             "application/json:", "says application/json"),
    ),
    "a body is of another media type": (
        said("POST", "/v1/video/create", b"model=m", TASK, sent_kind="text/plain"),
        Told(f"{_ASKING}body is text/plain", f"{_CREATING}/content", "content:", "lists application/json"),
    ),
    "a body is missing": (
        said("POST", "/v1/video/create", None, TASK),
        Told(f"{_ASKING}body is empty", f"{_CREATING}/required", "required: true", "demands one"),
    ),
    "a body is sent where none is taken": (
        said("GET", "/v1/video/query?id=1", {"id": 1}, TASK),
        Told(f"{QUERY}, request: body is 9 bytes", _QUERYING, "get:", "takes none"),
    ),
    "a part is missing": (
        formed({}),
        Told(f"{_FILLING}input_reference is missing", f"{_FILLED}/required", "- input_reference", "demands it"),
    ),
    "a file is sent as text": (
        formed({}, input_reference="https://e.com/a.png"),
        Told(f"{_FILLING}input_reference is sent as text", f"{_FILLED}/properties/input_reference/format",
             "format: binary", "says a file"),
    ),
    "text is sent as a file": (
        formed({"input_reference": PICTURE, "watermark": b"x"}),
        Told(f"{_FILLING}watermark is sent as a file, image/png, 1 bytes", f"{_FILLED}/properties/watermark/type",
             "type: string", "says text"),
    ),
    "a part is not documented": (
        formed(seed="7"),
        Told(f"{_FILLING}seed is sent ('7')", f"{_FILLED}/properties", "properties:", "does not know it"),
    ),
    "a form is none": (
        said("POST", "/v1/videos", b"--x", {"id": "1"}, sent_kind="multipart/form-data"),
        Told(f"{_FILLING}body is no form: its Content-Type has no boundary",
             "#/paths/~1v1~1videos/post/requestBody/content/multipart~1form-data", "multipart/form-data:",
             "says multipart/form-data"),
    ),
    "a parameter is missing": (
        said("GET", "/v1/video/query?task=1", answer=TASK),
        Told(f"{QUERY}, request: query parameter id is missing", f"{_QUERYING}/parameters/0/required",
             "required: true", "demands it"),
        Told(f"{QUERY}, request: query parameter task is sent", f"{_QUERYING}/parameters", "parameters:",
             "does not know it"),
    ),
    "a parameter is empty": (
        said("GET", "/v1/video/query?id=", answer=TASK),
        Told(f"{QUERY}, request: query parameter id cannot be understood (Value of id query parameter cannot be empty)",
             f"{_QUERYING}/parameters/0", "- name: id", "describes it"),
    ),
    "the key is sent in another way": (
        said("GET", "/v1/video/query?id=1", answer=TASK, headers={"Authorization": "Basic c2VjcmV0"}),
        Told(f"{QUERY}, request: the key is sent in the header Authorization", f"{_QUERYING}/security", "security:",
             "asks for bearer (http bearer)"),
    ),
    "an answer lacks its id": (
        said("POST", "/v1/video/create", UNIFIED, {"status": "pending"}),
        Told(f"{CREATE}, answer 200: id is missing", "#/components/schemas/CreateUnifiedVideoResponse/required",
             "- id", "demands it"),
    ),
    "a state is no word": (
        asked({"id": "grok:1", "status": 3}),
        Told(f"{_ANSWERED}status is a whole number, 3", "#/components/schemas/TaskStatus/type", "type: string",
             "says text"),
    ),
    "an answer is a list": (
        asked([TASK]),
        Told(f"{_ANSWERED}body is a list, [{{id, status}}]", "#/components/schemas/QueryUnifiedVideoResponse/type",
             "type: object", "says an object"),
    ),
    "an answer is cut off": (
        asked(b'{"id": "gr'),
        Told(f"{_ANSWERED}body is no JSON: Unterminated string starting at: line 1 column 8 (char 7)",
             f"{_QUERYING}/responses/200/content/application~1json", "application/json:", "says application/json"),
    ),
    "an answer is empty": (
        asked(b""),
        Told(f"{_ANSWERED}body is empty", f"{_QUERYING}/responses/200/content", "content:",
             "promises application/json"),
    ),
    "an answer is a page": (
        asked(b"<html>", kind="text/html"),
        Told(f"{_ANSWERED}body is text/html", f"{_QUERYING}/responses/200/content", "content:",
             "lists application/json"),
    ),
    "an error is neither JSON nor a page": (
        asked(b"no", kind="text/plain", status=502),
        Told(f"{QUERY}, answer 502: body is text/plain", "#/components/responses/Error/content", "content:",
             "lists application/json, text/html"),
    ),
    "a video is empty": (
        said("GET", "/v1/videos/video_1/content", answer=b"", kind="video/mp4"),
        Told(f"{CONTENT}, answer 200: body is empty", "#/paths/~1v1~1videos~1{id}~1content/get/responses/200/content",
             "content:", "promises video/mp4 or application/json"),
    ),
    "a status is not documented": (
        asked(TASK, status=202),
        Told(f"{QUERY}, answer 202: status 202 is not documented", f"{_QUERYING}/responses", "responses:",
             "lists 200, 4XX, 5XX"),
    ),
}  # fmt: skip
