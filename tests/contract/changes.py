"""Changes that a vendor might make to a page, and what a maintainer then changes in the overlay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.build import OVERLAY, SOURCES, Inputs, assemble
from pipeline.tree import YamlMapping

from .documented import inputs

UNIFIED = f"{SOURCES}/create-video-unified-format.md"
OPENAI = f"{SOURCES}/create-video-openai-format.md"
Edits = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Change:
    """A change of a page.

    Attributes:
        page: which one.
        edits: what stands there, and what will; everywhere in the page.
        settled: the same for the overlay, where the change does not fit its corrections.
        everywhere: the same for every page and file of ours that has it.
    """

    page: str
    edits: Edits = ()
    settled: Edits = ()
    everywhere: Edits = ()

    def document(self) -> YamlMapping:
        """Run the pipeline on the changed pages, up to the document.

        Raises:
            PipelineError: the corrections do not fit the page any more, or it contradicts itself.
        """
        given = inputs()
        pages = {name: self.text(name).encode() for name in given.pages}
        others = {name: self.text(name).encode() for name in given.others}
        return assemble(Inputs(pages, others=others)).document

    def text(self, name: str) -> str:
        """What stands in a page or another input after the change.

        Args:
            name: its path in the repository.
        """
        text = {**inputs().pages, **inputs().others}[name].decode()
        edits = {self.page: self.edits, OVERLAY: self.settled}.get(name, ())
        for old, new in edits:
            assert old in text, f"{old!r} is not in {name} to be changed"
            text = text.replace(old, new)
        for old, new in self.everywhere:
            text = text.replace(old, new)
        return text

    def unsettled(self) -> Change:
        """The vendor's change alone, before anybody has looked at it."""
        return replace(self, settled=())


_REQUIRED = "              required:\n                - model\n"
_OPENED, _MODEL = "              properties:\n", "                model:\n"
_PROPERTIES = _OPENED + _MODEL
_SEED = "                seed:\n                  type: integer\n"
_FIRST = "            example:\n              model: grok-video-3\n"
_STYLE = "                style:\n                  type: string\n                  example: noir\n"
_SIZE = """\
                size:
                  type: string
                  description: 720P or 1080P (currently only 720P is supported)
"""
_SAID_TIME = """\
        status_update_time:
          description: When the state last changed, as seconds, milliseconds or ISO 8601 text.
"""
_RATIO = "                aspect_ratio:\n                  type: string\n"
_IMAGES = (
    "                  type: array\n                  items:\n                    type: string\n"
)
_LINK = "https://ark-project.tos-cn-beijing.volces.com/doc_image/seedream4_5_imageToimage.png"
_LIST = f"                - >-\n                  {_LINK}\n"
_PIXELS = "                  description: 720x1280 portrait mode 1280x720 landscape mode\n"
_ID = "                  id:\n                    type: string\n"
_HEADER = "        - name: Content-Type\n          in: header\n"
_CREATED = "$.paths['/v1/video/create'].post.responses['200'].content['application/json']"
_TIME = f"""\
  - target: {_CREATED}.schema.properties.status_update_time.type
    description: >-
      Contradiction: of the two examples of this page one gives the time in milliseconds and the
      other in seconds, and other pages give text. The field stays without a type.
    remove: true
"""
_SCHEME = "type: http\n      scheme: bearer"

CHANGES: dict[str, Change] = {
    "unified: a field is renamed": Change(
        UNIFIED, (("aspect_ratio", "ratio"),), (("      aspect_ratio:\n", "      ratio:\n"),)
    ),
    "unified: a new field is required": Change(
        UNIFIED,
        ((_REQUIRED, f"{_REQUIRED}                - seed\n"), (_PROPERTIES, f"{_OPENED}{_SEED}{_MODEL}"),
         (_FIRST, f"{_FIRST}              seed: 7\n")),
    ),
    "unified: a field is of another type": Change(
        UNIFIED, ((_IMAGES, "                  type: string\n"), (f"              images:\n{_LIST}",
                  "              images: none\n")),
    ),
    "unified: a field is removed": Change(
        UNIFIED,
        ((_SIZE, ""), ("                - size\n", ""),
         ("              size: 720P\n", "")),
        (("      size:\n        description: 720P or 1080P; the vendor says that only 720P works now.\n", ""),),
    ),
    "unified: a field takes fewer values": Change(
        UNIFIED, ((_RATIO, f"{_RATIO}                  enum: ['1:1', '2:3']\n"), ("'3:2'", "'2:3'")),
    ),
    "unified: a header is required": Change(
        UNIFIED, ((_HEADER, "        - name: X-Project\n          in: header\n"),)
    ),
    "unified: a query parameter is required": Change(
        UNIFIED, ((_HEADER, "        - name: project\n          in: query\n"),)
    ),
    "unified: the body is of another media type": Change(
        UNIFIED,
        (("      requestBody:\n        content:\n          application/json:",
          "      requestBody:\n        content:\n          application/x-www-form-urlencoded:"),),
        (("requestBody.content['application/json']", "requestBody.content['application/x-www-form-urlencoded']"),),
    ),
    "unified: the path moves": Change(
        UNIFIED, (("/v1/video/create", "/v2/video/create"),), (("/v1/video/create", "/v2/video/create"),)
    ),
    "unified: an answer's field is of another type": Change(
        UNIFIED,
        ((_ID, _ID.replace("string", "integer")), ("id: veo3.1-components:1762241017-xTL0P9HvGF", "id: 1762241017"),
         ("id: grok:299604b7-c5ea-47b5-bc64-c06f300f0d27", "id: 299604")),
    ),
    "unified: an answer's field is removed": Change(
        UNIFIED,
        (("                  status_update_time:\n                    type: integer\n", ""),
         ("                  - status_update_time\n", "")),
        ((_SAID_TIME, ""),
         (_TIME, "")),
    ),
    "both: the key is sent in another header": Change(
        UNIFIED, everywhere=((_SCHEME, "type: apiKey\n      in: header\n      name: X-Key"),)
    ),
    "openai: a field is renamed": Change(
        OPENAI, (("input_reference", "image"),), (("input_reference", "image"),)
    ),
    "openai: a new field is required": Change(
        OPENAI,
        ((_REQUIRED, f"{_REQUIRED}                - style\n"), (_PROPERTIES, f"{_OPENED}{_STYLE}{_MODEL}")),
    ),
    "openai: text is a number": Change(
        OPENAI,
        ((f"{_PIXELS}                  example: 16x9\n                  type: string\n",
          f"{_PIXELS}                  example: 720\n                  type: integer\n"),),
        (("      description: 720x1280 for portrait or 1280x720 for landscape, in pixels.\n      example: 1280x720\n",
          "      description: 720 or 1080.\n"),),
    ),
    "openai: a file is text": Change(OPENAI, (("                  format: binary\n", ""),)),
}  # fmt: skip
