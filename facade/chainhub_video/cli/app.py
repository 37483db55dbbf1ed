"""Define the commands of `chainhub-video`. Each imports only what it needs, so that `--help` is quick."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from chainhub_video.errors import ChainHubError, ConfigurationError, InvalidRequest
from chainhub_video.text import shorten

from .batch import app as batch
from .console import (
    PROGRAM,
    fail,
    report,
    say,
    show,
)
from .display import Interrupted, display
from .mcp import mcp
from .options import AsJson, Output, TaskId, Timeout, WireFormat, checked_seconds

if TYPE_CHECKING:
    from chainhub_sandbox import Sandbox

    from chainhub_video.task import FormatName

app = typer.Typer(
    help="Make videos through ChainHub's video API. The key and the address come from the "
    "environment: CHAINHUB_API_KEY and CHAINHUB_BASE_URL.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(batch, name="batch")

UNANSWERED = (
    "no answer had come yet; if the request had left, it may be paid: look for it in the vendor's "
    "usage log before you send it once more"
)


def run(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit status.
    """
    try:
        status = app(arguments or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as mistake:
        where = getattr(getattr(mistake, "ctx", None), "command_path", PROGRAM)
        return fail(f"{mistake.format_message().rstrip('.')} (see {where} --help)", 2)
    except ChainHubError as failure:
        return fail(str(failure), exit_status(failure))
    except Interrupted as stop:
        return fail(f"interrupted; {stop}", 130)
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read the output is gone; what is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as failure:
        return fail(f"the system refused: {failure}", 1)
    return status if isinstance(status, int) else 0


def exit_status(failure: ChainHubError) -> int:
    """Return 2 for a mistake on this side that has sent nothing, and 1 for everything else."""
    mistake = isinstance(failure, (ConfigurationError, InvalidRequest))
    return 2 if mistake and failure.task is None else 1


@app.callback(invoke_without_command=True)
def program(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Say which version this is, or leave it to the commands."""
    if version:
        from chainhub_video._version import __version__

        show(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the video shows.")],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="Such as veo_3_1 or grok-video-3.")
    ],
    output: Output,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="PICTURE", help="A file or an http(s) link; may be given repeatedly."
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="SIZE", help="Such as 1280x720, or 720P.")
    ] = None,
    aspect_ratio: Annotated[
        str | None, typer.Option("--aspect-ratio", metavar="RATIO", help="Such as 3:2, 2:3 or 1:1.")
    ] = None,
    seconds: Annotated[
        str | None,
        typer.Option(
            "--seconds", metavar="N", help="The duration, where the model lets you choose."
        ),
    ] = None,
    watermark: Annotated[
        bool | None, typer.Option("--watermark/--no-watermark", help="Whether the video is marked.")
    ] = None,
    wire_format: WireFormat = None,
    inline_images: Annotated[
        bool,
        typer.Option(
            "--inline-images", help="Send local pictures inside the request (unified format)."
        ),
    ] = False,
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit",
            metavar="cover|contain",
            help="Bring local pictures to the pixels of the video.",
        ),
    ] = None,
    timeout: Timeout = 1200,
    resubmit_uncertain: Annotated[
        bool,
        typer.Option(
            "--resubmit-uncertain",
            help="Send the create again although an earlier one may have been paid.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make one video and save it, once: run again, it goes on where it stopped. The gateway charges for this."""
    from chainhub_video import ChainHub

    line = display("submitting", unanswered=UNANSWERED)
    with line as shown, ChainHub(inline_images=inline_images) as hub:
        saved = hub.videos.generate(
            prompt,
            model=model,
            images=image or (),
            seconds=seconds,
            size=size,
            aspect_ratio=aspect_ratio,
            watermark=watermark,
            fit=cast("Any", fit),
            format=cast("FormatName | None", wire_format),
            timeout=timeout,
            resubmit_uncertain=resubmit_uncertain,
            save_to=output,
            on_update=shown.update,
            on_progress=shown.download,
        )
    report(saved, as_json=as_json)


@app.command()
def resume(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Outputs, or their receipts (FILE.task.json)."),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="The task that you found in the vendor's usage log, for one uncertain receipt.",
        ),
    ] = None,
    timeout: Timeout = 1200,
    as_json: AsJson = False,
) -> int:
    """Finish what generate has started, from its receipts. Never sends a create; costs nothing."""
    from chainhub_video import ChainHub

    if task is not None and len(paths) > 1:
        raise typer.BadParameter("--task gives a task to a single receipt")
    worst = 0
    with ChainHub() as hub:
        for path in paths:
            try:
                with display("resuming", unanswered="nothing was saved") as shown:
                    saved = hub.videos.resume(
                        path,
                        task_id=task,
                        timeout=timeout,
                        on_update=shown.update,
                        on_progress=shown.download,
                    )
            except ChainHubError as failure:
                worst = fail(f"{path}: {failure}", 1)
            else:
                report(saved, as_json=as_json)
    return worst


@app.command()
def status(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|ID...", help="Outputs or receipts, read on the disk; or the ids of tasks."
        ),
    ],
    wire_format: WireFormat = None,
    as_json: AsJson = False,
) -> int:
    """Tell how far outputs are by their receipts, or ask the gateway once for tasks. Costs nothing."""
    from .standing import tell

    worst = 0
    for one in tasks:
        try:
            tell(one, wire_format, as_json=as_json)
        except ChainHubError as failure:
            worst = max(worst, fail(f"{shorten(one)}: {failure}", exit_status(failure)))
    return worst


@app.command()
def download(
    task_id: TaskId,
    output: Output,
    wire_format: WireFormat = None,
    timeout: Timeout = 1200,
    as_json: AsJson = False,
) -> None:
    """Wait for a task that is already there, and save its video. Costs nothing."""
    from chainhub_video import ChainHub
    from chainhub_video.downloads.partfile import checked_target
    from chainhub_video.objects.address import address_in

    target = output if address_in(output) is not None else checked_target(output)
    line = display("asking", unanswered="nothing was saved")
    with line as shown, ChainHub() as hub:
        task = hub.videos.wait(
            task_id,
            timeout=timeout,
            on_update=shown.update,
            format=cast("FormatName | None", wire_format),
        )
        saved = hub.videos.download(task, target, on_progress=shown.download)
    report(saved, as_json=as_json)


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one.")
    ] = 8787,
    api_key: Annotated[
        str, typer.Option(metavar="WORD", help="The only key that is let in; not a real one.")
    ] = "sandbox",
    pace: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", callback=checked_seconds, help="How long a task stays in each state."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="STEP:KIND,NAME=VALUE",
            help="Let something go wrong, as in create:status,status=503; may be given repeatedly.",
        ),
    ] = None,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            "--dialect",
            metavar="NAME",
            help="Answer as other gateways do, as in relay or late; may be given repeatedly.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of what a dialect draws for each task.")
    ] = 0,
) -> int:
    """Run a local gateway for trying things out, until Ctrl-C. Costs nothing."""
    try:
        from chainhub_sandbox import InvalidDialect, InvalidFault, SandboxError, serve
    except ModuleNotFoundError as missing:
        return fail(str(missing), 2)

    def tell(gateway: Sandbox) -> None:
        say("sandbox gateway, Ctrl-C ends it; in another terminal:")
        show(f"export CHAINHUB_BASE_URL={gateway.url}")
        show(f"export CHAINHUB_API_KEY={shlex.quote(api_key)}")

    try:
        serve(host, port, api_key, pace, tell, faults=fault or (), dialect=dialect or (), seed=seed)
    except InvalidFault as mistake:
        return fail(f"{mistake} (--fault)", 2)
    except InvalidDialect as mistake:
        return fail(f"{mistake} (--dialect)", 2)
    except SandboxError as failure:
        return fail(str(failure), 1)
    return 0


app.command()(mcp)
