"""Define `chainhub-video batch run` and `batch status`."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import fail, one_line, readable, say, show, show_json
from .exit_status import FAILED, INTERRUPTED, MISTAKE, RUNNING, UNCERTAIN
from .options import AsJson, checked_seconds
from .wording import in_commands

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chainhub_video.batch.report import BatchReport
    from chainhub_video.errors import ReceiptConflict
    from chainhub_video.receipts.receipt import Receipt

_SHOWN = 5  # failures that the summary tells one by one

app = typer.Typer(help="Make many videos from a manifest, each once.", no_args_is_help=False)


@app.command("run")
def run(
    manifest: Annotated[
        str,
        typer.Argument(metavar="MANIFEST", help="A .csv or .jsonl file with a row for each video."),
    ],
    out: Annotated[
        str,
        typer.Option("--out", metavar="DIR", help="The folder of the videos and their receipts."),
    ],
    concurrency: Annotated[
        int, typer.Option(metavar="N", help="Rows that are under way at once.")
    ] = 16,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="Creates that are begun in a minute.")
    ] = None,
    max_creates: Annotated[
        int | None, typer.Option(metavar="N", help="Creates that this run may pay for.")
    ] = None,
    stop_after_failures: Annotated[
        int | None, typer.Option(metavar="N", help="Start no further row after so many failures.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done; costs nothing.")
    ] = False,
    resubmit_uncertain: Annotated[
        bool,
        typer.Option(
            "--resubmit-uncertain",
            help="Send creates again although earlier ones may have been paid.",
        ),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Pay again where the task has failed.")
    ] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave out rows that cannot be made.")
    ] = False,
    inline_images: Annotated[
        bool,
        typer.Option(
            "--inline-images/--no-inline-images",
            help="Send local pictures inside the request (unified format).",
        ),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", callback=checked_seconds, help="How long to wait for each."
        ),
    ] = 1200,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            help="Have it made by a Dask cluster: its scheduler's address.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as one JSON object a line.")
    ] = False,
) -> int:
    """Make a video of each row, once: run again, it goes on where it stopped. The gateway charges for this."""
    from chainhub_video.errors import InvalidManifest

    from .batch_display import batch_display
    from .settings import make_client

    with (
        _cluster(dask) as cluster,
        batch_display(as_json=as_json) as shown,
        make_client(inline_images=inline_images) as hub,
    ):
        try:
            report = hub.batch.run(
                manifest,
                out,
                concurrency=concurrency,
                rate=rate,
                max_creates=max_creates,
                stop_after_failures=stop_after_failures,
                dry_run=dry_run,
                resubmit_uncertain=resubmit_uncertain,
                retry_failed=retry_failed,
                skip_invalid=skip_invalid,
                timeout=timeout,
                on_event=shown.tell,
                cluster=cluster,
            )
        except InvalidManifest as error:
            shown.close()
            for problem in error.problems:
                say(in_commands(problem))
            more = error.count - len(error.problems)
            if more:
                say(f"… and {more:,} more")
            return fail(in_commands(str(error).partition("\n")[0]), MISTAKE)
        except KeyboardInterrupt:
            shown.close()
            if shown.report is not None and not as_json:
                summarize(shown.report)
            return fail("interrupted; run the same command again to go on", INTERRUPTED)
    if not as_json:
        summarize(report)
    return status_of(report)


def _cluster(address: str | None) -> AbstractContextManager[Any]:
    """Return a client of the scheduler, if one is asked for, which is closed at the end."""
    if address is None:
        return nullcontext()
    from chainhub_video.batch.cluster import connected

    return connected(address)


def status_of(report: BatchReport) -> int:
    """Return the exit status for what became of a batch."""
    if report.uncertain:
        return UNCERTAIN
    if report.ok:
        return 0
    ended = report.saved + report.present
    return RUNNING if report.running and ended + report.running == report.rows else FAILED


def summarize(report: BatchReport) -> None:
    """Write what became of a batch to standard output."""
    counts = [
        (report.saved, "saved"),
        (report.present, "there already"),
        (report.planned, "to be made"),
        (report.failed, "failed"),
        (report.uncertain, "uncertain"),
        (report.running, "still running"),
        (report.invalid, "invalid"),
        (report.not_started, "not started"),
    ]
    told = ", ".join(f"{count:,} {words}" for count, words in counts if count)
    show(f"{report.rows:,} rows: {told}")
    paid = "would be paid for" if report.dry_run else "paid for"
    size = f", {readable(report.bytes)}" if report.bytes else ""
    show(f"{report.creates:,} creates {paid}{size}, {spoken(report.seconds)}")
    for reason, count in sorted(report.reasons.items(), key=lambda item: -item[1]):
        show(f"{count:,} x {in_commands(reason)}")
    for failure in report.failures[:_SHOWN]:
        name = f" {failure.name}" if failure.name else ""
        show(f"{failure.where}{name}: {in_commands(failure.message)}")
    if len(report.failures) > _SHOWN:
        show("… (each is told above, and by --json)")
    if report.stopped is not None:
        show(f"stopped: {in_commands(report.stopped)}")


def spoken(seconds: float) -> str:
    """Return a duration as people read it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"


@app.command("status")
def status(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="The folder of a batch's videos and receipts.")
    ],
    as_json: AsJson = False,
) -> int:
    """Tell how far a batch is, by its receipts alone. Sends nothing, costs nothing."""
    from chainhub_video.batch.looks import in_order
    from chainhub_video.batch.places import place_of
    from chainhub_video.errors import ChainHubError, InvalidRequest

    counts: dict[str, int] = {}
    place = place_of(folder)

    def look(found: tuple[str, Receipt | ReceiptConflict]) -> tuple[str, Any, str]:
        name, receipt = found
        if isinstance(receipt, ChainHubError):
            return name, receipt, "unreadable"
        return name, receipt, _state(place.size(name), receipt)

    for name, receipt, state in in_order(look, place.receipts(), place.looks_at_once):
        counts[state] = counts.get(state, 0) + 1
        if as_json:
            show_json({"name": name, "state": state, **_fields(receipt)})
        else:
            show(f"{state:<10}  {name}  {_about(receipt)}".rstrip())
    if not counts:
        raise InvalidRequest(f"there are no receipts in {folder!r}: no batch was started there")
    if as_json:
        show_json({"counts": counts})
    else:
        show(
            f"{sum(counts.values()):,} receipts: "
            + ", ".join(f"{n:,} {s}" for s, n in counts.items())
        )
    if counts.keys() & {"uncertain", "submitting"}:
        return UNCERTAIN
    if counts.keys() <= {"saved", "submitted"}:
        return RUNNING if "submitted" in counts else 0
    return FAILED


def _state(size: int | None, receipt: Any) -> str:
    """Return how far an output is: `missing` if it was saved, and is not there in its full length."""
    if receipt.state == "saved" and size != receipt.result["size"]:
        return "missing"
    return str(receipt.state)


def _about(receipt: Receipt | ReceiptConflict) -> str:
    """Return what is worth knowing of a receipt, in a few words."""
    if isinstance(receipt, Exception):
        return one_line(in_commands(str(receipt)))
    if receipt.result is not None:
        return readable(int(receipt.result["size"]))
    task = f"task {receipt.task['id']}" if receipt.task is not None else ""
    return ", ".join(filter(None, [task, receipt.reason]))


def _fields(receipt: Receipt | ReceiptConflict) -> dict[str, Any]:
    if isinstance(receipt, Exception):
        return {"message": str(receipt)}
    fields: dict[str, Any] = json.loads(receipt.to_json())
    return {name: fields[name] for name in ("task", "result", "reason", "times", "fingerprint")}
