"""After merge, and again after the overlay: let an enum and `nullable` say the same of null.

OpenAPI 3.0.3 asks for null among the words of a nullable enum; pages say only one of the two. The generated code
takes null for a word only if it is listed, and so do validators.
"""

import copy
import json
from typing import Any

from pipeline.report import Change, cut
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import schemas

STEP = "enums"


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
        place, before = schema.place_of("enum"), listed(words)
        if "$ref" in schema:
            schema.drop("enum")
            told = "OpenAPI 3.0 ignores an enum beside a $ref, which holds alone; dropped"
            changes.append(Change(place, STEP, told, before))
        elif schema.get("nullable") is True and None not in words:
            words.add(None, schema.place_of("nullable"))
            told = "nullable, and its enum lacks null; added, as OpenAPI 3.0.3 asks"
            changes.append(Change(place, STEP, told, before, listed(words)))
        elif None in words and "type" in schema and not schema.get("nullable"):
            schema.put("nullable", True, place)
            told = "the enum lists null, which its type refuses; made nullable"
            changes.append(Change(place, STEP, told, before, "nullable: true"))
    return result, changes


def listed(words: list[Any]) -> str:
    """Show an enum as a line of YAML.

    Args:
        words: What it allows.

    Returns:
        The line, cut in the middle if it is long.
    """
    return f"enum: {cut(json.dumps(words, ensure_ascii=False, default=str), 100)}"
