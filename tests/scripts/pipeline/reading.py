"""Read texts as documents, and tell why a step of the pipeline refuses one."""

from collections.abc import Callable

import pytest
from pipeline.page import Excerpt
from pipeline.parse import parse
from pipeline.report import PipelineError
from pipeline.tree import YamlMapping


def parsed(text: str, file: str = "p.md") -> YamlMapping:
    """Parse a text that is sound, and starts in line 1 of a file."""
    return parse(Excerpt(file, text))[0]


def refusal(step: Callable[..., object], *arguments: object, **options: object) -> str:
    """Run a step that has to refuse; return its words, a line for each problem."""
    with pytest.raises(PipelineError) as caught:
        step(*arguments, **options)
    return str(caught.value)
