"""A gateway whose every task is named by its prompt, so that mixed-up answers show."""

from __future__ import annotations

import json
import socket

from tests.support.answering import Answer, Arrived
from tests.support.scripted import Gateway


def echo(gateway: Gateway) -> None:
    """Let a gateway accept creates in the OpenAI format, each task with its prompt as the id, and complete at once."""

    def play(wire: socket.socket, arrived: Arrived) -> bool:
        created = arrived.step == "create"
        name = arrived.parts["prompt"].decode() if created else arrived.target.rpartition("/")[2]
        status = "queued" if created else "completed"
        body = json.dumps({"id": name, "status": status, "prompt": name}).encode()
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        return True

    gateway.on("create", Answer(play))
    gateway.on("query", Answer(play))
