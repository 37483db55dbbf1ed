"""The row of steps, from the input files to the content of every output file; writes nothing."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.clean import clean
from pipeline.generate import CONFIGURATION, TEMPLATES, check_tools, generate
from pipeline.inspection import read_document
from pipeline.lift import lift
from pipeline.lock import folder_hash, sha256, stamp, write_lock
from pipeline.merge import merge
from pipeline.overlay import apply
from pipeline.page import Excerpt, decode
from pipeline.parse import parse
from pipeline.render import render
from pipeline.report import Change, PipelineError, Place, Problem, stop
from pipeline.shape import check_page, check_shape
from pipeline.tree import YamlMapping
from pipeline.validate import validate

SOURCES = "openapi/sources"
LIFECYCLE = "openapi/lifecycle.yaml"
OVERLAY = "openapi/overlay.yaml"
README = "openapi/README.md"
LOCK = "openapi/sources.lock"
DOCUMENT = "openapi/openapi.yaml"
PACKAGE = "generated/chainhub_api"
_SCRIPTS = "scripts/pipeline"

Generate = Callable[[Path, Path], None]


@dataclass
class Inputs:
    """What a build reads.

    Args:
        pages: The content of each vendor page, by its path in the repository.
        shown_as: The name by which a page is reported, where it is not its path.
        others: The content of every other input, by its path in the repository.
    """

    pages: dict[str, bytes]
    shown_as: dict[str, str] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Build:
    """What a build gives.

    Args:
        files: The content of every output file, by its path in the repository.
        changes: Everything the steps changed.
        pages: The number of vendor pages read.
    """

    files: dict[str, bytes]
    changes: list[Change]
    pages: int


def read_inputs(root: Path, given: list[Path]) -> Inputs:
    """Read the input files.

    Args:
        root: The repository.
        given: Pages to be taken in: each is read instead of, or besides, the page of the same name.

    Returns:
        What the build needs.

    Raises:
        PipelineError: A file is missing or cannot be read, or there is no page at all.
    """
    inputs = Inputs(pages={})
    for path in sorted((root / SOURCES).glob("*.md")):
        inputs.pages[f"{SOURCES}/{path.name}"] = _read(path, f"{SOURCES}/{path.name}")
    for path in given:
        if path.suffix != ".md":
            raise stop(
                Place(str(path)), "not a Markdown page", "give a page whose name ends in .md"
            )
        name = f"{SOURCES}/{path.name}"
        inputs.pages[name] = _read(path, str(path))
        inputs.shown_as[name] = str(path)
    if not inputs.pages:
        raise stop(Place(SOURCES), "there is no page", "put the vendor's pages (*.md) there")
    for name in (LIFECYCLE, OVERLAY, README):
        inputs.others[name] = _read(root / name, name)
    for path in sorted([CONFIGURATION, *TEMPLATES.glob("*.jinja")]):
        name = f"{_SCRIPTS}/{path.relative_to(CONFIGURATION.parent).as_posix()}"
        inputs.others[name] = _read(path, name)
    return inputs


def build(inputs: Inputs, generator: Generate = generate) -> Build:
    """Run all steps.

    Args:
        inputs: What the build reads.
        generator: What makes the package folder from the document file.

    Returns:
        The content of every output file, and everything that was changed on the way.

    Raises:
        PipelineError: A step found something wrong; pages are all tried before it is raised.
    """
    check_tools()
    document, changes = assemble(inputs)
    text = render(document).encode()
    with tempfile.TemporaryDirectory(prefix="chainhub-regenerate-") as folder:
        source, package = Path(folder, "openapi.yaml"), Path(folder, "chainhub_api")
        source.write_bytes(text)
        generator(source, package)
        generated = {
            path.relative_to(package).as_posix(): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file()
        }
    stamped = stamp(generated, text)
    results = {DOCUMENT: sha256(text), PACKAGE: folder_hash(stamped)}
    files = {f"{PACKAGE}/{name}": content for name, content in stamped.items()}
    files |= {DOCUMENT: text, LOCK: write_lock({**inputs.pages, **inputs.others}, results)}
    files |= {name: inputs.pages[name] for name in inputs.shown_as}
    return Build(files, changes, len(inputs.pages))


def assemble(inputs: Inputs) -> tuple[YamlMapping, list[Change]]:
    """Run the steps up to the validated document.

    Args:
        inputs: What the build reads.

    Returns:
        The document, and everything that was changed on the way.

    Raises:
        PipelineError: A step found something wrong; pages are all tried before it is raised.
    """
    documents: list[YamlMapping] = []
    changes: list[Change] = []
    problems: list[Problem] = []
    for name, raw in inputs.pages.items():
        try:
            document, told = read_page(raw, inputs.shown_as.get(name, name))
        except PipelineError as error:
            problems += error.problems
        else:
            documents.append(document)
            changes += told
    if problems:
        raise PipelineError(*problems)
    merged, met = merge([*documents, _own(inputs, LIFECYCLE)])
    corrected, acted = apply(merged, _own(inputs, OVERLAY))
    check_shape(corrected)
    finished, named = lift(corrected)
    validate(finished)
    return finished, [*changes, *met, *acted, *named]


def read_page(raw: bytes, file: str) -> tuple[YamlMapping, list[Change]]:
    """Run the steps that concern one page.

    Args:
        raw: The bytes of the page.
        file: Its name, for the report.

    Returns:
        Its cleaned document, and everything that was changed on the way.

    Raises:
        PipelineError: A step found something wrong.
    """
    parsed, mended = read_document(raw, file, [])
    check_shape(parsed)
    check_page(parsed, alone=False)
    document, cleaned = clean(parsed)
    return document, [*mended, *cleaned]


def _own(inputs: Inputs, name: str) -> YamlMapping:
    """Parse a YAML file of the project's own, which gets no repair."""
    text, _ = decode(inputs.others[name], name)
    document = parse(Excerpt(name, text))[0]
    if name == LIFECYCLE:
        check_shape(document)
    return document


def _read(path: Path, shown: str) -> bytes:
    """Read one input file."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise stop(Place(shown), reason, "check the path and its permissions") from error
