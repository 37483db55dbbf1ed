"""Any text whatever, without quotes where a page has values: read as it is, or refused."""

from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pipeline.build import read_document
from pipeline.report import PipelineError
from pipeline.scalar import resolve

# Whatever one line of a page can hold; those characters more often that mean something to YAML.
LINE = st.text(
    st.characters(codec="utf-8", exclude_characters="\n")
    | st.sampled_from(list("ab :#'\"-?|>{}[]@`%&*!,\\\t\u00a0\u2028\x85\x07é漢😀.3~=<\r")),
    max_size=16,
)
PAGE = """\
# Title

```yaml
openapi: 3.0.1
paths:
  /x:
    post:
      {}: {}
      enum:
        - {}
        - two
      images:
        - {}
        - two
      last: here
```
"""


def value_of(line: str) -> str:
    """Tell the value that a line holds: YAML has no blanks around a plain one, nor line ends."""
    value = line.rstrip("\r").strip(" \t")
    # What is quoted from end to end is not plain; and the exporter writes the word null for nothing.
    assume(value not in ("", "null") and not (value[0] == value[-1] and value[0] in "'\""))
    return value


def read_back(line: str, position: int) -> Any:
    """Write a line in one of the four places of the page, and read it; None if it is refused."""
    if position < 3:
        fields = ["description", *(line if at == position else "plain" for at in range(3))]
    else:
        fields = ["example", line, "plain", "plain"]
    try:
        document, _ = read_document(PAGE.format(*fields).encode(), "p.md", [])
    except PipelineError:
        return None
    post = document["paths"]["/x"]["post"]
    assert (post["last"], post["enum"][1:], post["images"][1:]) == ("here", ["two"], ["two"])
    return [post.get("description"), post["enum"][0], post["images"][0], post.get("example")][
        position
    ]


@settings(max_examples=250, deadline=None)
@given(LINE)
@example("~")
@example("[]")
@example("{}")
@example("- x")
@example("12")
@example("|-#x")
def test_any_description_comes_back_character_for_character_or_is_refused(line: str) -> None:
    """Whatever a description holds, written unquoted, is read as it is; only zero bytes are refused."""
    value = value_of(line)
    found = read_back(line, 0)
    assert found == value or (found is None and "\0" in line)


@settings(max_examples=400, deadline=None)
@given(LINE, st.integers(1, 3))
@example("-", 1)
@example("|#", 1)
@example("># x", 2)
@example("- x", 1)
@example("Some text: more", 2)
@example("{{x}}", 3)
def test_any_other_text_comes_back_or_is_refused(line: str, position: int) -> None:
    """So is a text that is an item of a list or an example; but a number there is a number."""
    value = value_of(line)
    assume(resolve(value) == value)
    # A list in brackets is one where a list may stand, and a mapping with values is one.
    assume(value[0] not in "[{" or value in ("{{x}}", "{x}"))
    found = read_back(line, position)
    assert found == value or (found is None and "\0" in line)
