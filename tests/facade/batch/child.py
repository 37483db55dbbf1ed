"""One run of a batch in a process of its own: prints the report, and what it took of this machine, as JSON.

python -m tests.facade.batch.child MANIFEST OUT URL '{"concurrency": 4}'
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from chainhub_video import ChainHub, PollPolicy

from tests.support.places import ROOT

POLL = PollPolicy(first=0.05, interval=0.1, minimum=0.01, jitter=0)


def megabytes() -> float:
    """Return the most memory that this program has had; what `getrusage` tells, it shares with its parent."""
    if sys.platform != "linux":
        return 0.0
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def start(manifest: Path, out: Path, url: str, **options: Any) -> subprocess.Popen[str]:
    """Start a run.

    Args:
        manifest: of the batch.
        out: its folder.
        url: of the gateway.
        **options: further arguments of `hub.batch.run`.
    """
    arguments = [str(manifest), str(out), url, json.dumps(options)]
    command = [sys.executable, "-m", "tests.facade.batch.child", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def main(manifest: str, out: str, url: str, options: str) -> None:
    """Run as a program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    with ChainHub(base_url=url, api_key="sandbox", poll=POLL) as hub:
        before = megabytes()
        report = hub.batch.run(manifest, out, **json.loads(options))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    took = {"cpu": usage.ru_utime + usage.ru_stime, "megabytes": megabytes() - before}
    print(json.dumps(report.to_json() | took))


if __name__ == "__main__":
    main(*sys.argv[1:])
