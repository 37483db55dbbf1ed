"""Step 9: write the document as YAML, the same bytes for the same data."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

HEADER = """\
# Built by scripts/regenerate from sources/, lifecycle.yaml and overlay.yaml. Do not edit:
# change one of those and run it again.
"""
# Readers of YAML 1.1 take these for numbers, dates and truth values; those of 1.2 do not.
_RISKY = re.compile(
    r"""~|=|<<|y|n|yes|no|on|off|true|false|null
    |[-+]?[\d_]+(:[0-5]?\d)*(\.[\d_]*)?
    |[-+]?[\d_]*\.[\d_]*(e[-+]?\d+)?
    |[-+]?0[box][\da-f_]+
    |\d{4}-\d\d?-\d\d?([t\ ].*)?""",
    re.IGNORECASE | re.VERBOSE,
)
_FOLD_FROM = 80


class _Representer(SafeRepresenter):
    """Writes text so that YAML 1.1 and 1.2 read the same."""

    def text(self, data: str) -> ScalarNode:
        if "\n" in data:
            style = "|"
        elif _RISKY.fullmatch(data):
            style = "'"
        elif len(data) > _FOLD_FROM and data == " ".join(data.split()):
            style = ">"
        else:
            style = None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - overrides a method that uses it
        return True


_Representer.add_representer(str, _Representer.text)


def plain(value: Any) -> Any:
    """Copy data into built-in types.

    Args:
        value: Any value of a document.

    Returns:
        The same as dicts, lists and scalars, without places.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def render(document: Mapping[str, Any]) -> str:
    """Write a document as YAML under a header that says where it comes from.

    Args:
        document: The document.

    Returns:
        Its text.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    yaml.dump(plain(document), buffer)
    return HEADER + buffer.getvalue()
