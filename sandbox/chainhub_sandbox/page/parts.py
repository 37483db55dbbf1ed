"""Pieces that several sections of the page are made of, and what the page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chainhub_sandbox.faults import Fault
from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.html import Child, Html, tag
from chainhub_sandbox.tasks import Task

FORMATS = {"openai": "OpenAI format", "unified": "Unified format"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What is in the form for a new task.

    Attributes:
        model: the wire format and the model, with a blank between them.
        prompt: what the video shows.
        shape: `wide`, `tall` or `square`.
        seconds: how long the video is.
        link: to a picture.
    """

    model: str = "openai veo_3_1"
    prompt: str = "A kitten looks out of the window at the first snow"
    shape: str = "wide"
    seconds: str = "8"
    link: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows.

    Attributes:
        url: of the gateway.
        api_key: that it lets in.
        paid: creates that production would have charged.
        received: requests so far.
        leaks: requests that carried the key to the origin of the links.
        tasks: the newest ones with their numbers, newest first.
        count: of all tasks.
        faults: that are set: number, fault, seen, struck.
        dialects: of new tasks.
        has_thumbnail: whether there is a small picture of one of a task's.
        alone: whether it shows one task, and all of that.
        draft: what is in the form.
        message: why the last action failed; empty for nothing.
        place: the part of the page that the message belongs to.
    """

    url: str
    api_key: str
    paid: int
    received: int
    leaks: int
    tasks: Sequence[tuple[int, Task]]
    count: int
    faults: Sequence[tuple[int, Fault, int, int]]
    dialects: frozenset[str]
    has_thumbnail: Callable[[str], bool]
    alone: bool = False
    draft: Draft = Draft()
    message: str = ""
    place: str = "new"


def message(shown: Shown, place: str) -> Html | None:
    """Return why the last action failed, if this part of the page is the place to say it."""
    if not shown.message or shown.place != place:
        return None
    return tag("p", shown.message, role="alert", id="message", tabindex="-1", dir="auto")


def option(value: str, name: str, chosen: str) -> Html:
    """Return an option of a select."""
    return tag("option", name, value=value, selected=value == chosen)


def field(name: str, label: str, control: Callable[..., Html], hint: str = "") -> Html:
    """Return a control with its label and a hint.

    Args:
        name: of the control.
        label: what it is for.
        control: makes it of its attributes.
        hint: further words on it.
    """
    hint_id = f"{name}-hint" if hint else None
    return tag(
        "div",
        tag("label", label, for_=name),
        control(id=name, name=name, aria_describedby=hint_id),
        tag("p", hint, id=hint_id, class_="hint") if hint else None,
        class_="field",
    )


def section(name: str, title: str, *children: Child) -> Html:
    """Return a section with a heading."""
    heading = tag("h2", title, id=f"{name}-title")
    return tag("section", heading, *children, id=name, aria_labelledby=f"{name}-title")


def button(
    action: str, values: Mapping[str, str], label: Child, element_id: str, **more: str
) -> Html:
    """Return a button that posts some values to one of the page's actions."""
    return tag(
        "form",
        [tag("input", type="hidden", name=key, value=value) for key, value in values.items()],
        tag("button", label, type="submit", id=element_id, **more),
        method="post",
        action=f"{PAGE}/{action}",
        data_quiet=True,
    )
