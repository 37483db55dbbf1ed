"""The form for a new task."""

from __future__ import annotations

from chainhub_sandbox.models import MODELS
from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.html import Html, tag
from chainhub_sandbox.page.parts import FORMATS, Shown, field, message, option, section

_CREATES = {"openai": "POST /v1/videos", "unified": "POST /v1/video/create"}
_SHAPES = {"wide": "wide", "tall": "tall", "square": "square (grok-video-3)"}


def new_task(shown: Shown) -> Html:
    """Return the section with the form."""
    draft = shown.draft
    groups = [
        tag(
            "optgroup",
            [option(f"{name} {model}", model, draft.model) for model in models],
            label=f"{FORMATS[name]}: {_CREATES[name]}",
        )
        for name, models in MODELS.items()
    ]
    fields = [
        field(
            "prompt",
            "Prompt",
            lambda **more: tag("textarea", draft.prompt, rows=3, required=True, dir="auto", **more),
        ),
        field("model", "Model", lambda **more: tag("select", groups, **more)),
        tag(
            "div",
            field(
                "shape",
                "Shape",
                lambda **more: tag(
                    "select",
                    [option(value, name, draft.shape) for value, name in _SHAPES.items()],
                    **more,
                ),
            ),
            field(
                "seconds",
                "Seconds",
                lambda **more: tag(
                    "input", type="text", inputmode="numeric", value=draft.seconds, **more
                ),
                "OpenAI format only",
            ),
            class_="row",
        ),
        field(
            "picture",
            "Picture",
            lambda **more: tag("input", type="file", accept="image/*", **more),
            "The unified format gets a link to it. Where one is needed and none is chosen, "
            "an example is sent.",
        ),
        field(
            "link",
            "Or a link to a picture",
            lambda **more: tag("input", type="url", value=draft.link or None, **more),
            "Unified format only. Only links to this machine are fetched.",
        ),
    ]
    form = tag(
        "form",
        fields,
        tag("button", "Create", type="submit", class_="main"),
        method="post",
        action=f"{PAGE}/create",
        enctype="multipart/form-data",
    )
    return section("new", "New task", message(shown, "new"), form)
