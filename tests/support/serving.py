"""A server on loopback that serves each connection in a thread of its own, and ends with its `with` statement."""

from __future__ import annotations

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class ThreadedServer(ABC):
    """The server.

    Args:
        host: a loopback address.
        trust: what it speaks TLS with, if it does.

    Attributes:
        port: where it listens.
        connections: how many were accepted.
    """

    def __init__(self, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family, backlog=64)
        self._trust = trust
        self._threads: list[threading.Thread] = []
        self.open: set[socket.socket] = set()
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0

    @abstractmethod
    def serve(self, connection: socket.socket, number: int) -> None:
        """Talk with a client until there is nothing more to say; errors of its connection end that, too.

        Args:
            connection: with it, after the handshake if it is TLS.
            number: of the connection, from 1.
        """

    def admit(self, connection: socket.socket) -> bool:
        """Return whether to talk with a client at all; whoever says no has ended the connection."""
        del connection
        return True

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                if self.admit(connection):
                    self.open.add(connection)
                    self._start(self._serve, connection, self.connections)

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        # What a client does to our sockets is not our failure.
        with suppress(OSError, EOFError), plain:
            if self._trust is not None:
                connection = self._trust.wrap_socket(plain, server_side=True)
                self.open.add(connection)
            with connection:
                self.serve(connection, number)
        self.open -= {plain, connection}
