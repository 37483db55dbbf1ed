"""Define `generate` and `create`, the two commands that are paid for one by one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import typer

from chainhub_video.errors import InvalidRequest

from .console import discard_output, fail, report, show, show_json, task_as_json
from .exit_status import DONE, FAILED
from .options import (
    AsJson,
    Fit,
    Images,
    InlineImages,
    ModelOption,
    Output,
    Prompt,
    PromptFile,
    Quiet,
    Ratio,
    Seconds,
    SizeOption,
    Timeout,
    Watermark,
    WireFormat,
    Yes,
)

if TYPE_CHECKING:
    from typing import TextIO

    from chainhub_video import ChainHub, VideoTask

    from .display import Screen

UNANSWERED = (
    "no answer had come yet; if the request had left, it may be paid: look for it in the vendor's "
    "usage log before you send it once more"
)


def generate(
    model: ModelOption,
    output: Output,
    prompt: Prompt = None,
    prompt_file: PromptFile = None,
    image: Images = None,
    size: SizeOption = None,
    aspect_ratio: Ratio = None,
    seconds: Seconds = None,
    watermark: Watermark = None,
    wire_format: WireFormat = None,
    inline_images: InlineImages = False,
    fit: Fit = None,
    timeout: Timeout = 1200,
    resubmit_uncertain: bool = typer.Option(
        False,
        "--resubmit-uncertain",
        help="Send the create again although an earlier one may have been paid.",
    ),
    yes: Yes = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make one video and save it, once: run again, it goes on where it stopped. The gateway charges for this."""
    from .display import following, screen

    text = prompt_text(prompt, prompt_file)
    with (
        screen(quiet=quiet) as lines,
        _hub(lines, inline_images=inline_images, yes=yes, quiet=quiet) as hub,
        following(lines, "submitting", unanswered=UNANSWERED) as shown,
    ):
        saved = hub.videos.generate(
            text,
            model=model,
            images=image or (),
            seconds=seconds,
            size=size,
            aspect_ratio=aspect_ratio,
            watermark=watermark,
            fit=cast("Any", fit),
            format=cast("Any", wire_format),
            timeout=timeout,
            resubmit_uncertain=resubmit_uncertain,
            save_to=output,
            on_update=shown.update,
            on_progress=shown.download,
        )
    report(saved, as_json=as_json)


def create(
    model: ModelOption,
    prompt: Prompt = None,
    prompt_file: PromptFile = None,
    image: Images = None,
    size: SizeOption = None,
    aspect_ratio: Ratio = None,
    seconds: Seconds = None,
    watermark: Watermark = None,
    wire_format: WireFormat = None,
    inline_images: InlineImages = False,
    fit: Fit = None,
    yes: Yes = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Send one paid request and print the task's id. Keeps no receipt: run again, it is paid again."""
    from .display import following, screen

    text = prompt_text(prompt, prompt_file)
    with (
        screen(quiet=quiet) as lines,
        _hub(lines, inline_images=inline_images, yes=yes, quiet=quiet) as hub,
        following(lines, "submitting", unanswered=UNANSWERED) as shown,
    ):
        shown.task = task = hub.videos.create(
            text,
            model=model,
            images=image or (),
            seconds=seconds,
            size=size,
            aspect_ratio=aspect_ratio,
            watermark=watermark,
            fit=cast("Any", fit),
            format=cast("Any", wire_format),
        )
        with lines.paused():
            return _print_id(task, as_json=as_json)


def _print_id(task: VideoTask, *, as_json: bool) -> int:
    """Print what nothing else keeps, and return the exit status."""
    try:
        show_json(task_as_json(task)) if as_json else show(task.id)
    except OSError as failure:
        discard_output()
        return fail(
            f"task {task.label} is paid, and its id could not be printed: {failure}", FAILED
        )
    return DONE


def _hub(screen: Screen, *, inline_images: bool, yes: bool, quiet: bool) -> ChainHub:
    """Return a client that says what it is about to pay for."""
    from chainhub_video import ChainHub

    from .announcing import announcer
    from .settings import client_options

    options = client_options(inline_images=inline_images)
    confirm = announcer(screen, options["base_url"], yes=yes, quiet=quiet)
    return ChainHub(**options, confirm=confirm)


def prompt_text(prompt: str | None, file: str | None) -> str:
    """Return the prompt from where it was given.

    Args:
        prompt: the text; `-` for standard input.
        file: the path of a text file instead; `-` for standard input.

    Raises:
        TyperException: it was given twice, or not at all.
        InvalidRequest: it cannot be read, or is no text in UTF-8.
    """
    if (prompt is None) == (file is None):
        raise typer.BadParameter("give the prompt once: PROMPT, --prompt-file FILE, or - for stdin")
    source = file if prompt is None else prompt
    if source != "-" and prompt is not None:
        return prompt
    name = "standard input" if source == "-" else repr(source)
    try:
        if source == "-":
            data = cast("TextIO", sys.stdin).buffer.read()
        else:
            with open(cast("str", source), "rb") as opened:  # noqa: PTH123 - keeps a name that is not UTF-8
                data = opened.read(_MOST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"the prompt in {name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the prompt in {name} is no text in UTF-8: {error.reason}") from error
    if len(data) > _MOST:
        raise InvalidRequest(f"the prompt in {name} is longer than {_MOST:,} bytes")
    return text.rstrip("\r\n")


_MOST = 1_000_000  # bytes of a prompt
