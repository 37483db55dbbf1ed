"""Messages of the client, said in options and commands: every one that a command can meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import chainhub_video
import pytest
from chainhub_video.cli.wording import in_commands

PACKAGE = Path(chainhub_video.__file__).parent

# What belongs to Python and to nobody's shell: a parameter with `=`, a call, and the names of parameters.
PYTHONS = re.compile(
    r"""\b[a-z_]+=(?=$|[\s"'A-Z.,;:)(…])|\b\w+\(\)|\b(Async)?ChainHub\(|\bvideos\.\w+\(|\bresume\(|
    \b(save_to|resubmit_uncertain|skip_invalid|retry_failed|max_creates|max_download|max_in_flight|inline_images)\b|
    \b(image_host|base_url|api_key|http_client|same\ call|or\ None)\b|^(aspect_ratio|format|fit|size)\ is""",
    re.VERBOSE,
)

# Messages for what no command can do: each begins with what only a caller in Python can pass.
ONLY_IN_PYTHON = (
    "a batch runs on asyncio, and cannot send with the blocking http_client=",
    "all clients of this process are kept to",  # `using`, in tests of apps
    "http_client must be",
    "http_client is",
    "the http_client you passed",
    "image_host returned",
    "images must be a list or tuple",
    "max_download must be",
    "max_in_flight must be",
    "api_key must be text",
    "base_url must be text",
    "extra holds",
    "'X'(base_url='X'",  # the client's repr
)


def _messages() -> Iterator[tuple[str, str]]:
    """Give each text in the client's code that may be part of a message, with its place; what is put in is `X`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        if where.parts[0] in ("cli", "gallery", "mcp", "testing.py", "task.py", "__init__.py"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        # What is no message: docstrings, types, and the parts of f-strings, which are looked at whole.
        left_out = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Expr, ast.JoinedStr, ast.AnnAssign, ast.Subscript))
            for inner in ast.walk(node)
            if isinstance(inner, ast.Constant)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.expr):
                continue
            text = None
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else _sample(part)
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and id(node) not in left_out:
                text = node.value if isinstance(node.value, str) else None
            if text and " " in text and text.isprintable():
                yield f"{where}:{node.lineno}", text


def _sample(part: ast.expr) -> str:
    name = ast.unparse(part)
    if "limit" in name or "spent" in name or "max_creates" in name:
        return "3"
    return {"{field}": "aspect_ratio", "{parameter}": "size"}.get(name.strip("f'\""), "'X'")


MESSAGES = dict(_messages())


def test_no_message_of_the_client_speaks_python_to_a_shell() -> None:
    """Whatever the client says, with samples put in, comes out without parameters and calls of Python, and stays so."""
    spoken = {
        where: in_commands(text)
        for where, text in MESSAGES.items()
        if not text.startswith(ONLY_IN_PYTHON)
    }
    assert len(spoken) > 200
    wrong = {where: text for where, text in spoken.items() if PYTHONS.search(text)}
    assert wrong == {}
    for text in map(in_commands, MESSAGES.values()):  # a batch's failures come by once more
        assert in_commands(text) == text


def test_the_test_would_notice() -> None:
    """Before they are changed, dozens of messages speak Python, and every exception to the rule is still there."""
    assert sum(bool(PYTHONS.search(text)) for text in MESSAGES.values()) > 25
    for beginning in ONLY_IN_PYTHON:
        assert any(text.startswith(beginning) for text in MESSAGES.values()), beginning


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "the id 'x' does not tell its wire format: pass format=\"openai\" or format=\"unified\"",
            "the id 'x' does not tell its wire format: say --format openai or --format unified",
        ),
        (
            "the same thing. videos.download('a(b)', 'FILE', format='openai'), or: chainhub-video download X",
            "the same thing. chainhub-video download X",
        ),
        ("aspect_ratio is '9:9', and x takes none", "--aspect-ratio is '9:9', and x takes none"),
        ("line 5, column aspect_ratio: aspect_ratio is '9:9'", "line 5, column aspect_ratio: aspect_ratio is '9:9'"),
        ("receipt /videos/format=openai.mp4 is torn", "receipt /videos/format=openai.mp4 is torn"),
        ("base_url 'gateway' must look like https://host", "CHAINHUB_BASE_URL 'gateway' must look like https://host"),
    ],
)  # fmt: skip
def test_what_is_said_instead(message: str, words: str) -> None:
    """Options and commands take the place of parameters and calls; columns and names of files stay."""
    assert in_commands(message) == words
