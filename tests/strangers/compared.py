"""Prints what the openai SDK and our client make of a gateway that fails, or answers in other words.

`python -m tests.strangers.compared`. Both are as they come, but for the timeout of a create, which is short so that
nobody has to wait. The sandbox breaks every create, or every download, in the same way, and counts what arrived and
what production would have charged. In the dialects twelve tasks go from create to file: so many are needed to see every
place where a link can be.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from operator import methodcaller
from pathlib import Path
from typing import Any

import openai
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, PollPolicy, Timeouts

from tests.strangers.conftest import FORM
from tests.support.places import KITTEN

SECONDS = 0.5
CREATES = {
    "accepted, then no answer within the timeout": "create:hang",
    "accepted, then the connection is reset": "create:reset",
    "accepted, then a proxy's 502": "create:status,status=502,shape=html,moment=done",
    "accepted, then a 200 that is no JSON": "create:status,status=200,shape=html,moment=done",
    "refused: rate limit, 429": "create:status,status=429,moment=read",
}
DOWNLOADS = {
    "the video": "",
    "a redirect to another host": "content:redirect",
    "JSON with a link, as the vendor documents it": "content:refer",
    "a proxy's page with status 200": "content:status,status=200,shape=html",
}
DIALECTS = ("documented", "numeric-ids", "long-ids", "envelope", "relay", "late", "own-links")
JOBS = 12
LOOKS = 40


class Theirs:
    """The SDK, as its user would write it.

    Args:
        gateway: a sandbox.
        timeout: seconds of a create.
    """

    def __init__(self, gateway: Sandbox, timeout: float) -> None:
        self._client = openai.OpenAI(
            base_url=f"{gateway.url}/v1", api_key="sandbox", timeout=timeout
        )
        self.close = self._client.close

    def create(self) -> Any:
        """One create."""
        return self._client.videos.create(**FORM, input_reference=KITTEN)

    def download(self, task_id: str, to: Path) -> object:
        """One download."""
        return self._client.videos.download_content(task_id).write_to_file(to)

    def job(self, to: Path) -> object:
        """A whole job, as examples/openai_sdk.py does it."""
        video = self.create()
        for _ in range(LOOKS):
            if video.status in ("completed", "failed"):
                break
            time.sleep(0.05)
            video = self._client.videos.retrieve(video.id)
        else:
            raise TimeoutError(f"still {video.status} after {LOOKS} looks")
        return self.download(video.id, to)


class Ours:
    """The same with our client."""

    def __init__(self, gateway: Sandbox, timeout: float) -> None:
        timeouts, poll = Timeouts(create=timeout), PollPolicy(interval=0.05)
        self._hub = ChainHub(base_url=gateway.url, api_key="sandbox", timeout=timeouts, poll=poll)
        self.close = self._hub.close

    def create(self) -> Any:
        """One create."""
        return self._hub.videos.create(**FORM, image=KITTEN)

    def download(self, task_id: str, to: Path) -> object:
        """One download."""
        return self._hub.videos.download(self._hub.videos.retrieve(task_id, format="openai"), to)

    def job(self, to: Path) -> object:
        """A whole job."""
        return self._hub.videos.generate(**FORM, image=KITTEN, save_to=to, timeout=60)


Client = type[Theirs] | type[Ours]
CLIENTS: Mapping[str, Client] = {"openai": Theirs, "ours": Ours}


def end_of(
    client: Client,
    gateway: Sandbox,
    call: Callable[[Theirs | Ours], object],
    timeout: float = 60.0,
) -> str:
    """Make a call of a new client; return the name of what it raises, and else of what it returns."""
    try:
        with closing(client(gateway, timeout)) as used:
            return f"a {type(call(used)).__name__}"
    except Exception as error:  # noqa: BLE001 - whatever a stranger raises is the answer
        return type(error).__name__


def after_create(client: Client, fault: str) -> str:
    """What came of one create."""
    with Sandbox(fast=True, faults=[fault]) as gateway:
        began = time.perf_counter()
        got = end_of(client, gateway, lambda used: used.create(), SECONDS)
        took = time.perf_counter() - began
        sent = sum(one.step == "create" for one in gateway.requests)
        return f"{sent:>4} {gateway.paid:>4} {took:6.1f} s  {got}"


def after_download(client: Client, fault: str) -> str:
    """What one download left on the disk."""
    with (
        Sandbox(fast=True, faults=[fault] if fault else []) as gateway,
        tempfile.TemporaryDirectory() as folder,
    ):
        end_of(Ours, gateway, lambda used: used.create())
        task_id = gateway.creates[0].tasks[0].id
        gateway.finish(task_id)
        file = Path(folder) / "kitten.mp4"
        got = end_of(client, gateway, lambda used: used.download(task_id, file))
        if not file.exists():
            return f"nothing: {got}"
        return _seen(file)


def in_dialect(client: Client, dialect: str, jobs: int = JOBS) -> str:
    """What came of so many jobs in a dialect, most frequent first."""
    ends: Counter[str] = Counter()
    with (
        Sandbox(fast=True, dialect=dialect, seed=1) as gateway,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number in range(jobs):
            file = Path(folder) / f"{number}.mp4"
            got = end_of(client, gateway, methodcaller("job", file))
            ends[_seen(file) if file.exists() else got] += 1
        return f"{gateway.paid:>4} paid: " + ", ".join(
            f"{n} {end}" for end, n in ends.most_common()
        )


def _seen(file: Path) -> str:
    data = file.read_bytes()
    return "the video" if data[4:8] == b"ftyp" else f"{data[:15].decode()}… as kitten.mp4"


def _compare(cases: Iterable[tuple[str, str]], what_came_of: Callable[[Client, str], str]) -> None:
    for title, case in cases:
        print(f"  {title}")
        for name, client in CLIENTS.items():
            print(f"    {name:8}{what_came_of(client, case)}", flush=True)


def main() -> int:
    """Print the tables."""
    # The SDK's makers are about to give up their own service, and warn at every call.
    warnings.filterwarnings("ignore", "The Sora API", DeprecationWarning)
    print(f"A create{'sent':>8} {'paid':>4} {'took':>8}  the caller gets")
    _compare(CREATES.items(), after_create)
    print("A download, and what is on the disk")
    _compare(DOWNLOADS.items(), after_download)
    print(f"{JOBS} whole jobs in each dialect")
    _compare(zip(DIALECTS, DIALECTS, strict=True), in_dialect)
    return 0


if __name__ == "__main__":
    sys.exit(main())
