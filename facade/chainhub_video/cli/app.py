"""Define `chainhub-video`: its commands, each in a module of its own, and how it ends."""

from __future__ import annotations

import shlex
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from chainhub_video.errors import ChainHubError

from .batch import app as batch
from .console import PROGRAM, Interrupted, discard_output, fail, say, show
from .doctor import doctor
from .exit_status import EXPLAINED, INTERRUPTED, MISTAKE, status_of
from .following import download, resume, wait
from .gallery import gallery
from .key_commands import app as key
from .looking import list_receipts, models, status
from .making import create, generate
from .mcp import mcp
from .options import checked_seconds
from .settings import option_defaults
from .wording import in_commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainhub_sandbox import Sandbox


class _Commands(TyperGroup):
    """The commands; Ctrl-C in any of them is told, which Typer itself leaves out."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise Interrupted from stop


app = typer.Typer(
    cls=_Commands,
    help="Make videos through ChainHub's video API. The key and the address come from the "
    "environment, CHAINHUB_API_KEY and CHAINHUB_BASE_URL, or from files of settings: see doctor.",
    epilog=f"\b\n{EXPLAINED}",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (generate, create, status, wait, download, resume, models, gallery, doctor, mcp):
    app.command()(command)
app.command("list")(list_receipts)
app.add_typer(batch, name="batch")
app.add_typer(key, name="key")


def run(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit status.
    """
    try:
        commands = _overview_of(app) if arguments in (["-h"], ["--help"]) else app
        status = commands(
            arguments or ["--help"],
            prog_name=PROGRAM,
            standalone_mode=False,
            default_map=option_defaults(arguments),
        )
    except typer.TyperException as mistake:
        where = getattr(getattr(mistake, "ctx", None), "command_path", PROGRAM)
        return fail(f"{mistake.format_message().rstrip('.')} (see {where} --help)", MISTAKE)
    except ChainHubError as failure:
        return fail(in_commands(str(failure)), status_of(failure))
    except Interrupted as stop:
        return fail("; ".join(filter(None, ["interrupted", str(stop)])), INTERRUPTED)
    except BrokenPipeError:
        discard_output()
        return 1
    except OSError as failure:
        return fail(f"the system refused: {failure}", 1)
    return status if isinstance(status, int) else 0


def _overview_of(app: typer.Typer) -> typer.Typer:
    """Return an app whose commands take no options: reading those of all commands takes longer than all else of ours.

    Args:
        app: the whole one, which stays as it is.
    """
    named = copy(app)
    named.registered_commands = []
    for command in app.registered_commands:
        brief = copy(command)
        brief.callback = _without_options(command.callback)
        named.registered_commands.append(brief)
    named.registered_groups = []
    for group in app.registered_groups:
        brief_group = copy(group)
        if group.typer_instance is not None:
            brief_group.typer_instance = _overview_of(group.typer_instance)
        named.registered_groups.append(brief_group)
    return named


def _without_options(command: Callable[..., Any] | None) -> Callable[..., Any]:
    def named() -> None:
        """Have a name and a first line."""

    if command is not None:
        named.__name__, named.__doc__ = command.__name__, command.__doc__
    return named


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
        say(f"sandbox gateway, Ctrl-C ends it; look at it: {gateway.url}/")
        say("in another terminal:")
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
