"""List the scenarios: what is recorded, and how the sandbox is brought to do it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainhub_video import RetryPolicy

from . import steps
from .media import PICTURE_FILE

Fault = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that happens between a client and a gateway.

    Attributes:
        name: of the cassette; it begins with the format.
        does: in one line.
        steps: makes the calls, and says what must come out.
        fields: of the create.
        charged: how many creates production may charge.
        faults: what the sandbox is told to do wrong: step, kind, parameters.
        not_live: why it cannot be recorded from production; empty if it can.
        options: of the client.
    """

    name: str
    does: str
    steps: steps.Steps
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    charged: int = 1
    faults: tuple[Fault, ...] = ()
    not_live: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def format(self) -> str:
        """The wire format."""
        return self.name.partition("-")[0]


_OPENAI = {"model": "veo_3_1-fast", "image": PICTURE_FILE, "size": "1280x720", "watermark": False}
_UNIFIED = {"model": "grok-video-3", "aspect_ratio": "3:2"}
_LINKED = {**_UNIFIED, "image": "https://example.com/kitten.png"}
_PROVOKED = "production does not do this when it is asked to"
_MODERATED = {"error": {"message": steps.POLICY, "code": "content_policy_violation"}}


def _refuses(step: str, status: int, code: str, message: str, **more: Any) -> Fault:
    told = {"moment": "read", "shape": "flat", "status": status, "code": code, "message": message}
    return step, "status", {**told, **more}


def _answers_with_page(step: str, status: int, **more: Any) -> Fault:
    return step, "status", {"status": status, "shape": "html", **more}


def _too_many(step: str) -> Fault:
    return _refuses(step, 429, "rate_limit_exceeded", "too many requests", retry_after=20, times=1)


def _ends_as(**fields: Any) -> Fault:
    return "query", "fields", {"fields": fields, "after": 1}


def _openai(name: str, does: str, calls: Any, *faults: Fault, **more: Any) -> Scenario:
    return Scenario(f"openai-{name}", does, calls, faults=faults, **{"fields": _OPENAI, **more})


def _unified(name: str, does: str, calls: Any, *faults: Fault, **more: Any) -> Scenario:
    return Scenario(f"unified-{name}", does, calls, faults=faults, **{"fields": _LINKED, **more})


def _both(*row: Any, **more: Any) -> list[Scenario]:
    return [_openai(*row, **more), _unified(*row, **more)]


_FAILS = "a task that ends badly"
_NO_MODEL = "a create for a model that the gateway does not know"
_NO_TASK = "a query for a task that there is not"
_ALL = (
    *_both("success", "create, wait, download", steps.success),
    _unified("text-only", "a video from words alone, in one call", steps.in_one_call, fields=_UNIFIED),
    _unified("inline-picture", "a local picture inside the request", steps.success,
             fields={**_UNIFIED, "image": PICTURE_FILE}, options={"inline_images": True}),
    _openai("failed-task", _FAILS, steps.failed_task,
            _ends_as(status="failed", error={"code": "generation_failed", "message": steps.REASON}),
            not_live=_PROVOKED),
    _unified("failed-task", _FAILS, steps.failed_task,
             _ends_as(status="video_generation_failed", detail={"status": "failed", "failure_reason": steps.REASON}),
             not_live=_PROVOKED),
    *_both("moderation", "a create that the provider refuses for its content", steps.moderation,
           _refuses("create", 400, "fail_to_fetch_task", json.dumps(_MODERATED)), charged=0, not_live=_PROVOKED),
    *_both("quota", "a create without quota", steps.quota,
           _refuses("create", 403, "insufficient_user_quota", "the user's quota is not enough"), charged=0,
           not_live="it needs an account that is used up"),
    *_both("bad-key", "a create with a wrong key", steps.bad_key, charged=0, options={"api_key": steps.WRONG_KEY}),
    *_both("rate-limit", "429 to the create and to a query, and success after each", steps.rate_limit,
           _too_many("create"), _too_many("query"), not_live=_PROVOKED),
    *_both("lost-answer", "a create whose answer a proxy replaces by a page of its own", steps.lost_answer,
           _answers_with_page("create", 504), not_live=_PROVOKED),
    _unified("proxy-page", "a query that a proxy answers with a page of its own, and success after it", steps.success,
             _answers_with_page("query", 502, times=1), not_live=_PROVOKED),
    _openai("early-content", "/content before the task is completed, and again after it", steps.early_content,
            options={"retry": RetryPolicy(first=10, jitter=0)}),
    _openai("late-content", "/content after the video has expired", steps.late_content,
            ("content", "status", {"status": 404, "code": "video_expired", "message": "the video has expired"}),
            not_live="a video takes days to expire"),
    _unified("late-link", "a link that has expired, and the new one that a query gives", steps.success,
             ("link", "expire", {"times": 1}), not_live="a link takes hours to expire"),
    _openai("redirect", "/content that redirects to the host of the links", steps.success,
            ("content", "redirect", {}), not_live=_PROVOKED),
    _openai("json-link", "/content that answers with JSON that holds a link", steps.success,
            ("content", "refer", {"place": "data.url"}), not_live=_PROVOKED),
    _openai("unknown-model", _NO_MODEL, steps.unknown_model,
            fields={**_OPENAI, "model": "no-such-model", "format": "openai", "seconds": 8}),
    _unified("unknown-model", _NO_MODEL, steps.unknown_model,
             fields={**_UNIFIED, "model": "no-such-model", "format": "unified", "size": "720P"}),
    _openai("unknown-task", _NO_TASK, steps.unknown_task("video_"), charged=0),
    _unified("unknown-task", _NO_TASK, steps.unknown_task("grok:"), charged=0),
)  # fmt: skip

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario for scenario in sorted(_ALL, key=lambda each: each.name)
}
