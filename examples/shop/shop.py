"""A shop that sells videos of its customers' kittens: an order becomes a video, and a record says how it stands.

It makes its client itself, and takes key and address from the environment; so nothing in it is there for the tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from chainhub_video import (
    ChainHub,
    ChainHubError,
    SubmissionUncertain,
    TaskFailed,
    VideoTask,
    WaitTimeout,
)


class Standing(StrEnum):
    """How an order stands."""

    IN_THE_MAKING = "in the making"
    DELIVERED = "delivered"
    REFUNDED = "refunded"
    LATE = "late"
    FOR_A_PERSON = "for a person to look at"


@dataclass(frozen=True)
class Order:
    """What a customer wants.

    Attributes:
        number: of the order; the files are called after it.
        wish: what the video shall show.
        picture: of the kitten.
    """

    number: int
    wish: str
    picture: Path


@dataclass(frozen=True)
class Record:
    """What the shop tells the customer.

    Attributes:
        number: of the order.
        standing: how it stands.
        words: more about it.
    """

    number: int
    standing: Standing
    words: str = ""

    def keep(self, folder: Path) -> Record:
        """Write it down."""
        document = json.dumps(asdict(self))
        (folder / f"{self.number}.json").write_text(document, encoding="utf-8")
        return self


def look_up(number: int, folder: Path) -> Record:
    """Return the record of an order."""
    told = json.loads((folder / f"{number}.json").read_text(encoding="utf-8"))
    return Record(told["number"], Standing(told["standing"]), told["words"])


def fulfil(order: Order, folder: Path, client: Callable[[], ChainHub] = ChainHub) -> Record:
    """Make the video of an order, and keep its record.

    Run it again whenever an order was not delivered: it goes on where it stopped, and never pays twice.

    Args:
        order: what to make.
        folder: where videos and records are kept.
        client: makes the client.
    """

    def tell(task: VideoTask) -> None:
        share = "" if task.progress is None else f", {task.progress:.0%}"
        words = f"{task.raw_status}{share}"
        Record(order.number, Standing.IN_THE_MAKING, words).keep(folder)

    try:
        with client() as hub:
            hub.videos.generate(
                order.wish,
                model="veo_3_1",
                image=order.picture,
                seconds="8",
                size="1280x720",
                fit="cover",
                save_to=folder / f"{order.number}.mp4",
                on_update=tell,
            )
    except TaskFailed as failed:
        return Record(order.number, Standing.REFUNDED, failed.reason).keep(folder)
    except WaitTimeout:
        return Record(order.number, Standing.LATE, "we are still at it").keep(folder)
    except SubmissionUncertain as doubt:
        return Record(order.number, Standing.FOR_A_PERSON, str(doubt)).keep(folder)
    except ChainHubError as trouble:
        Record(order.number, Standing.LATE, str(trouble)).keep(folder)
        raise
    return Record(order.number, Standing.DELIVERED).keep(folder)
