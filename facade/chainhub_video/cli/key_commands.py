"""Define `chainhub-video key set` and `key delete`."""

from __future__ import annotations

import sys

import typer

from .console import show

app = typer.Typer(help="Keep the API key in the system's keyring.", no_args_is_help=False)

_LONGEST = 5000  # characters


@app.command("set")
def set_key() -> None:
    """Ask for the key, or read it from standard input, and keep it in the keyring for the gateway's host."""
    from .keys import check_keyring, store_key
    from .settings import Settings

    base_url = str(Settings.load().base_url().value)
    check_keyring()  # before anybody is asked for anything
    key = _typed(base_url) if sys.stdin.isatty() else sys.stdin.readline(_LONGEST)
    show(f"the keyring has the key for {store_key(base_url, key.rstrip(chr(10)))}")


def _typed(base_url: str) -> str:
    from getpass import getpass

    try:
        return getpass(f"API key for {base_url} (it is not shown): ")
    except EOFError:  # Ctrl-D
        return ""


@app.command("delete")
def delete() -> None:
    """Take the key for the gateway's host out of the keyring."""
    from .keys import delete_key
    from .settings import Settings

    show(f"the keyring has no key for {delete_key(str(Settings.load().base_url().value))} any more")
