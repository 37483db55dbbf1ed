"""Say a task's create once more: for curl, for the command, and in Python."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from chainhub_sandbox.models import MODELS, ORIENTATIONS
from chainhub_sandbox.pictures import is_data_uri
from chainhub_sandbox.tasks import Format, Task

_OUTPUT = "video.mp4"
_INLINE = "picture.png"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_OPTIONS = ("size", "aspect_ratio", "seconds")
"""Fields that the client's `generate` has a parameter for, and the command an option."""

_RENAMED = {"duration": "seconds", "orientation": "aspect_ratio"}


@dataclass(frozen=True, slots=True)
class Recipes:
    """One create in three languages.

    Attributes:
        curl: the request itself.
        command: create, wait and download on the command line.
        python: the same in Python.
        left_out: fields that the command has no option for.
        picture: the file that the lines read; empty for none.
    """

    curl: str
    command: str
    python: str
    left_out: tuple[str, ...]
    picture: str


def recipes(task: Task, url: str, api_key: str) -> Recipes:
    """Return the lines that make a task once more.

    Args:
        task: the task.
        url: of the gateway.
        api_key: that it lets in.
    """
    request, body = task.request, dict(task.body)
    pictures = [_picture(each) for each in request.images]
    for name in ("model", "prompt", "images"):
        body.pop(name, None)
    options: dict[str, Any] = {"model": request.model}
    if sum(request.model in models for models in MODELS.values()) > 1:
        options["format"] = request.format
    watermark = _truth(body.pop("watermark", None))
    known = {_RENAMED.get(name, name): value for name, value in body.items()}
    options |= {name: str(known[name]) for name in _OPTIONS if name in known}
    if options.get("aspect_ratio") in ORIENTATIONS:
        options["aspect_ratio"] = ORIENTATIONS[options["aspect_ratio"]]
    extra = {name: value for name, value in known.items() if name not in _OPTIONS}
    inline = any(is_data_uri(each) for each in request.images)
    return Recipes(
        curl=_curl(request.format, task, pictures, url, api_key),
        command=_command(request.prompt, options, pictures, watermark, inline, url, api_key),
        python=_python(request.prompt, options, pictures, watermark, extra, inline, url, api_key),
        left_out=tuple(sorted(extra)),
        picture=next((each for each in pictures if "://" not in each), ""),
    )


def quoted(text: str) -> str:
    """Return text as one word of bash or zsh; control characters are spelled, since a terminal would obey them."""
    if not _CONTROL.search(text):
        return shlex.quote(text)
    spelled = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    spelled = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", spelled)
    return f"$'{spelled}'"


def _picture(reference: str) -> str:
    """Return a link, or the name of a file in this folder: what a client calls a file may be any path."""
    if is_data_uri(reference):
        return _INLINE
    if reference.startswith(("http://", "https://")):
        return reference
    name = PurePosixPath(PureWindowsPath(reference).name).name or _INLINE
    return f"./{name}" if name.startswith("-") else name


def _truth(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


def _curl(wire_format: Format, task: Task, pictures: Sequence[str], url: str, api_key: str) -> str:
    words = ["-H " + quoted(f"Authorization: Bearer {api_key}")]
    if wire_format == "openai":
        # Not --form, which reads a file where a text begins with @ or <.
        words += ["--form-string " + quoted(f"{name}={value}") for name, value in task.body.items()]
        for picture in pictures:
            path = picture.replace("\\", "\\\\").replace('"', '\\"')
            words.append("--form " + quoted(f'input_reference=@"{path}"'))
        return _lines("curl " + quoted(f"{url}/v1/videos"), words)
    body = {**task.body}
    if task.request.images:
        body["images"] = list(task.request.images)
    words.append("-H 'Content-Type: application/json'")
    words.append(f"--data-raw {quoted(json.dumps(body, ensure_ascii=False, indent=2))}")
    return _lines("curl " + quoted(f"{url}/v1/video/create"), words)


def _command(
    prompt: str,
    options: Mapping[str, str],
    pictures: Sequence[str],
    watermark: bool | None,
    inline: bool,
    url: str,
    api_key: str,
) -> str:
    words = [f"--{name.replace('_', '-')} {quoted(value)}" for name, value in options.items()]
    words += [f"--image {quoted(picture)}" for picture in pictures]
    if watermark is not None:
        words.append("--watermark" if watermark else "--no-watermark")
    if inline:
        words.append("--inline-images")
    words += [f"-o {_OUTPUT}", f"-- {quoted(prompt)}"]
    surroundings = f"export CHAINHUB_BASE_URL={quoted(url)} CHAINHUB_API_KEY={quoted(api_key)}"
    return f"{surroundings}\n{_lines('chainhub-video generate', words)}"


def _python(
    prompt: str,
    options: Mapping[str, str],
    pictures: Sequence[str],
    watermark: bool | None,
    extra: Mapping[str, Any],
    inline: bool,
    url: str,
    api_key: str,
) -> str:
    given: dict[str, Any] = dict(options)
    if pictures:
        given |= {"image": pictures[0]} if len(pictures) == 1 else {"images": list(pictures)}
    if watermark is not None:
        given["watermark"] = watermark
    if extra:
        given["extra"] = dict(extra)
    given["save_to"] = _OUTPUT
    client = {"base_url": url, "api_key": api_key, **({"inline_images": True} if inline else {})}
    arguments = ", ".join(f"{name}={value!r}" for name, value in client.items())
    return "\n".join(
        (
            "from chainhub_video import ChainHub",
            "",
            f"with ChainHub({arguments}) as hub:",
            "    video = hub.videos.generate(",
            f"        {prompt!r},",
            *(f"        {name}={value!r}," for name, value in given.items()),
            "    )",
            "print(video.path)",
        )
    )


def _lines(first: str, words: Sequence[str]) -> str:
    return " \\\n  ".join((first, *words))
