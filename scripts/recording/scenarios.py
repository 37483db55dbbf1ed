"""The scenarios: what is recorded, and what must come out each time it is replayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chainhub_video import RetryPolicy

from . import plots
from .media import PICTURE
from .scripting import Script, Stage

Format = Literal["openai", "unified"]
Fault = tuple[str, str, Mapping[str, Any]]

_OPENAI = {"model": "veo_3_1-fast", "image": PICTURE, "size": "1280x720", "watermark": False}
_UNIFIED = {"model": "grok-video-3", "aspect_ratio": "3:2"}
_LINKED = {**_UNIFIED, "image": "https://example.com/kitten.png"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that happens between a client and a gateway.

    Attributes:
        name: of the cassette; it begins with the format.
        does: in one line.
        script: makes the calls, and says what must come out.
        fields: of the create.
        creates: how many creates are sent at most, repetitions under the money rule aside.
        charged: how many of them production may charge.
        faults: what the sandbox is told to do wrong: step, kind, parameters.
        not_live: why it cannot be recorded from production; empty if it can.
        options: of the client.
    """

    name: str
    does: str
    script: Callable[[Stage], Script]
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    creates: int = 1
    charged: int = 1
    faults: tuple[Fault, ...] = ()
    not_live: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def format(self) -> Format:
        """The wire format."""
        return "openai" if self.name.startswith("openai-") else "unified"


_PROVOKED = "production does not do this when it is asked to"
_REFUSED_HERE = {"moment": "read", "shape": "flat"}
_MODERATED: Fault = (
    "create",
    "status",
    {
        **_REFUSED_HERE,
        "status": 400,
        "code": "fail_to_fetch_task",
        "message": json.dumps(
            {"error": {"message": plots.POLICY, "code": "content_policy_violation"}}
        ),
    },
)
_NO_QUOTA: Fault = (
    "create",
    "status",
    {
        **_REFUSED_HERE,
        "status": 403,
        "code": "insufficient_user_quota",
        "message": "the user's quota is not enough",
    },
)


def _too_many(step: str) -> Fault:
    told = {"status": 429, "code": "rate_limit_exceeded", "message": "too many requests"}
    return step, "status", {**_REFUSED_HERE, **told, "retry_after": 20, "times": 1}


def _ends_as(**fields: Any) -> Fault:
    return "query", "fields", {"fields": fields, "after": 1}


def _both(name: str, does: str, script: Callable[[Stage], Script], **more: Any) -> list[Scenario]:
    return [
        Scenario(f"openai-{name}", does, script, _OPENAI, **more),
        Scenario(f"unified-{name}", does, script, _LINKED, **more),
    ]


_ALL = (
    *_both("success", "create, wait, download", plots.success),
    Scenario(
        "unified-text-only", "a video from words alone, in one call", plots.in_one_call, _UNIFIED
    ),
    Scenario(
        "unified-inline-picture",
        "a local picture inside the request",
        plots.success,
        {**_UNIFIED, "image": PICTURE},
        options={"inline_images": True},
    ),
    Scenario(
        "openai-failed-task",
        "a task that ends badly",
        plots.failed_task,
        _OPENAI,
        faults=(
            _ends_as(status="failed", error={"code": "generation_failed", "message": plots.REASON}),
        ),
        not_live=_PROVOKED,
    ),
    Scenario(
        "unified-failed-task",
        "a task that ends badly",
        plots.failed_task,
        _LINKED,
        faults=(
            _ends_as(
                status="video_generation_failed",
                detail={"status": "failed", "failure_reason": plots.REASON},
            ),
        ),
        not_live=_PROVOKED,
    ),
    *_both(
        "moderation",
        "a create that the provider refuses for its content",
        plots.moderation,
        charged=0,
        faults=(_MODERATED,),
        not_live=_PROVOKED,
    ),
    *_both(
        "quota",
        "a create without quota",
        plots.quota,
        charged=0,
        faults=(_NO_QUOTA,),
        not_live="it needs an account that is used up",
    ),
    *_both(
        "bad-key",
        "a create with a wrong key",
        plots.bad_key,
        charged=0,
        options={"api_key": plots.WRONG_KEY},
    ),
    *_both(
        "rate-limit",
        "429 to the create and to a query, and success after each",
        plots.rate_limit,
        faults=(_too_many("create"), _too_many("query")),
        not_live=_PROVOKED,
    ),
    *_both(
        "lost-answer",
        "a create whose answer a proxy replaces by a page of its own",
        plots.lost_answer,
        faults=(("create", "status", {"status": 504, "shape": "html"}),),
        not_live=_PROVOKED,
    ),
    Scenario(
        "unified-proxy-page",
        "a query that a proxy answers with a page of its own, and success after it",
        plots.success,
        _LINKED,
        faults=(("query", "status", {"status": 502, "shape": "html", "times": 1}),),
        not_live=_PROVOKED,
    ),
    Scenario(
        "openai-early-content",
        "/content before the task is completed, and again after it",
        plots.early_content,
        _OPENAI,
        options={"retry": RetryPolicy(first=10, jitter=0)},
    ),
    Scenario(
        "openai-late-content",
        "/content after the video has expired",
        plots.late_content,
        _OPENAI,
        faults=(
            (
                "content",
                "status",
                {"status": 404, "code": "video_expired", "message": "the video has expired"},
            ),
        ),
        not_live="a video takes days to expire",
    ),
    Scenario(
        "unified-late-link",
        "a link that has expired, and the new one that a query gives",
        plots.success,
        _LINKED,
        faults=(("link", "expire", {"times": 1}),),
        not_live="a link takes hours to expire",
    ),
    Scenario(
        "openai-redirect",
        "/content that redirects to the host of the links",
        plots.success,
        _OPENAI,
        faults=(("content", "redirect", {}),),
        not_live=_PROVOKED,
    ),
    Scenario(
        "openai-json-link",
        "/content that answers with JSON that holds a link",
        plots.success,
        _OPENAI,
        faults=(("content", "refer", {"place": "data.url"}),),
        not_live=_PROVOKED,
    ),
    Scenario(
        "openai-unknown-model",
        "a create for a model that the gateway does not know",
        plots.unknown_model,
        {**_OPENAI, "model": "no-such-model", "format": "openai", "seconds": 8},
    ),
    Scenario(
        "unified-unknown-model",
        "a create for a model that the gateway does not know",
        plots.unknown_model,
        {**_UNIFIED, "model": "no-such-model", "format": "unified", "size": "720P"},
    ),
    Scenario(
        "openai-unknown-task",
        "a query for a task that there is not",
        plots.unknown_task("video_"),
        creates=0,
        charged=0,
    ),
    Scenario(
        "unified-unknown-task",
        "a query for a task that there is not",
        plots.unknown_task("grok:"),
        creates=0,
        charged=0,
    ),
)

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario for scenario in sorted(_ALL, key=lambda each: each.name)
}
