"""After merge, and again after the overlay: let an enum and `nullable` say the same of null.

OpenAPI 3.0.3 asks for null among the words of a nullable enum; pages say only one of the two. The generated code
takes null for a word only if it is listed, and so do validators.
"""

import copy

from pipeline.report import Change, shorten
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
        if not isinstance(words, YamlSequence) or "$ref" in schema:
            continue
        place, before = schema.place_of("enum"), shorten(list(words))
        if schema.get("nullable") is True and None not in words:
            words.add(None, schema.place_of("nullable"))
            told = "nullable, and its enum lacks null; added, as OpenAPI 3.0.3 asks"
            changes.append(
                Change(place, STEP, told, f"enum: {before}", f"enum: {shorten(list(words))}")
            )
        elif None in words and "type" in schema and not schema.get("nullable"):
            schema.put("nullable", True, place)
            told = "the enum lists null, which its type refuses; made nullable"
            changes.append(Change(place, STEP, told, f"enum: {before}", "nullable: true"))
    return result, changes
