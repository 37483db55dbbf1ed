"""The switches: faults and dialects."""

from __future__ import annotations

from functools import partial

from chainhub_sandbox.faults import KINDS, Fault
from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.html import Html, fragment, live, tag
from chainhub_sandbox.page.parts import Shown, button, field, message, section
from chainhub_sandbox.page.switches import DIALECTS, PRESETS

paragraph = partial(tag, "p")


def switch_list(shown: Shown) -> Html:
    """Return the sections with the switches."""
    return tag("div", _faults(shown), _dialects(shown), class_="switches")


def _faults(shown: Shown) -> Html:
    set_now = [fault for _, fault, _, _ in shown.faults]
    switches = [
        _switch("faults", "preset", key, preset.label, preset.meaning, on=preset.fault in set_now)
        for key, preset in PRESETS.items()
    ]
    other = tag(
        "form",
        field(
            "spec",
            "Any other fault",
            lambda **more: tag(
                "input",
                type="text",
                required=True,
                autocomplete="off",
                spellcheck="false",
                placeholder="query:status,status=502,times=2",
                **more,
            ),
            "STEP:KIND,name=value,… where STEP is create, query, content or link.",
        ),
        tag("button", "Set", type="submit"),
        method="post",
        action=f"{PAGE}/faults",
    )
    kinds = tag(
        "details",
        tag("summary", "All kinds"),
        tag(
            "ul",
            [
                tag(
                    "li",
                    tag("code", kind),
                    f" at {', '.join(known.steps)}: ",
                    ", ".join(known.parameters) or "no parameters of its own",
                )
                for kind, known in KINDS.items()
            ],
        ),
    )
    return section(
        "faults",
        "Faults",
        paragraph("What goes wrong on purpose, from the next request on.", class_="hint"),
        live("ul", "fault-switches", switches, role="list", class_="switch-list"),
        message(shown, "faults"),
        other,
        kinds,
        live("div", "faults-set", _faults_set(shown)),
    )


def _faults_set(shown: Shown) -> Html | None:
    if not shown.faults:
        return None
    rows = [
        tag(
            "li",
            tag("code", _as_text(fault)),
            tag("span", f"hit {struck} of {seen} requests"),
            button(
                "faults",
                {"remove": str(number)},
                "Remove",
                f"remove-{number}",
                aria_label=f"Remove {_as_text(fault)}",
            ),
        )
        for number, fault, seen, struck in shown.faults
    ]
    return fragment(
        tag("h3", "Set now"),
        tag("ul", rows, role="list", class_="set"),
        button("faults", {"clear": "all"}, "Clear all faults", "clear-faults"),
    )


def _as_text(fault: Fault) -> str:
    """Return a fault in the form of `Fault.parse`, without what is the default."""
    known = KINDS[fault.kind]
    defaults = {name: each.default for name, each in {**known.common, **known.parameters}.items()}
    parts = [
        f"{name}={value}"
        for name, value in fault.as_json().items()
        if name in defaults and value != defaults[name]
    ]
    return ",".join((f"{fault.step}:{fault.kind}", *parts))


def _dialects(shown: Shown) -> Html:
    switches = [
        _switch("dialects", "name", name, name, meaning, on=name in shown.dialects)
        for name, meaning in DIALECTS.items()
    ]
    return section(
        "dialects",
        "Dialects",
        paragraph("How the gateway speaks of new tasks. Several can come together.", class_="hint"),
        live("ul", "dialect-switches", switches, role="list", class_="switch-list"),
    )


def _switch(action: str, field: str, value: str, label: str, meaning: str, *, on: bool) -> Html:
    element_id = f"{action}-{value}"
    button = tag(
        "button",
        tag("span", class_="knob", aria_hidden="true"),
        tag("span", label),
        type="submit",
        id=element_id,
        role="switch",
        aria_checked="true" if on else "false",
        aria_describedby=f"{element_id}-hint",
    )
    form = tag(
        "form",
        tag("input", type="hidden", name=field, value=value),
        tag("input", type="hidden", name="on", value="" if on else "yes"),
        button,
        tag("p", meaning, id=f"{element_id}-hint", class_="hint"),
        method="post",
        action=f"{PAGE}/{action}",
        data_quiet=True,
    )
    return tag("li", form)
