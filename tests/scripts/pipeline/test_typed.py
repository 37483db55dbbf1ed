"""What mypy says of generated packages, and of the facade when one of them changes; one run for all of it."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline.generate import generate
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.publish import PACKAGE
from pipeline.roundtrip import imported
from pipeline.validate import guard, validate

from tests.support.places import ROOT

from .small import small_repository, write_package
from .test_union import PAGES, UNION, VARIANTS
from .test_validate import named

# What each name of a property or parameter becomes in Python.
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
LOCALS = [
    "headers", "params", "cookies", "response", "kwargs", "errors", "quote", "k", "v", "httpx",
]  # fmt: skip
USER = """\
from united.models import CreateRequest
from united.models.create_request_model import CreateRequestModel

CreateRequest(model=CreateRequestModel.GROK_VIDEO_3, prompt="p", images=["a", "b"], size="720P")
CreateRequest(model=CreateRequestModel.VEO3, prompt="p", images="https://x.y/z.png", enhance_prompt=True)
CreateRequest(model=CreateRequestModel.SORA_2, prompt="p", duration=10)
"""
# What the vendor's next page may change in the generated package, and the module of the facade that has to follow.
CHANGES = [
    ("api/openai/create_video.py", "    body: Create", "    payload: Create", "openai", '"body"'),
    ("api/unified/query_unified_video.py", "    id: str,", "    id: str,\n    region: str,", "unified", '"region"'),
    ("models/create_video_request.py", "    seconds: str\n", "    duration: str\n", "openai", '"seconds"'),
    ("models/create_unified_video_request.py", "    images: list[str]\n",
     "    images: list[str]\n    region: str\n", "unified", '"region" in call to "CreateUnifiedVideoRequest"'),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of odd names, one of united pages, and the facade beside a package that changed."""
    folder = tmp_path_factory.mktemp("typed")
    properties = "".join(f"        '{name}': {{type: string, nullable: true}}\n" for name in ODD)
    inner = "{type: array, items: {$ref: '#/components/schemas/Inner'}}"
    properties += "".join(f"        {name}: {inner}\n" for name in LISTS)
    query = "in: query, schema: {type: string}"
    parameters = "".join(f"        - {{name: {name}, {query}}}\n" for name in LOCALS)
    text = named(properties, parameters)
    document, _ = parse(Excerpt("p.md", text))
    validate(document)
    guard(document)
    (folder / "openapi.yaml").write_text(text)
    generate(folder / "openapi.yaml", folder / "tiny")
    (folder / "user.py").write_text(USER)
    repository = small_repository(folder / "repository", PAGES, merge=UNION)
    write_package(repository, folder / "united")
    shutil.copytree(ROOT / PACKAGE, folder / "chainhub_api")
    for module, old, new, *_ in CHANGES:
        path = folder / "chainhub_api" / module
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    return folder


def test_mypy_finds_what_changed_and_nothing_else(folder: Path) -> None:
    """Odd names, unions and their users are strictly typed; of a changed package, the facade's lines are named."""
    facade = ROOT / "facade/chainhub_video"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "--config-file=",
         "--cache-dir", folder / "cache", "tiny", "united", "user.py",
         facade / "client.py", facade / "wire/openai.py", facade / "wire/unified.py"],
        cwd=folder, env={**os.environ, "MYPYPATH": f"{folder}:{ROOT / 'facade'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in done.stdout.splitlines() if not line.startswith("chainhub_api/")]
    assert done.stderr == ""
    for *_, user, told in CHANGES:
        assert any(f"/wire/{user}.py:" in line and told in line for line in found), (user, told)
    of_facade = [line for line in found[:-1] if "facade/chainhub_video/wire/" in line]
    assert found[:-1] == of_facade, found


def test_odd_names_stay_what_they_are_on_the_wire(folder: Path) -> None:
    """Locals of the generator, keywords, no identifiers and near twins are given back as they came."""
    given = {name: f"value of {name}" for name in ODD}
    inner = [{"d": 1, "cls": 2, "more": 3}]
    whole = {**given, **dict.fromkeys(LISTS, inner), "unknown": 1}
    with imported(folder / "tiny") as module:
        thing = module.models.Thing.from_dict(whole)
        assert {name: getattr(thing, python) for name, python in ODD.items()} == given
        assert (thing.to_dict(), thing.additional_properties) == (whole, {"unknown": 1})
        one = importlib.import_module(f"{module.__name__}.api.t.one")
        sent = one.get_kwargs(cls_="c/d", body=thing, **{f"{name}_": name for name in LOCALS})
    assert (sent["url"], sent["json"]) == ("/a/c%2Fd", whole)
    assert sent["params"] == {name: name for name in LOCALS}


def test_the_united_client_sends_each_page_s_request(folder: Path) -> None:
    """What any of the pages sends, the client of their union sends unchanged."""
    with imported(folder / "united") as module:
        create = importlib.import_module(f"{module.__name__}.api.videos.create")
        for variant in VARIANTS:
            sent = create.get_kwargs(body=module.models.CreateRequest.from_dict(variant))
            called = (sent["method"], sent["url"], sent["json"])
            assert called == ("post", "/v1/video/create", variant)
