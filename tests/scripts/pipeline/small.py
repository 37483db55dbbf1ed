"""A small repository: pages of one operation each, and next to nothing beside them."""

import shutil
from pathlib import Path

from pipeline.build import Assembled, assemble, build, read_inputs
from pipeline.publish import PACKAGE

from tests.support.places import ROOT

LIFECYCLE = """\
openapi: 3.0.3
info: {title: T, version: 1.0.0}
paths:
  /v1/state:
    get:
      operationId: state
      tags: [videos]
      responses:
        '200': {description: d}
"""
OVERLAY = "overlay: 1.0.0\ninfo: {title: T, version: 1.0.0}\nactions: []\n"
MERGE = "operations: []\n"
PAGE = """\
# {title}

```yaml
openapi: 3.0.1
info:
  title: ''
  version: 1.0.0
paths:
  /v1/video/create:
    post:
      summary: Create a video
      operationId: create
      tags:
        - videos
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
{schema}
            example:
{example}
      responses:
        '200':
          description: ''
          content:
            application/json:
              schema:
                type: object
                properties:
                  id:
                    type: string
{answer}
      x-run-in-apifox: https://app.apifox.com/web/project/1/apis/api-{number}-run
```
"""


def page(
    title: str, schema: str, example: str = "model: m", answer: str = "", number: int = 1
) -> str:
    """Write a page: the lines of its request schema, of the example, and of the answer's fields."""

    def deep(text: str, depth: int) -> str:
        return "\n".join(" " * depth + line for line in text.splitlines())

    return PAGE.format(
        title=title,
        schema=deep(schema, 14),
        example=deep(example, 14),
        answer=deep(answer, 18),
        number=number,
    )


def small_repository(root: Path, pages: dict[str, str], **files: str) -> Path:
    """Write a repository with these pages; other files by name, such as ``merge`` or ``overlay``."""
    (root / "openapi/sources").mkdir(parents=True)
    (root / "generated").mkdir()
    texts = {"lifecycle": LIFECYCLE, "overlay": OVERLAY, "merge": MERGE, **files}
    for name, text in texts.items():
        (root / f"openapi/{name}.yaml").write_text(text)
    shutil.copy(ROOT / "openapi/README.md", root / "openapi/README.md")
    for name, text in pages.items():
        (root / f"openapi/sources/{name}.md").write_text(text)
    return root


def assembled(root: Path, pages: dict[str, str], **files: str) -> Assembled:
    """Write such a repository, and assemble its document."""
    return assemble(read_inputs(small_repository(root, pages, **files), []))


def write_package(root: Path, package: Path) -> None:
    """Build a repository, and write the package that it gives to a folder."""
    for name, content in build(read_inputs(root, [])).files.items():
        if name.startswith(f"{PACKAGE}/"):
            path = package / name.removeprefix(f"{PACKAGE}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
