"""What `openapi/merge.yaml` says: which operations are documented once per model, and are united."""

from dataclasses import dataclass
from typing import Any

from pipeline.report import Place, shorten, stop
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import METHODS

_NEEDED = {"operation", "combine", "description"}
_ALLOWED = {*_NEEDED, "responses"}
_FORM = "openapi/merge.yaml itself shows an entry"


@dataclass(frozen=True)
class Rule:
    """One entry.

    Args:
        place: Where it is written.
        method: The HTTP method of the operation, in small letters.
        url: Its URL template.
        answers: Whether answers that contradict each other are united as well.
    """

    place: Place
    method: str
    url: str
    answers: bool


def read_rules(document: YamlMapping) -> list[Rule]:
    """Read the entries.

    Args:
        document: The file's content.

    Returns:
        Its entries.

    Raises:
        PipelineError: An entry is malformed, gives no reason, or is there twice.
    """
    entries = document.get("operations")
    unknown = sorted(document.keys() - {"operations"})
    if unknown:
        place = document.place_of(unknown[0])
        raise stop(place, f"unknown fields: {', '.join(unknown)}", "use operations")
    if not isinstance(entries, YamlSequence):
        raise stop(document.place_of("operations"), "`operations` is not a list", _FORM)
    rules: list[Rule] = []
    for at, entry in enumerate(entries):
        rule = _read(entry, entries.places[at])
        if any((rule.method, rule.url) == (other.method, other.url) for other in rules):
            raise stop(rule.place, f"{entry['operation']} has two entries", "delete one")
        rules.append(rule)
    return rules


def _read(entry: Any, place: Place) -> Rule:
    if not isinstance(entry, YamlMapping) or not _NEEDED <= entry.keys() <= _ALLOWED:
        needed = ", ".join(sorted(_NEEDED))
        raise stop(place, f"the entry needs {needed}, and may have responses", _FORM)
    method, _, url = str(entry["operation"]).partition(" ")
    if method.lower() not in METHODS or not url.startswith("/"):
        told = f"{shorten(entry['operation'])} is no operation"
        raise stop(entry.place_of("operation"), told, "write it like POST /v1/video/create")
    for key in ("combine", "responses"):
        if entry.get(key, "union") != "union":
            told = f"{key} is {shorten(entry[key])}; the only choice is union"
            raise stop(entry.place_of(key), told, _FORM)
    if not str(entry["description"] or "").strip():
        raise stop(place, "the entry has no reason", "give it a description that says why")
    return Rule(place, method.lower(), url, "responses" in entry)
