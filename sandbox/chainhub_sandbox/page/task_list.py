"""The tasks: state, request, pictures in, video out, and the lines that make one once more."""

from __future__ import annotations

import time
from functools import lru_cache, partial
from typing import NamedTuple

from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.html import Html, fragment, live, tag
from chainhub_sandbox.page.parts import FORMATS, Shown, button, message, section
from chainhub_sandbox.page.recipes import recipes
from chainhub_sandbox.tasks import COMPLETED, FAILED, Task

_LONGEST_SHOWN = 280
_LONGEST_REPEATED = 2000

paragraph = partial(tag, "p")


def task_list(shown: Shown) -> Html:
    """Return the section with the tasks, newest first."""
    items = [_task(number, task, shown) for number, task in shown.tasks]
    if shown.alone:
        back = paragraph(tag("a", "All tasks", href="/#tasks"))
        return section("tasks", "One task", back, tag("ul", items, id="task-list", role="list"))
    more = shown.count - len(items)
    return section(
        "tasks",
        "Tasks",
        tag(
            "noscript",
            paragraph(tag("a", "Reload", href="/"), " to see how the tasks have gone on."),
        ),
        message(shown, "tasks"),
        live(
            "div",
            "none-yet",
            None
            if items
            else paragraph(
                "No tasks yet. Create one here, or point a client at ",
                tag("code", shown.url),
                ".",
            ),
        ),
        tag("ul", items, id="task-list", role="list"),
        live(
            "div",
            "more",
            tag("a", f"Show more ({more} older)", href=f"/?show={len(items) + 50}#tasks")
            if more
            else None,
        ),
    )


def _task(number: int, task: Task, shown: Shown) -> Html:
    name, anchor = f"Task {number}", f"t-{task.trace_id}"
    status = task.state().status
    fixed = _fixed_parts(number, task, shown.url, shown.api_key, shown.alone)
    return tag(
        "li",
        tag(
            "div",
            tag("h3", name, id=f"{anchor}-name"),
            live("div", f"{anchor}-state", _state(task, name), class_="state"),
            class_="top",
        ),
        fixed.head,
        live("div", f"{anchor}-media", _media(task, name, shown), class_="media"),
        live("div", f"{anchor}-actions", _actions(task, name, anchor), class_="actions"),
        fixed.foot,
        id=anchor,
        class_="task",
        data_name=name,
        data_status=status,
        aria_labelledby=f"{anchor}-name",
    )


class _FixedParts(NamedTuple):
    """What does not change of a task: above its pictures and its video, and below."""

    head: Html
    foot: Html


# The page is asked for every second, and the gateway answers clients on the same thread.
@lru_cache(maxsize=200)
def _fixed_parts(number: int, task: Task, url: str, api_key: str, whole: bool) -> _FixedParts:
    foot = [_facts(task)]
    if whole or not _is_long(task):
        foot.append(_recipes(task, number, url, api_key))
    else:
        words = "The whole request, and how to make it again"
        link = tag("a", words, href=f"{PAGE}/tasks/{task.trace_id}")
        foot.append(paragraph(link))
    return _FixedParts(_prompt(task, whole), fragment(foot))


def _is_long(task: Task) -> bool:
    """Whether a request is too long to be sent with the page again and again."""
    return sum(len(str(value)) for value in task.body.values()) > _LONGEST_REPEATED


def _state(task: Task, name: str) -> Html:
    state = task.state()
    percent = int(state.progress * 100)
    kind = state.status if state.status in (COMPLETED, FAILED) else "running"
    held = tag("span", "held", class_="pill") if task.held else None
    pill = tag("span", state.status, class_=f"pill {kind}")
    if kind == "running":
        bar = tag(
            "progress", f"{percent} %", value=percent, max=100, aria_label=f"Progress of {name}"
        )
        return fragment(pill, held, bar, tag("span", f"{percent} %", class_="percent"))
    if kind == FAILED:
        return fragment(pill, tag("span", _short(task.failure or ""), class_="reason", dir="auto"))
    return pill


def _prompt(task: Task, whole: bool) -> Html:
    prompt = task.request.prompt
    if whole or len(prompt) <= _LONGEST_SHOWN:
        return paragraph(prompt, class_="prompt", dir="auto")
    head = paragraph(f"{prompt[:_LONGEST_SHOWN].rstrip()}…", class_="prompt", dir="auto")
    if _is_long(task):
        return head
    return fragment(
        head,
        tag(
            "details",
            tag("summary", f"Show all {len(prompt):,} characters of the prompt"),
            paragraph(prompt, class_="prompt", dir="auto"),
        ),
    )


def _media(task: Task, name: str, shown: Shown) -> Html:
    pictures = [
        tag(
            "figure",
            tag(
                "img",
                src=f"{PAGE}/pictures/{task.trace_id}/{index}.jpg",
                alt=f"Picture {index + 1} of {name}",
                loading="lazy",
                width=120,
            ),
            tag("figcaption", "picture in"),
        )
        for index, picture in enumerate(task.pictures)
        if shown.has_thumbnail(picture)
    ]
    video = None
    if task.state().status == COMPLETED:
        video = tag(
            "figure",
            tag(
                "video",
                controls=True,
                preload="none",
                playsinline=True,
                poster=f"{PAGE}/videos/{task.trace_id}.jpg",
                src=f"{PAGE}/videos/{task.trace_id}.mp4",
                aria_label=f"Video of {name}",
            ),
            tag("figcaption", "video out"),
            class_="out",
        )
    return fragment(pictures, video)


def _facts(task: Task) -> Html:
    facts = {
        "format": FORMATS[task.request.format],
        **{key: value for key, value in task.body.items() if key not in ("prompt", "images")},
    }
    if task.request.images:
        facts["picture" if len(task.request.images) == 1 else "pictures"] = ", ".join(
            task.request.images
        )
    created = time.strftime("%H:%M:%S", time.localtime(task.created_at))
    dialect = ", ".join(sorted(task.dialect.names - {"documented"}))
    facts |= {"created": created, **({"dialect": dialect} if dialect else {}), "id": task.id}
    return tag(
        "dl",
        [
            tag("div", tag("dt", key), tag("dd", _short(str(value)), dir="auto"))
            for key, value in facts.items()
        ],
        class_="facts",
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _actions(task: Task, name: str, anchor: str) -> Html | None:
    if task.state().status in (COMPLETED, FAILED):
        return None
    hold = ("release", "Go on") if task.held else ("hold", "Hold")
    return fragment(
        button(
            "tasks",
            {"task": task.trace_id, "do": action},
            label,
            element_id=f"{anchor}-{action}",
            aria_label=f"{label}: {name}",
        )
        for action, label in (hold, ("finish", "Finish"), ("fail", "Fail"))
    )


def _recipes(task: Task, number: int, url: str, api_key: str) -> Html:
    made, name, anchor = recipes(task, url, api_key), f"Task {number}", f"t-{task.trace_id}"
    notes: list[Html] = []
    if made.picture:
        notes.append(paragraph(tag("code", made.picture), " is the picture that was sent."))
    if made.left_out:
        named = ", ".join(made.left_out)
        notes.append(paragraph(f"The command has no option for {named}.", class_="hint"))
    blocks = (("curl", made.curl), ("Command", made.command), ("Python", made.python))
    return tag(
        "details",
        tag(
            "summary",
            "Make it again: curl, command, Python",
            tag("span", f" for {name}", class_="unseen"),
        ),
        [
            tag(
                "div",
                tag("h4", language),
                tag(
                    "button",
                    "Copy",
                    type="button",
                    class_="scripted",
                    data_copy=f"{anchor}-{language}",
                    aria_label=f"Copy {language} of {name}",
                ),
                tag(
                    "pre",
                    tag("code", text),
                    id=f"{anchor}-{language}",
                    tabindex="0",
                    role="region",
                    aria_label=f"{language} of {name}",
                    dir="ltr",
                ),
                class_="recipe",
            )
            for language, text in blocks
        ],
        notes,
    )
