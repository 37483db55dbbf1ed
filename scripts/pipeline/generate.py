"""Step 10: generate the client package from the finished document, by openapi-python-client."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.report import PipelineError, Place, stop

GENERATOR = "openapi-python-client"
GENERATOR_VERSION = "0.29.1"
FORMATTER = "ruff"
_HERE = Path(__file__).parent
CONFIGURATION = _HERE / "generator.yaml"
TEMPLATES = _HERE / "templates"
_BOOTSTRAP = "run scripts/bootstrap, which installs the exact tools"


def generate(document: Path, package: Path) -> None:
    """Generate the client package.

    Args:
        document: The finished OpenAPI document.
        package: The folder to make; it must not exist.

    Raises:
        PipelineError: The generator or its formatter is missing or of another version, or the
            generator has an error or a warning to tell.
    """
    tools = check_tools()
    command = [
        sys.executable,
        *("-m", "pipeline.generator", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", str(document), "--output-path", str(package)),
        *("--config", str(CONFIGURATION), "--custom-template-path", str(TEMPLATES)),
    ]
    # The generator looks its formatter up on PATH.
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(_HERE.parent),
    }
    _run(command, environment, f"{GENERATOR} failed", "correct what it names")
    # The generator is silent about a formatter that did nothing; its own result tells.
    formatted = [str(tools / FORMATTER), "format", "--isolated", "--no-cache", "--check", "--quiet"]
    formatted += ["--target-version", "py311", "--line-length", "100", str(package)]
    _run(formatted, environment, f"{FORMATTER} did not format the generated package", _BOOTSTRAP)


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


def _run(command: list[str], environment: dict[str, str], reason: str, next_step: str) -> None:
    """Run a tool; its complaint becomes one line."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        said = " ".join((done.stderr + " " + done.stdout).split()) or "no message"
        error: PipelineError = stop(Place(GENERATOR), f"{reason}: {said}", next_step)
        raise error
