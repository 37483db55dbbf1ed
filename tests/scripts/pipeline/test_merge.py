"""Joining documents, and refusing to choose between them."""

import pytest
from pipeline.merge import merge
from pipeline.report import PipelineError
from pipeline.tree import YamlMapping

from .reading import parsed, refusal

LOST = "b.md:3: merge: servers entry u is described as 'y', and before as 'x'; the first holds (a.md:3)"
BASE = "openapi: 3.0.1\ninfo: {title: '', version: 1.0.0}\n"


def document(text: str, file: str) -> YamlMapping:
    """Parse a document of its own file."""
    return parsed(BASE + text, file)


def test_paths_components_servers_and_tags_are_joined() -> None:
    """Everything that stands in one document only is in the result."""
    one = document("paths: {/a: {get: {summary: x}}}\nservers: [{url: u}]\n", "a.md")
    two = document(
        "paths: {/a: {post: {}}, /b: {get: {}}}\ncomponents: {schemas: {S: {type: object}}}\n"
        "servers: [{url: u}, {url: v}]\ntags: [{name: t}]\n",
        "b.md",
    )
    result, _ = merge([one, two])
    assert {url: list(item) for url, item in result["paths"].items()} == {
        "/a": ["get", "post"],
        "/b": ["get"],
    }
    assert result["components"] == {"schemas": {"S": {"type": "object"}}}
    assert result["servers"] == [{"url": "u"}, {"url": "v"}]
    assert result["tags"] == [{"name": "t"}]


def test_equal_definitions_are_one_and_told() -> None:
    """The same operation on two pages, vendor notes aside, is kept once and reported."""
    one = document("paths: {/a: {get: {summary: x, x-page: 1}}}\n", "a.md")
    two = document("paths: {/a: {get: {summary: x, x-page: 2}}}\n", "b.md")
    result, changes = merge([one, two])
    assert result["paths"]["/a"]["get"] == {"summary": "x", "x-page": 1}
    assert [str(change.place) for change in changes] == ["b.md:3"]
    assert changes[0].told == "operation GET /a is defined again, and the same; kept once (a.md:3)"


def test_blank_information_gives_way_and_versions_rise() -> None:
    """An empty title is filled by the document that has one; the highest patch version stays."""
    one = document("paths: {}\n", "a.md")
    text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\n"
    two = parsed(text, "b.yaml")
    result, _ = merge([one, two])
    assert (result["openapi"], result["info"]["title"]) == ("3.0.3", "T")


CONFLICTS = [
    ("paths:\n  /a:\n    get:\n      summary: x\n      deprecated: true\n",
     "paths:\n  /a:\n    get:\n      summary: y\n",
     ("b.md:5: error: operation GET /a conflicts with the definition in a.md:5: differing at "
     "/summary ('x' and 'y'); /deprecated (only in a.md)")),
    ("components:\n  schemas:\n    S: {type: object}\n", "components:\n  schemas:\n    S: {type: array}\n",
     ("b.md:5: error: component schemas/S conflicts with the definition in a.md:5: differing "
     "at /type ('object' and 'array')")),
    ("paths:\n  /a/{id}: {}\n", "paths:\n  /a/{task}: {}\n",
     ("b.md:4: error: path /a/{task} conflicts with the definition in a.md:4: the same path is "
     "written /a/{id}")),
    ("tags: [{name: t, externalDocs: {url: u}}]\n", "tags: [{name: t}]\n",
     "b.md:3: error: tags entry t conflicts"),
    ("security: [{a: []}]\n", "security: [{b: []}]\n", "b.md:3: error: the document's security"),
]  # fmt: skip


def test_a_conflict_names_both_places_and_the_fields() -> None:
    """Two definitions of one thing stop the build, with file and line of both."""
    for one, two, what in CONFLICTS:
        assert what in refusal(merge, [document(one, "a.md"), document(two, "b.md")])


DESCRIBED: list[tuple[str, str, str, list[str]]] = [
    ("", "x", "x", []),
    ("x", "", "x", []),
    ("x", "x", "x", []),
    ("x", "y", "x", [LOST]),
]  # fmt: skip


def test_words_about_a_server_are_no_conflict() -> None:
    """Pages that only describe the same server differently are merged, and told if words are lost."""
    for one, two, kept, told in DESCRIBED:
        pages = [
            document(f"servers: [{{url: u{f', description: {text}' if text else ''}}}]\n", name)
            for text, name in ((one, "a.md"), (two, "b.md"))
        ]
        result, changes = merge(pages)
        assert result["servers"] == [{"url": "u", "description": kept}]
        assert list(map(str, changes)) == told


def test_a_page_of_another_server_keeps_its_own() -> None:
    """Where pages name different servers, the report says so, and each operation stays at its page's."""
    one = document("paths: {/a: {get: {}}}\nservers: [{url: u}]\n", "a.md")
    two = document(
        "paths: {/b: {get: {}, put: {servers: [{url: w}]}}, /c: {servers: [{url: w}], get: {}}}\n"
        "servers: [{url: v}, {url: u}]\n",
        "b.md",
    )
    three = document("paths: {/d: {get: {}}}\n", "c.md")
    result, changes = merge([one, two, three])
    assert result["servers"] == [{"url": "u"}]
    assert result["paths"] == {
        "/a": {"get": {}},
        "/b": {
            "get": {"servers": [{"url": "v"}, {"url": "u"}]},
            "put": {"servers": [{"url": "w"}]},
        },
        "/c": {"servers": [{"url": "w"}], "get": {}},
        "/d": {"get": {}},
    }
    assert "\n".join(map(str, changes)) == (
        "b.md:4: merge: the page's server is v, that of a.md is u: the operations of the page keep their own, "
        "all others are at the latter (a.md:4)"
    )


def test_all_conflicts_are_told_at_once() -> None:
    """A maintainer sees every conflict in one run."""
    one = document("paths: {/a: {get: {summary: x}}, /b: {get: {summary: x}}}\n", "a.md")
    two = document("paths: {/a: {get: {summary: y}}, /b: {get: {summary: y}}}\n", "b.md")
    with pytest.raises(PipelineError) as caught:
        merge([one, two])
    assert len(caught.value.problems) == 2
