"""A client of a language server, as editors are: it opens a file and asks what stands at a place of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

PATIENCE = 60.0  # seconds after which a server that hangs is ended


class LanguageServer:
    """An open conversation with a server.

    Args:
        process: the server, with pipes.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout
        self._last = 0

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request, and return its result."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._next()
            if (
                "method" in message and "id" in message
            ):  # the server asks for settings: it gets its defaults
                items = message["params"].get("items", []) if message.get("params") else []
                self._send({"id": message["id"], "result": [None for _ in items]})
            elif message.get("id") == self._last:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, **params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def open(self, path: Path) -> Document:
        """Open a file, and return it."""
        text, uri = path.read_text(), path.as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return Document(self, uri, text)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._to.flush()

    def _next(self) -> dict[str, Any]:
        length = 0
        while line := self._from.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._from.read(length))
        return message


class Document:
    """An open file."""

    def __init__(self, server: LanguageServer, uri: str, text: str) -> None:
        self._server, self._uri, self._text = server, uri, text

    def hover(self, marker: str) -> str:
        """Return what is shown when the mouse rests on the end of some text."""
        answer = self._server.ask("textDocument/hover", **self._place(marker))
        shown: str = answer["contents"]["value"]
        return shown

    def definition(self, marker: str) -> tuple[str, int]:
        """Return where the name at the end of some text is defined: the file's address, and the line from 1."""
        (place,) = self._server.ask("textDocument/definition", **self._place(marker))
        start = place.get("targetSelectionRange", place.get("range"))["start"]
        return place.get("targetUri", place.get("uri")), start["line"] + 1

    def completions(self, marker: str) -> set[str]:
        """Return what is offered behind some text."""
        answer = self._server.ask("textDocument/completion", **self._place(marker, behind=1))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"] for item in items or ()}

    def _place(self, marker: str, behind: int = 0) -> dict[str, Any]:
        position = self._text.index(marker) + len(marker) - 1 + behind
        before = self._text[:position]
        line = before.count("\n")
        character = position - (before.rfind("\n") + 1)
        return {
            "textDocument": {"uri": self._uri},
            "position": {"line": line, "character": character},
        }


@contextmanager
def language_server(command: Path, folder: Path) -> Iterator[LanguageServer]:
    """Run a language server for a folder.

    Args:
        command: the server's program.
        folder: what an editor would have opened.
    """
    with subprocess.Popen(
        [command, "--stdio"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        ending = Timer(PATIENCE, process.kill)
        ending.start()
        try:
            server = LanguageServer(process)
            server.ask(
                "initialize",
                processId=None,
                rootUri=folder.as_uri(),
                workspaceFolders=[{"uri": folder.as_uri(), "name": "app"}],
                capabilities={"textDocument": {"hover": {"contentFormat": ["plaintext"]}}},
            )
            server.tell("initialized")
            yield server
            server.ask("shutdown")
            server.tell("exit")
            process.wait(10)
        finally:
            ending.cancel()
            process.kill()
