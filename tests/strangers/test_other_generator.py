"""Models by datamodel-code-generator, a generator of another maker, agree with ours and read real answers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import ModuleType
from typing import Any

import attrs
import chainhub_api.models
import httpx
import pytest
import yaml
from chainhub_sandbox import Sandbox, VirtualClock

from tests.strangers.conftest import FORM, UNIFIED
from tests.strangers.judging import DOCUMENT
from tests.support.places import KITTEN

PARSED = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
OBJECTS = sorted(
    name
    for name, schema in PARSED["components"]["schemas"].items()
    if schema.get("type") == "object"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Pydantic models, generated without a warning, with every reference found, and imported."""
    file = tmp_path_factory.mktemp("generated") / "pydantic_models.py"
    run = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-m", "datamodel_code_generator"),
            *("--input", DOCUMENT, "--input-file-type", "openapi", "--output", file),
            *("--schema-version", "3.0", "--schema-version-mode", "strict"),
            *("--strict-refs", "--no-allow-remote-refs"),
            *("--openapi-scopes", "schemas", "paths", "parameters"),
            # What its next version does by itself: without, it warns.
            *("--use-annotated", "--formatters", "builtin"),
        ],
        cwd=file.parent,  # its configuration is looked for from there
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # the models look for each other there
    spec.loader.exec_module(module)
    return module


def lossless(model: Any, value: Any) -> bool:
    """Whether a model reads a value, and gives it back as it was."""
    return bool(model.model_validate(value).model_dump(mode="json", exclude_unset=True) == value)


def test_both_generators_see_the_same_fields(models: ModuleType) -> None:
    """Two generators of two makers find the same fields, and the same ones required, in each schema."""
    for name in OBJECTS:
        theirs = {
            field.removesuffix("_"): info.is_required()
            for field, info in getattr(models, name).model_fields.items()
        }
        ours = {
            field.name.removesuffix("_"): field.default is attrs.NOTHING
            for field in attrs.fields(getattr(chainhub_api.models, name))
            if field.name != "additional_properties"
        }
        assert theirs == ours, name


def test_real_answers_are_what_the_document_says(models: ModuleType) -> None:
    """What the sandbox answers in every state, and when it refuses, is read without loss."""
    clock = VirtualClock()
    read: list[tuple[str, int, str]] = []
    with (
        Sandbox(fast=True, pace=60, clock=clock) as gateway,
        httpx.Client(base_url=gateway.url, headers={"Authorization": "Bearer sandbox"}) as http,
    ):

        def answered(schema: str, method: str, target: str, **options: Any) -> dict[str, Any]:
            response = http.request(method, target, **options)
            answer: dict[str, Any] = response.json()
            assert lossless(getattr(models, schema), answer), answer
            read.append((schema, response.status_code, answer.get("status", "")))
            return answer

        picture = {"input_reference": KITTEN.read_bytes()}
        openai, broken = (
            answered("CreateVideoResponse", "POST", "/v1/videos", data=FORM, files=picture)
            for _ in "12"
        )
        unified, lost = (
            answered("CreateUnifiedVideoResponse", "POST", "/v1/video/create", json=UNIFIED)
            for _ in "12"
        )
        gateway.fail(broken["id"], reason="the prompt was refused")
        gateway.fail(lost["id"], reason="the prompt was refused")
        for _ in range(7):
            for task in (openai, broken):
                answered("RetrieveVideoResponse", "GET", f"/v1/videos/{task['id']}")
            for task in (unified, lost):
                answered(
                    "QueryUnifiedVideoResponse", "GET", "/v1/video/query", params={"id": task["id"]}
                )
            clock.advance(60)
        answered("ErrorResponse", "GET", "/v1/videos/nobody")
        answered("ErrorResponse", "GET", "/v1/videos/nobody/content")
        answered("ErrorResponse", "POST", "/v1/video/create", json=UNIFIED | {"model": "another"})
        answered(
            "ErrorResponse", "GET", "/v1/video/query", headers={"Authorization": "Bearer wrong"}
        )

    assert {status for schema, _, status in read if schema == "RetrieveVideoResponse"} == {
        "queued",
        "processing",
        "in_progress",
        "completed",
        "failed",
    }
    assert {"pending", "video_generation_completed", "completed", "failed"} <= {
        status for schema, _, status in read if schema == "QueryUnifiedVideoResponse"
    }
    assert {code for schema, code, _ in read if schema == "ErrorResponse"} == {400, 401, 404, 503}
