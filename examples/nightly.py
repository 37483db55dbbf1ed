"""A job for cron: the videos of batch.csv, each paid once, with a report that a person reads only if it has to be.

    0 2 * * *  cd /srv/videos && nightly.py

Run it every night, and whenever it was interrupted: rows that are there cost nothing, new ones are made. The exit
status is 0 if all is there, 3 if somebody has to look at a create whose outcome is unknown, and 1 for other failures.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from chainhub_video import ChainHub

MANIFEST = Path(__file__).with_name("batch.csv")
FOLDER = Path("nightly")
MOST = 50  # creates of one night, whatever the manifest says


def main() -> int:
    """Make what is missing.

    Returns:
        The exit status.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    with ChainHub() as hub:
        report = hub.batch.run(
            MANIFEST, FOLDER, concurrency=8, max_creates=MOST, stop_after_failures=5
        )
    print(
        f"{report.rows} rows: {report.saved} made tonight, {report.present} there already, {report.creates} paid for"
    )
    for failure in report.failures:
        print(f"{failure.where} {failure.name}: {failure.message}", file=sys.stderr)
    if report.uncertain:
        return 3
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
