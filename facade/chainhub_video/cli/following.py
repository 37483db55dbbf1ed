"""Define `wait`, `resume` and `download`: what brings a paid task to its end. None of them pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from .options import AsJson, Output, Quiet, TaskId, Timeout, WireFormat

if TYPE_CHECKING:
    from chainhub_video import AsyncChainHub, SavedVideo, VideoTask

    from .display import Display

_AGAIN = "run the same command again to go on; it costs nothing"


def wait(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of tasks.")],
    wire_format: WireFormat = None,
    timeout: Timeout = 1200,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Wait until tasks have ended, all at once. Costs nothing."""
    from .console import show_task
    from .display import screen
    from .several import at_once

    async def call(hub: AsyncChainHub, name: str, shown: Display) -> VideoTask:
        return await hub.videos.wait(
            name, timeout=timeout, on_update=shown.update, format=cast("Any", wire_format)
        )

    with screen(quiet=quiet) as lines:
        return at_once(
            ids,
            call,
            lambda task: show_task(task, as_json=as_json),
            screen=lines,
            first="asking",
            again=_AGAIN,
        )


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
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Finish what generate has started, from its receipts. Never sends a create; costs nothing."""
    from .console import report
    from .display import screen
    from .several import at_once

    if task is not None and len(paths) > 1:
        raise typer.BadParameter("--task gives a task to a single receipt")

    async def call(hub: AsyncChainHub, name: str, shown: Display) -> SavedVideo:
        return await hub.videos.resume(
            name,
            task_id=task,
            timeout=timeout,
            on_update=shown.update,
            on_progress=shown.download,
        )

    with screen(quiet=quiet) as lines:
        return at_once(
            paths,
            call,
            lambda saved: report(saved, as_json=as_json),
            screen=lines,
            first="resuming",
            again=_AGAIN,
        )


def download(
    task_id: TaskId,
    output: Output,
    wire_format: WireFormat = None,
    timeout: Timeout = 1200,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Wait for a task that is already there, and save its video. Costs nothing."""
    from chainhub_video.downloads.partfile import checked_target
    from chainhub_video.objects.address import address_in

    from .console import report
    from .display import following, screen
    from .settings import make_client

    target = output if address_in(output) is not None else checked_target(output)
    with (
        screen(quiet=quiet) as lines,
        make_client() as hub,
        following(lines, "asking", unanswered="nothing was saved") as shown,
    ):
        task = hub.videos.wait(
            task_id,
            timeout=timeout,
            on_update=shown.update,
            format=cast("Any", wire_format),
        )
        saved = hub.videos.download(task, target, on_progress=shown.download)
    report(saved, as_json=as_json)
