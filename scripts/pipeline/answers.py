"""Around the overlay: have enums and `nullable` say the same of null, and open what would close an answer.

OpenAPI 3.0.3 asks for null among the words of a nullable enum; pages say only one of the two. The generated code
takes null for a word only if it is listed, and so do validators.

The service is a relay, and new words appear. The generated code raises ValueError at a word that an enum does not
list, and at a date, time or UUID in another spelling; and it writes a time that it has read in its own spelling. So
the words of an enum go into the description and into `x-extensible-enum`, which many tools know as a list that may
grow, and such a format goes into the description. Requests keep their enums: what is sent is the caller's choice.
A schema that both sides share is opened for both.
"""

import copy
import json
from typing import Any

from pipeline.report import Change, cut
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import Path, reach, schema_holders, schemas, shown

WORDS = "x-extensible-enum"
_ENUMS, _ANSWERS = "enums", "answers"
_PARSED = ("date", "date-time", "uuid")


def mend_enums(document: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Mend the enums that say of null only half of it.

    Args:
        document: The document.

    Returns:
        A copy in which an enum lists null exactly if it is nullable or has no type; and one change for each that
        was mended.
    """
    result = copy.deepcopy(document)
    changes = []
    for _, schema in schemas(result):
        words = schema.get("enum")
        if not isinstance(words, YamlSequence):
            continue
        place, before, after = schema.place_of("enum"), _listed(words), ""
        if "$ref" in schema:
            schema.drop("enum")
            told = "OpenAPI 3.0 ignores an enum beside a $ref, which holds alone; dropped"
        elif schema.get("nullable") is True and None not in words:
            words.add(None, schema.place_of("nullable"))
            told = "nullable, and its enum lacks null; added, as OpenAPI 3.0.3 asks"
            after = _listed(words)
        elif None in words and "type" in schema and not schema.get("nullable"):
            schema.put("nullable", True, place)
            told = "the enum lists null, which its type refuses; made nullable"
            after = "nullable: true"
        else:
            continue
        changes.append(Change(place, _ENUMS, told, before, after))
    return result, changes


def _listed(words: list[Any]) -> str:
    """Show an enum as a line of YAML, cut in the middle if it is long."""
    return f"enum: {cut(json.dumps(words, ensure_ascii=False, default=str), 100)}"


def open_answers(document: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Open the enums, and the formats that the generated code parses, of all answers.

    Args:
        document: The corrected document.

    Returns:
        A copy in which no schema that an answer is read by has one of them; and one change for each that was opened.
    """
    result = copy.deepcopy(document)
    held = [((*path, "schema"), part.get("schema")) for path, part in schema_holders(result)]
    answered = [(path, schema) for path, schema in held if _is_of_answer(path)]
    asked = [(path, schema) for path, schema in held if not _is_of_answer(path)]
    of_requests = {id(schema) for _, schema in reach(result, asked)}
    changes = []
    for path, schema in reach(result, answered):
        shared = ""
        if id(schema) in of_requests:
            shared = "; requests share the schema, and are open there, too"
        if isinstance(schema.get("enum"), YamlSequence):
            changes.append(_open_enum(path, schema, shared))
        if schema.get("format") in _PARSED:
            changes.append(_open_format(path, schema, shared))
    return result, changes


def _is_of_answer(path: Path) -> bool:
    """Say whether what stands at a path belongs to answers: in an operation, or among the components."""
    return path[3:4] == ("responses",) or path[:2] in (
        ("components", "responses"),
        ("components", "headers"),
    )


def _open_enum(path: Path, schema: YamlMapping, shared: str) -> Change:
    """Move the words of an enum into the description, and null among them into `nullable`."""
    words, before = schema["enum"], _listed(schema["enum"])
    place = schema.drop("enum")
    known = YamlSequence(place, ((word, place) for word in words if word is not None))
    if len(known) < len(words):
        schema.put("nullable", True, place)
    if known:
        schema.put(WORDS, known, place)
        told = ", ".join(map(str, known))
        _describe(schema, f"Known words, to which others may be added: {told}.")
    told = (
        f"an answer must not be refused for a new word; the enum is opened{shared} [{shown(path)}]"
    )
    return Change(place, _ANSWERS, told, before)


def _open_format(path: Path, schema: YamlMapping, shared: str) -> Change:
    """Move a format into the description."""
    kind, place = schema["format"], schema.drop("format")
    _describe(schema, f"As a rule a text of the format {kind}.")
    told = f"an answer must not be refused, nor changed, for its spelling; the format is opened{shared} [{shown(path)}]"
    return Change(place, _ANSWERS, told, f"format: {kind}")


def _describe(schema: YamlMapping, told: str) -> None:
    """Add a sentence to a description."""
    said = str(schema.get("description") or "").strip()
    if said and said[-1] not in ".!?:":
        said += "."
    schema.put("description", f"{said} {told}".strip(), schema.place_of("description"))
