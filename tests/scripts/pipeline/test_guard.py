"""Names that could break the generated code: kept apart by the generator, or refused with the place."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline.generate import generate
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.report import PipelineError
from pipeline.validate import guard, validate

ODD = {
    "d": "d_", "field_dict": "field_dict_", "src_dict": "src_dict_", "cls": "cls_", "self": "self_",
    "class": "class_", "import": "import_", "None": "none", "type": "type_", "prop": "prop_",
    "prop_name": "prop_name_", "prop_dict": "prop_dict_", "additional_properties": "additional_properties_",
    "additional_keys": "additional_keys_", "to_dict": "to_dict_", "from_dict": "from_dict_",
    "types": "types_", "json": "json_", "cast": "cast_", "isoparse": "isoparse_", "datetime": "datetime_",
    "2x": "field_2x", "a b": "a_b", "x-y": "x_y", "模型": "模型", "fooBar": "fooBar", "foo_bar": "foo_bar",
    "T": "t", "Any": "any_", "UNSET": "unset", "id": "id",
}  # fmt: skip
LISTS = ["files", "images"]
DOCUMENT = """\
openapi: 3.0.1
info: {{title: T, version: 1.0.0}}
paths:
  /a/{{cls}}:
    post:
      operationId: one
      tags: [t]
      parameters:
{parameters}
      requestBody:
        required: true
        content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}
      responses:
        '200':
          description: d
          content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}
components:
  schemas:
    Thing:
      type: object
      required: [d, class]
      properties:
{properties}
    Inner:
      type: object
      properties: {{d: {{type: integer}}, cls: {{type: integer}}}}
      additionalProperties: {{type: integer}}
"""
LOCALS = [
    "headers",
    "params",
    "cookies",
    "response",
    "kwargs",
    "errors",
    "quote",
    "k",
    "v",
    "httpx",
]
USER = """\
import json
import sys

from tiny.api.t.one import get_kwargs
from tiny.models import Thing

given = json.loads(sys.argv[1])
names = json.loads(sys.argv[2])
thing = Thing.from_dict(given)
for name, python in names.items():
    assert getattr(thing, python) == given[name], name
assert thing.to_dict() == given
assert thing.additional_properties == {"unknown": 1}
sent = get_kwargs(cls_="c/d", body=thing, **{f"{n}_": n for n in json.loads(sys.argv[3])})
assert sent["url"] == "/a/c%2Fd", sent
assert sent["json"] == given
print(json.dumps(sent["params"]))
"""


def tiny(properties: str, parameters: str = "") -> str:
    """Write a document with these properties and parameters."""
    path = "        - {name: cls, in: path, required: true, schema: {type: string}}\n"
    return DOCUMENT.format(properties=properties, parameters=path + parameters)


def test_odd_names_are_kept_apart_and_stay_what_they_are_on_the_wire(tmp_path: Path) -> None:
    """Locals, keywords, no identifiers, near twins: typed by mypy, and given back as they came."""
    properties = "".join(f"        '{name}': {{type: string, nullable: true}}\n" for name in ODD)
    properties += "".join(
        f"        {name}: {{type: array, items: {{$ref: '#/components/schemas/Inner'}}}}\n"
        for name in LISTS
    )
    parameters = "".join(
        f"        - {{name: {name}, in: query, schema: {{type: string}}}}\n" for name in LOCALS
    )
    text = tiny(properties, parameters)
    document, _ = parse(Excerpt("p.md", text))
    validate(document)
    guard(document)
    source = tmp_path / "openapi.yaml"
    source.write_text(text)
    generate(source, tmp_path / "tiny")
    (tmp_path / "user.py").write_text(USER)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", "tiny"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    given = {name: f"value of {name}" for name in ODD}
    inner = [{"d": 1, "cls": 2, "more": 3}]
    whole = {**given, "files": inner, "images": inner, "unknown": 1}
    done = subprocess.run(
        [sys.executable, "user.py", *map(json.dumps, (whole, ODD, LOCALS))],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {name: name for name in LOCALS}


@pytest.mark.parametrize(
    ("properties", "parameters", "told"),
    [
        (
            "        a-b: {type: string}\n        a.b: {type: string}\n        a b: {type: string}\n",
            "",
            "p.md:26: error: the property 'a.b' and 'a-b' would both be ab in Python",
        ),
        (
            "        '!': {type: string}\n        '?': {type: string}\n",
            "",
            "p.md:26: error: the property '?' and '!' would both be field_ in Python",
        ),
        (
            '        "a\\x07": {type: string}\n',
            "",
            "p.md:25: error: the property 'a\\x07' holds a control character",
        ),
        (
            "        x: {type: array, items: {}}\n        x_item: {type: string}\n",
            "",
            "p.md:25: error: the property 'x' and 'x_item' would both be x_item in Python",
        ),
        (
            "        thing: {type: string, nullable: true}\n",
            "",
            "p.md:25: error: the property thing has the name of its schema Thing",
        ),
        (
            "        a: {type: string}\n    thing: {type: object}\n",
            "",
            "p.md:26: error: the schema 'thing' and 'Thing' would both be Thing in Python",
        ),
        (
            "        a: {type: string}\n",
            "        - {name: body, in: query, schema: {type: string}}\n",
            "p.md:10: error: POST /a/{cls} has a parameter named body besides its body",
        ),
        (
            "        a: {type: string}\n",
            (
                "        - {name: x-y, in: query, schema: {type: string}}\n"
                "        - {name: x y, in: query, schema: {type: string}}\n"
            ),
            "p.md:11: error: the parameter 'x y' and 'x-y' would both be x_y in Python",
        ),
    ],
)
def test_names_that_cannot_be_kept_apart_are_refused(
    properties: str, parameters: str, told: str
) -> None:
    """Each clash ends in the line of the second name, before anything is generated."""
    if parameters == "":
        # One parameter only, so that the properties start in line 25 whatever the case.
        parameters = "        - {name: q, in: query, schema: {type: string}}\n"
    with pytest.raises(PipelineError) as caught:
        guard(parse(Excerpt("p.md", tiny(properties, parameters)))[0])
    assert told in str(caught.value)
