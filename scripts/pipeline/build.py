"""The row of steps, from the input files to the content of every output file, or only to read pages; writes nothing."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import publish
from pipeline.answers import mend_enums, open_answers
from pipeline.audit import Audit
from pipeline.clean import clean
from pipeline.generate import CONFIGURATION, TEMPLATES, check_tools, generate, render
from pipeline.lift import lift
from pipeline.merge import merge, read_rules
from pipeline.overlay import apply, read_choices, refuse_idle
from pipeline.page import Excerpt, decode, read_file, take_document
from pipeline.parse import Choice, parse
from pipeline.repair import repair
from pipeline.report import Change, PipelineError, Place, Problem, count, one_line, refuse, stop
from pipeline.roundtrip import check_examples
from pipeline.tree import YamlMapping
from pipeline.validate import check_references, guard, validate
from pipeline.walk import check_page, check_shape

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
        examples: The number of documented examples that the package reads and writes unchanged.
    """

    files: dict[str, bytes]
    changes: list[Change]
    pages: int
    examples: int


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
    for path in sorted((root / publish.SOURCES).glob("*.md")):
        inputs.pages[f"{publish.SOURCES}/{path.name}"] = read_file(
            path, f"{publish.SOURCES}/{path.name}"
        )
    for path in given:
        if path.suffix != ".md":
            place = Place(str(path))
            raise stop(place, "not a Markdown page", "give a page whose name ends in .md")
        name = f"{publish.SOURCES}/{path.name}"
        inputs.pages[name] = read_file(path, str(path))
        inputs.shown_as[name] = str(path)
    if not inputs.pages:
        raise stop(
            Place(publish.SOURCES), "there is no page", "put the vendor's pages (*.md) there"
        )
    for name in (publish.LIFECYCLE, publish.MERGE, publish.OVERLAY, publish.README):
        inputs.others[name] = read_file(root / name, name)
    for path in sorted([CONFIGURATION, *TEMPLATES.glob("*.jinja")]):
        name = f"{_SCRIPTS}/{path.relative_to(CONFIGURATION.parent).as_posix()}"
        inputs.others[name] = read_file(path, name)
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
    assembled = assemble(inputs)
    text = render(assembled.document).encode()
    with tempfile.TemporaryDirectory(prefix="chainhub-regenerate-") as folder:
        source, package = Path(folder, "openapi.yaml"), Path(folder, "chainhub_api")
        source.write_bytes(text)
        generator(source, package)
        examples = check_examples(assembled.document, package, assembled.left)
        generated = {
            path.relative_to(package).as_posix(): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file()
        }
    stamped = publish.stamp(generated, text)
    results = {
        publish.DOCUMENT: publish.sha256(text),
        publish.PACKAGE: publish.folder_hash(stamped),
    }
    files = {f"{publish.PACKAGE}/{name}": content for name, content in stamped.items()}
    lock = publish.write_lock(
        {**inputs.pages, **inputs.others}, results, assembled.origins, assembled.changes
    )
    files |= {publish.DOCUMENT: text, publish.LOCK: lock}
    files |= {name: inputs.pages[name] for name in inputs.shown_as}
    return Build(files, assembled.changes, len(inputs.pages), examples)


@dataclass(frozen=True)
class Assembled:
    """The document and its history.

    Args:
        document: The validated document.
        changes: Everything that was changed on the way.
        origins: A line for each operation and the file that defines it.
        left: The examples, by JSON pointer, that contradict their schema and are listed to stay as they are.
    """

    document: YamlMapping
    changes: list[Change]
    origins: list[str]
    left: frozenset[str] = frozenset()


def assemble(inputs: Inputs) -> Assembled:
    """Run the steps up to the validated document.

    Args:
        inputs: What the build reads.

    Returns:
        The document, what was changed on the way, and where its operations come from.

    Raises:
        PipelineError: A step found something wrong; pages are all tried before it is raised.
    """
    documents: list[YamlMapping] = []
    changes: list[Change] = []
    problems: list[Problem] = []
    origins: list[str] = []
    overlay, rules = _own(inputs, publish.OVERLAY), read_rules(_own(inputs, publish.MERGE))
    choices = read_choices(overlay)
    for name, raw in inputs.pages.items():
        try:
            page = inputs.shown_as.get(name, name)
            parsed, mended = read_document(raw, page, choices)
            document, cleaned = prepare(parsed)
        except PipelineError as error:
            problems += error.problems
        else:
            documents.append(document)
            origins += publish.origins_of(parsed, name, raw)
            changes += [*mended, *cleaned]
    refuse(problems)
    refuse_idle(choices)
    lifecycle = _own(inputs, publish.LIFECYCLE)
    origins += publish.origins_of(lifecycle, publish.LIFECYCLE, inputs.others[publish.LIFECYCLE])
    merged, met = merge([*documents, lifecycle], rules)
    merged, mended = mend_enums(merged)
    audit = Audit(merged, overlay)
    corrected, acted = apply(merged, overlay, audit.after_action)
    check_shape(corrected)
    check_references(corrected)
    audited = audit.finish(corrected)
    corrected, mended_late = mend_enums(corrected)
    opened, widened = open_answers(corrected)
    finished, named = lift(opened)
    validate(finished)
    guard(finished)
    changes += [*met, *mended, *acted, *audited, *mended_late, *widened, *named]
    return Assembled(finished, changes, origins, frozenset(audit.listed))


def prepare(parsed: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Run the steps between reading one page and merging it.

    Args:
        parsed: The page's document as it was read.

    Returns:
        Its cleaned document, and what was cleaned.

    Raises:
        PipelineError: A step found something wrong.
    """
    check_shape(parsed)
    check_page(parsed, alone=False)
    return clean(parsed)


def _own(inputs: Inputs, name: str) -> YamlMapping:
    """Parse a YAML file of the project's own, which gets no repair."""
    document = _parsed(inputs.others[name], name)
    if name == publish.LIFECYCLE:
        check_shape(document)
    return document


def _parsed(raw: bytes, name: str) -> YamlMapping:
    text, _ = decode(raw, name)
    return parse(Excerpt(name, text))[0]


def read_document(raw: bytes, file: str, choices: list[Choice]) -> tuple[YamlMapping, list[Change]]:
    """Run the steps from a page's bytes to its data.

    Args:
        raw: The bytes of the page.
        file: Its name, for the report.
        choices: Which value holds for keys given twice.

    Returns:
        The document, and what was changed to read it.

    Raises:
        PipelineError: The page cannot be read.
    """
    excerpt, taken = take_document(raw, file)
    mended, repaired = repair(excerpt)
    chosen = (item for item in choices if item.page == Path(file).name)
    document, settled = parse(mended, chosen)
    return document, [*taken, *repaired, *settled]


@dataclass(frozen=True)
class Inspection:
    """What came of one page.

    Args:
        page: The file as it was named.
        document: What it holds; None if it was refused.
        repairs: What was changed to read it.
        error: Why it was refused; None if it was not.
    """

    page: str
    document: YamlMapping | None
    repairs: list[Change]
    error: PipelineError | None

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        refused = None
        if self.error is not None:
            first, *_ = self.error.problems
            reason = "; ".join(one_line(problem.reason) for problem in self.error.problems)
            refused = {"line": first.place.line or None, "reason": reason}
        repairs = [
            {"line": c.place.line, "before": c.before, "after": c.after, "reason": c.told}
            for c in self.repairs
        ]
        found = {
            "page": self.page,
            "document": self.document,
            "repairs": repairs,
            "refused": refused,
        }
        # Escaped, so that no character in it can end the line or trouble a terminal.
        return json.dumps(found, allow_nan=False)

    def as_text(self) -> str:
        """Return it as one line, with one more for each repair or further reason."""
        if self.error is not None:
            problems = self.error.problems
            return "\n".join(f"{one.place}: refused: {one_line(one.reason)}" for one in problems)
        told = f", {count(len(self.repairs), 'repair')}" if self.repairs else ""
        return "\n".join([f"{self.page}: ok{told}", *(f"  {change}" for change in self.repairs)])


def inspect(pages: Iterable[Path], overlay: Path) -> Iterator[Inspection]:
    """Read pages one after the other.

    Args:
        pages: The files.
        overlay: The overlay, which may say which value holds for a key given twice; it need not be
            there.

    Yields:
        What came of each page, in their order.

    Raises:
        PipelineError: The overlay itself cannot be read.
    """
    choices: list[Choice] = []
    if overlay.is_file():
        choices = read_choices(_parsed(read_file(overlay, str(overlay)), str(overlay)))
    for page in pages:
        changes: list[Change] = []
        try:
            document, changes = read_document(read_file(page, str(page)), str(page), choices)
            check_page(document, alone=True)
        except PipelineError as error:
            yield Inspection(str(page), None, changes, error)
        else:
            yield Inspection(str(page), document, changes, None)
