"""Say the client's messages in the words of the command line: options and commands in place of Python's parameters."""

from __future__ import annotations

import re
from functools import cache

# A parameter at the beginning of a message is what the caller gave; elsewhere the word may be a field's or a column's.
_PARAMETERS = "size|aspect_ratio|seconds|format|fit|timeout|concurrency|rate|max_creates|stop_after_failures|out"

# In this order. Each names a phrase that only a message of ours holds, so that no name or text of a user is changed.
_REPLACEMENTS: tuple[tuple[str, str], ...] = (
    (r"videos\.download\(.+?\), or: (?=chainhub-video download )", ""),
    (r"(--task ID), or resume\(path, task_id=ID\)", r"\1"),
    (r"\w+=True \((--[a-z-]+)\)", r"\1"),
    (r"with ChainHub\(inline_images=True\) \((--inline-images)\)", r"with \1"),
    (
        r"Either let it carry the picture itself with ChainHub\(inline_images=True\), or give .+image_host=\.\.\.\)",
        "Let it carry the picture itself with --inline-images, or give a link",
    ),
    (r'pass format="openai" or format="unified"', "say --format openai or --format unified"),
    (r'format="openai" or format="unified"', "--format openai or --format unified"),
    (r'fit="cover" or fit="contain"', "--fit cover or --fit contain"),
    (r"(environment variable CHAINHUB_API_KEY), or pass api_key=", r"\1"),
    (r"; pass api_key=", "; the key belongs into CHAINHUB_API_KEY"),
    (r": pass image=", ": give one with --image"),
    (r": leave it out, or pass it with extra=( if your model takes it)?", ": leave it out"),
    (r"set CHAINHUB_BASE_URL or base_url to", "set CHAINHUB_BASE_URL to"),
    (r"check the id and base_url", "check the id and CHAINHUB_BASE_URL"),
    (r"^base_url (?=must |')", "CHAINHUB_BASE_URL "),
    (r"max_creates \(CHAINHUB_MAX_CREATES\) is", "CHAINHUB_MAX_CREATES is"),
    (
        r"this client has paid for (\d+) creates, and max_creates is (\d+): (.+), or make a new client",
        r"this command has paid for \1 creates, and the limit (CHAINHUB_MAX_CREATES, or a file of settings) is \2: \3",
    ),
    (r"max_creates is (?=\d+, and so many were paid for)", "--max-creates is "),
    (r"confirm= did not agree to this create; nothing was sent", "not agreed to: nothing was sent"),
    (r"note the id; wait\(\) and download\(\) take it", "note the id; chainhub-video wait and download take it"),
    (r"wait for it again with its id,", "wait for it again with chainhub-video wait ID,"),
    (r"run the same call again", "run the same command again"),
    (r"by this call\b", "by this command"),
    (r"this client talks to", "this command talks to"),
    (r"is larger than max_download, ", "is larger than "),
    (r" of this client were in flight all the time \(max_in_flight\)", " were in flight all the time"),
    (r", or keep the receipts elsewhere \(receipts=\)", ""),
    (r"(must be .+ seconds), or None$", r"\1"),
    (r"bytes, and inline_images carries", "bytes, and --inline-images carries"),
)  # fmt: skip
_GIVEN = rf"^({_PARAMETERS}) (?=is )"


@cache
def _compiled() -> list[
    tuple[re.Pattern[str], str]
]:  # not before there is a message: it takes as long as a module
    return [(re.compile(pattern), text) for pattern, text in _REPLACEMENTS]


def in_commands(message: str) -> str:
    """Return a message of the client with options and commands for parameters and calls of Python."""
    for pattern, text in _compiled():
        message = pattern.sub(text, message)
    return re.sub(_GIVEN, lambda found: f"--{found[1].replace('_', '-')} ", message)
