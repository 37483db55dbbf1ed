"""aiopenapi3, which makes a client out of a document while the program runs, makes videos with nothing but ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from chainhub_sandbox import Sandbox

from tests.strangers.conftest import FORM, UNIFIED
from tests.strangers.judging import DOCUMENT
from tests.support.places import KITTEN


@pytest.fixture
def api(gateway: Sandbox) -> Any:
    """A client of the sandbox made from the document, whose own server is the real one."""
    import httpx2
    from aiopenapi3 import (
        OpenAPI,
    )  # takes a second, which every process of the suite would pay while collecting

    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    document["servers"] = [{"url": gateway.url}]
    api = OpenAPI(gateway.url, document, session_factory=httpx2.Client)
    api.authenticate(bearer="sandbox")
    return api


def ended(query: Callable[[], Any]) -> Any:
    """Ask until the task has ended."""
    deadline = time.monotonic() + 20
    while (state := query()).status not in ("completed", "failed"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return state


def test_it_finds_all_operations(api: Any) -> None:
    """The document describes five operations, and names them."""
    assert sorted(api._) == [
        "openai.createVideo",
        "openai.downloadVideo",
        "openai.retrieveVideo",
        "unified.createUnifiedVideo",
        "unified.queryUnifiedVideo",
    ]


def test_a_whole_job_in_the_openai_format(api: Any, gateway: Sandbox) -> None:
    """The document says all that is needed for a form with a picture, its state, and its video."""
    operations = api._.openai
    with KITTEN.open("rb") as picture:
        task = operations.createVideo(
            data=[*FORM.items(), ("input_reference", ("kitten.png", picture, "image/png"))]
        )
    state = ended(lambda: operations.retrieveVideo(parameters={"id": task.id}))
    assert (state.status, state.seconds, state.size) == ("completed", "2", "1280x720")
    assert operations.downloadVideo(parameters={"id": task.id})[4:8] == b"ftyp"
    assert gateway.creates[0].tasks[0].fetched_whole
    assert gateway.paid == 1


def test_a_whole_job_in_the_unified_format(api: Any, gateway: Sandbox) -> None:
    """The document says all that is needed for JSON, where the video is behind a link in the state."""
    operations = api._.unified
    task = operations.createUnifiedVideo(data=UNIFIED)
    state = ended(lambda: operations.queryUnifiedVideo(parameters={"id": task.id}))
    assert state.status == "completed"
    assert state.video_url.startswith(gateway.links_url)
    assert gateway.paid == 1


def test_refusals_are_read(api: Any, gateway: Sandbox) -> None:
    """Errors arrive as the document's ErrorResponse, in both of its shapes."""
    from aiopenapi3.errors import HTTPClientError, HTTPServerError

    with pytest.raises(HTTPClientError) as unknown_task:
        api._.openai.retrieveVideo(parameters={"id": "video_nobody-knows"})
    with pytest.raises(HTTPServerError) as unknown_model:
        api._.unified.createUnifiedVideo(data=UNIFIED | {"model": "another"})
    told: Any = unknown_task.value.data
    assert told.code == "task_not_exist"
    told = unknown_model.value.data
    assert told.error.root.code == "model_not_found"
    assert unknown_task.value.headers["X-Oneapi-Request-Id"]
    assert gateway.paid == 0
