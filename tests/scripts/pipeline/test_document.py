"""What everyone may rely on in the built document."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

from openapi_schema_validator import OAS30Validator
from ruamel.yaml import YAML

from tests.support.places import ROOT

TEXT = (ROOT / "openapi/openapi.yaml").read_text()
DOCUMENT: Any = YAML(typ="safe", pure=True).load(TEXT)
SCHEMAS: Any = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    ("post", "/v1/videos"): ("createVideo", "openai"),
    ("get", "/v1/videos/{id}"): ("retrieveVideo", "openai"),
    ("get", "/v1/videos/{id}/content"): ("downloadVideo", "openai"),
    ("post", "/v1/video/create"): ("createUnifiedVideo", "unified"),
    ("get", "/v1/video/query"): ("queryUnifiedVideo", "unified"),
}
ANSWERS = [
    "CreateVideoResponse", "RetrieveVideoResponse", "CreateUnifiedVideoResponse", "QueryUnifiedVideoResponse",
    "VideoLink", "ErrorResponse",
]  # fmt: skip


def operations() -> Iterator[tuple[str, str, Any]]:
    """List the document's operations."""
    for url, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield method, url, operation


def fits(name: str, value: object) -> bool:
    """Say whether a value fits a named schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return bool(OAS30Validator(schema).is_valid(value))


def test_the_operations_are_exactly_the_known_ones() -> None:
    """Each operation has its id and one short tag, and no other operation is there."""
    found = {(method, url): (o["operationId"], *o["tags"]) for method, url, o in operations()}
    assert found == OPERATIONS
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {"openai", "unified"}


def test_every_operation_is_secured_and_tells_its_errors() -> None:
    """The key and the error answers are part of every operation, and no header of HTTP is a parameter."""
    for _, _, operation in operations():
        assert operation["security"] == [{"bearer": []}]
        for status in ("4XX", "5XX"):
            assert operation["responses"][status] == {"$ref": "#/components/responses/Error"}
        assert operation["summary"]
        assert operation["description"]
        for parameter in operation.get("parameters", []):
            assert parameter["name"].lower() not in ("content-type", "accept", "authorization")
            assert parameter["description"]


def test_bodies_are_named_and_required() -> None:
    """Each request body must be sent, and every body but files and pages has a named schema."""
    for method, _, operation in operations():
        assert ("requestBody" in operation) is (method == "post")
        if method == "post":
            assert operation["requestBody"]["required"] is True
        content = [operation["responses"]["200"]["content"]]
        content += [operation["requestBody"]["content"]] if method == "post" else []
        for media_type, media in (pair for part in content for pair in part.items()):
            named = media["schema"].get("$ref", "").startswith("#/components/schemas/")
            assert named or (media_type, media["schema"]["format"]) == ("video/mp4", "binary")


def test_requests_demand_what_the_pages_demand() -> None:
    """The required fields of the two create calls are those of the vendor's pages."""
    assert SCHEMAS["CreateVideoRequest"]["required"] == [
        "model", "prompt", "seconds", "input_reference", "size",
    ]  # fmt: skip
    assert SCHEMAS["CreateUnifiedVideoRequest"]["required"] == [
        "model", "prompt", "aspect_ratio", "size", "images",
    ]  # fmt: skip


def test_answers_demand_almost_nothing() -> None:
    """An answer needs at most its id, knows no closed set of words, and may hold unknown fields."""
    for name in ANSWERS:
        schema = SCHEMAS[name]
        assert schema.get("required", []) == (["id"] if name.startswith("Create") else [])
        assert schema["additionalProperties"] is True
        assert "enum" not in str(schema)
        assert all(
            "description" in field or "$ref" in field for field in schema["properties"].values()
        )
        assert fits(name, {"id": "x", "an_unknown_field": [1, {"a": None}]})


def test_times_progress_and_blobs_may_be_anything() -> None:
    """Seconds, milliseconds, text, nothing: fields whose form varies fit in every form."""
    fields = [
        "created_at", "completed_at", "status_update_time", "progress", "error", "detail", "metadata",
    ]  # fmt: skip
    times = [1762241017286, 1764522528, "2025-11-01T10:00:00Z", "", 0, None]
    for value in [*times, {"a": 1}, times, "30%"]:
        for name in ANSWERS[:4]:
            assert fits(name, {"id": "x", **dict.fromkeys(fields, value)})


ERRORS = [
    {"error": {"message": "m", "type": "t", "message_zh": "z", "param": None, "code": None}},
    {"code": "insufficient_user_quota", "message": "m", "data": None}, {"error": "text"},
    {"code": 500, "message": "m"}, {},
]  # fmt: skip


def test_every_known_error_body_fits() -> None:
    """The shapes that error bodies have all fit the one error schema."""
    for body in ERRORS:
        assert fits("ErrorResponse", body)


def test_a_download_may_be_a_file_a_link_or_a_redirect() -> None:
    """The three ways in which the video may come are described."""
    responses = DOCUMENT["paths"]["/v1/videos/{id}/content"]["get"]["responses"]
    assert list(responses["200"]["content"]) == ["video/mp4", "application/json"]
    elsewhere = {"$ref": "#/components/responses/VideoElsewhere"}
    assert (responses["302"], responses["307"]) == (elsewhere, elsewhere)
    assert "Location" in DOCUMENT["components"]["responses"]["VideoElsewhere"]["headers"]


def test_the_contradictions_of_the_pages_are_gone() -> None:
    """None of the vendor's slips is left in the document."""
    for slip in ("16x9", "ile://", "Pad map", "Prompt words", "apifox", "Optional:", "'null'"):
        assert slip not in TEXT


def test_the_document_says_what_it_is() -> None:
    """Title, version, licence and server are there."""
    assert DOCUMENT["openapi"].startswith("3.0.")
    assert DOCUMENT["info"]["title"] == "ChainHub Video API"
    assert DOCUMENT["info"]["version"]
    assert DOCUMENT["info"]["license"]["name"] == "MIT"
    assert [server["url"] for server in DOCUMENT["servers"]] == ["https://api.chainhub.tech"]


def test_the_package_ships_the_same_document() -> None:
    """The copy inside the generated package is byte-identical."""
    shipped = resources.files("chainhub_api") / "openapi.yaml"
    assert shipped.read_bytes() == TEXT.encode()
