"""Steps 9 and 10: write the document as YAML, and generate the client package by openapi-python-client."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import openapi_python_client
from openapi_python_client.config import Config, ConfigFile, MetaType
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from pipeline.report import Place, stop
from pipeline.tree import plain
from pipeline.validate import reserve

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
GENERATOR = "openapi-python-client"
GENERATOR_VERSION = "0.29.1"
FORMATTER = "ruff"
_HERE = Path(__file__).parent
CONFIGURATION = _HERE / "generator.yaml"
TEMPLATES = _HERE / "templates"
_BOOTSTRAP = "run scripts/bootstrap, which installs the exact tools"
# Isolated, so that a build in a temporary folder is formatted like one in the repository.
_FORMAT = ("--isolated", "--no-cache", "--quiet", "--target-version=py311", "--line-length=100")


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


def generate(document: Path, package: Path) -> None:
    """Generate the client package.

    Args:
        document: The finished OpenAPI document.
        package: The folder to make; it must not exist.

    Raises:
        PipelineError: The generator or its formatter is missing or of another version, the generator has an error
            or a warning to tell, or the formatter fails.
    """
    tools = check_tools()
    reserve()
    settings = ConfigFile.load_from_path(CONFIGURATION)
    config = Config.from_sources(settings, MetaType.NONE, document, "utf-8", False, package)
    try:
        # It tells where it generates, which the report does already.
        with contextlib.redirect_stdout(io.StringIO()):
            told = openapi_python_client.generate(config=config, custom_template_path=TEMPLATES)
        said = [f"{one.header} {one.detail or ''}" for one in told]
    except Exception as error:  # noqa: BLE001 - a defect of the generator ends like any other problem
        said = [repr(error)]
    if said:
        reason = f"{GENERATOR} failed: {' '.join(' '.join(said).split())}"
        raise stop(Place(GENERATOR), reason, "correct what it names")
    for command in (["check", "--fix-only", "--extend-select=I"], ["format"]):
        done = subprocess.run(
            [tools / FORMATTER, *command, *_FORMAT, package],
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        if done.returncode != 0:
            words = " ".join(f"{done.stderr} {done.stdout}".split()) or "no message"
            reason = f"{FORMATTER} did not format the generated package: {words}"
            raise stop(Place(GENERATOR), reason, _BOOTSTRAP)


def check_tools() -> Path:
    """Check that the generator and its formatter are there, in the right version.

    Returns:
        The folder that holds the formatter.

    Raises:
        PipelineError: One of them is not.
    """
    place = Place(f"python {sys.executable}")
    try:
        found = version(GENERATOR)
    except PackageNotFoundError as error:
        raise stop(place, f"{GENERATOR} is not installed", _BOOTSTRAP) from error
    if found != GENERATOR_VERSION:
        reason = f"{GENERATOR} is {found}, the pipeline is made for exactly {GENERATOR_VERSION}"
        raise stop(place, reason, _BOOTSTRAP)
    tools = Path(sys.executable).parent
    if not (tools / FORMATTER).is_file():
        raise stop(Place(str(tools)), f"{FORMATTER} is not installed there", _BOOTSTRAP)
    return tools
