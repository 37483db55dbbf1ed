"""Read the rows of a checked manifest again, and find the next one that has to be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from chainhub_video.batch.checking import request_of
from chainhub_video.batch.manifest import Source, read_rows
from chainhub_video.batch.rows import Row
from chainhub_video.batch.status import Look, RowStatus, look_at
from chainhub_video.errors import InvalidRequest

if TYPE_CHECKING:
    from chainhub_video.batch.brakes import Brakes
    from chainhub_video.batch.checking import Checked
    from chainhub_video.batch.options import BatchOptions
    from chainhub_video.batch.places import Place
    from chainhub_video.settings import Settings

Item = TypeVar("Item")
Seen = TypeVar("Seen")

AT_A_TIME = 64  # rows that are looked at in one go, if nothing has to be done for them


class Looks:
    """Reads the rows again, one after the other, and looks how far each is. Used in one thread at a time.

    Attributes:
        room: bytes that the output's place had left at the last look that needs a create; None if that is not known.
        trouble: why the manifest cannot be read to its end any more; None while it can.
    """

    def __init__(
        self,
        source: Source,
        checked: Checked,
        place: Place,
        options: BatchOptions,
        settings: Settings,
        brakes: Brakes,
    ) -> None:
        self._checked, self._place, self._options = checked, place, options
        self._gateway, self._brakes = settings.base_url, brakes
        self.room: int | None = None
        self.trouble: str | None = None
        self._planned = 0
        self._looked = self._look_at(self._valid_rows(source))

    def next(self) -> tuple[list[tuple[Row, Look]], tuple[Row, Look] | None, bool]:
        """Look at rows until one has to be made, or enough were seen.

        Returns:
            Those for which nothing is to be done, the one that has to be made, and whether there are no more.
        """
        passed: list[tuple[Row, Look]] = []
        for row, seen in islice(self._looked, AT_A_TIME):
            look = seen
            if self._has_to_be_made(look) and self._place.looks_at_once > 1:
                # It was looked at ahead, maybe long ago, and another process may have made it since.
                look = look_at(row, self._place, self._gateway)
            if self._has_to_be_made(look):
                return passed, (row, look), False
            passed.append((row, look))
        return passed, None, len(passed) < AT_A_TIME

    def needs_create(self, look: Look) -> bool:
        """Return whether a create is to be sent for a row; also where another process may be sending one."""
        retry = look.status is RowStatus.FAILED and self._options.retry_failed
        resubmit = look.status is RowStatus.UNCERTAIN and self._options.resubmit_uncertain
        return look.status in (RowStatus.NEW, RowStatus.SENDING) or retry or resubmit

    def is_planned(self, look: Look) -> bool:
        """Return whether a run would begin a row, or go on with it, as often as `max_creates` allows."""
        if not self.needs_create(look):
            return look.status is RowStatus.SUBMITTED
        limit = self._options.max_creates
        if limit is not None and self._planned >= limit:
            return False
        self._planned += 1
        return True

    def _look_at(self, rows: Iterator[Row]) -> Iterator[tuple[Row, Look]]:
        """Look at each row, or at some ahead side by side, where the place takes its time."""

        def look(row: Row) -> tuple[Row, Look]:
            return row, look_at(row, self._place, self._gateway)

        return in_order(look, rows, self._place.looks_at_once)

    def _has_to_be_made(self, look: Look) -> bool:
        if self._options.dry_run or look.status is RowStatus.SAVED:
            return False
        if self.needs_create(look):
            self.room = self._place.room()
            self._brakes.held = self._brakes.held or self._brakes.exhausted
            return not self._brakes.exhausted
        return look.status is not RowStatus.FAILED

    def _valid_rows(self, source: Source) -> Iterator[Row]:
        """Give the rows that were checked, as long as they are what they were."""
        try:
            for number, row in enumerate(read_rows(source), 1):
                if self._checked.left_out(number):
                    continue
                if not isinstance(row, Row) or not self._checked.has(row):
                    raise InvalidRequest(f"{row.where} is another one")
                request_of(row)
                yield row
        except InvalidRequest as error:
            self.trouble = (
                f"{source.name!r} has changed since it was checked ({error}): run it again"
            )


def in_order(look: Callable[[Item], Seen], items: Iterator[Item], at_once: int) -> Iterator[Seen]:
    """Look at one item after the other, or at some ahead side by side.

    Args:
        look: what is done with each; in threads, if `at_once` is above 1.
        items: as they come.
        at_once: how many are looked at side by side.
    """
    if at_once == 1:
        yield from map(look, items)
        return
    with ThreadPoolExecutor(at_once) as pool:
        while ahead := [*islice(items, AT_A_TIME)]:
            yield from pool.map(look, ahead)
