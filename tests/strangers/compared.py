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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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


class Client(NamedTuple):
    """How a user of one of the two would write it."""

    create: Callable[[Sandbox], object]
    download: Callable[[Sandbox, str, Path], object]
    job: Callable[[Sandbox, Path], object]


def their_client(gateway: Sandbox, timeout: float = 60.0) -> openai.OpenAI:
    """The SDK's client for a sandbox."""
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sandbox", timeout=timeout)


def their_create(gateway: Sandbox) -> object:
    """One create with the SDK."""
    with their_client(gateway, SECONDS) as client:
        form: dict[str, Any] = {**FORM}
        return client.videos.create(**form, input_reference=KITTEN)


def their_download(gateway: Sandbox, task_id: str, to: Path) -> object:
    """One download with the SDK."""
    with their_client(gateway) as client:
        client.videos.download_content(task_id).write_to_file(to)
        return to


def their_job(gateway: Sandbox, to: Path) -> object:
    """A whole job with the SDK, as examples/openai_sdk.py does it."""
    form: dict[str, Any] = {**FORM}
    with their_client(gateway) as client:
        video = client.videos.create(**form, input_reference=KITTEN)
        for _ in range(LOOKS):
            if video.status in ("completed", "failed"):
                break
            time.sleep(0.05)
            video = client.videos.retrieve(video.id)
        else:
            raise TimeoutError(f"still {video.status} after {LOOKS} looks")
        client.videos.download_content(video.id).write_to_file(to)
        return to


def our_client(gateway: Sandbox, timeout: float = 60.0) -> ChainHub:
    """Our client for a sandbox."""
    poll = PollPolicy(interval=0.05)
    timeouts = Timeouts(create=timeout)
    return ChainHub(base_url=gateway.url, api_key="sandbox", timeout=timeouts, poll=poll)


def our_create(gateway: Sandbox, timeout: float = SECONDS) -> object:
    """One create with our client."""
    with our_client(gateway, timeout) as hub:
        form: dict[str, Any] = {**FORM}
        return hub.videos.create(**form, image=KITTEN)


def our_download(gateway: Sandbox, task_id: str, to: Path) -> object:
    """One download with our client."""
    with our_client(gateway) as hub:
        return hub.videos.download(hub.videos.retrieve(task_id, format="openai"), to)


def our_job(gateway: Sandbox, to: Path) -> object:
    """A whole job with our client."""
    form: dict[str, Any] = {**FORM}
    with our_client(gateway) as hub:
        return hub.videos.generate(**form, image=KITTEN, save_to=to, timeout=60)


CLIENTS: Mapping[str, Client] = {
    "openai": Client(their_create, their_download, their_job),
    "ours": Client(our_create, our_download, our_job),
}


def raised(call: Callable[[], object]) -> str:
    """The name of what a call raises, and else of what it returns."""
    try:
        return f"a {type(call()).__name__}"
    except Exception as error:  # noqa: BLE001 - whatever a stranger raises is the answer
        return type(error).__name__


def after_create(client: Client, fault: str) -> str:
    """What came of one create."""
    with Sandbox(fast=True, faults=[fault]) as gateway:
        began = time.perf_counter()
        got = raised(lambda: client.create(gateway))
        took = time.perf_counter() - began
        sent = sum(one.step == "create" for one in gateway.requests)
        return f"{sent:>4} {gateway.paid:>4} {took:6.1f} s  {got}"


def after_download(client: Client, fault: str) -> str:
    """What one download left on the disk."""
    with (
        Sandbox(fast=True, faults=[fault] if fault else []) as gateway,
        tempfile.TemporaryDirectory() as folder,
    ):
        our_create(gateway, timeout=60.0)
        task_id = gateway.creates[0].tasks[0].id
        gateway.finish(task_id)
        file = Path(folder) / "kitten.mp4"
        got = raised(lambda: client.download(gateway, task_id, file))
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
            got = raised(lambda file=file: client.job(gateway, file))  # type: ignore[misc]  # mypy infers no default
            ends[_seen(file) if file.exists() else got] += 1
        return f"{gateway.paid:>4} paid: " + ", ".join(
            f"{n} {end}" for end, n in ends.most_common()
        )


def _seen(file: Path) -> str:
    data = file.read_bytes()
    return "the video" if data[4:8] == b"ftyp" else f"{data[:15].decode()}… as kitten.mp4"


def main() -> int:
    """Print the tables."""
    # The SDK's makers are about to give up their own service, and warn at every call.
    warnings.filterwarnings("ignore", "The Sora API", DeprecationWarning)
    print(f"A create{'sent':>8} {'paid':>4} {'took':>8}  the caller gets")
    for cause, fault in CREATES.items():
        print(f"  {cause}")
        for name, client in CLIENTS.items():
            print(f"    {name:8}{after_create(client, fault)}", flush=True)
    print("A download, and what is on the disk")
    for cause, fault in DOWNLOADS.items():
        print(f"  {cause}")
        for name, client in CLIENTS.items():
            print(f"    {name:8}{after_download(client, fault)}", flush=True)
    print(f"{JOBS} whole jobs in each dialect")
    for dialect in DIALECTS:
        print(f"  {dialect}")
        for name, client in CLIENTS.items():
            print(f"    {name:8}{in_dialect(client, dialect)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
