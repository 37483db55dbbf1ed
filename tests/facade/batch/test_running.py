"""A batch makes each row once, in both colours, and says what became of each."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import (
    AsyncChainHub,
    BatchEvent,
    ChainHub,
    ConfigurationError,
    InvalidManifest,
    LocalReceipt,
)

from tests.support.colours import POLL
from tests.support.places import KITTEN

from .conftest import Run, creates, kittens


def test_each_row_is_made_once(run_both: Run, gateway: Sandbox, tmp_path: Path) -> None:
    """Six rows are six creates and six files; run again, nothing is sent; a file that has gone is fetched again."""
    paid = gateway.paid
    report = run_both(kittens(6), concurrency=3)
    assert (report.rows, report.saved, report.creates, report.ok) == (6, 6, 6, True)
    files = sorted((tmp_path / "out").glob("*.mp4"))
    assert [path.stem for path in files] == [f"kitten-{number}" for number in range(1, 7)]
    assert report.bytes == sum(path.stat().st_size for path in files)
    asked = len(gateway.requests)
    again = run_both(kittens(6))
    assert (again.present, again.saved, again.creates, again.ok) == (6, 0, 0, True)
    assert len(gateway.requests) == asked
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-1])
    assert (run_both(kittens(6)).saved, gateway.paid) == (2, paid + 6)


def test_a_manifest_is_found_wherever_it_lies(run: Run, tmp_path: Path) -> None:
    """A CSV file as Excel writes it: BOM, CRLF, quotes, line breaks; its pictures are relative to it."""
    folder = tmp_path / "somewhere"
    folder.mkdir()
    (folder / "kitten.png").write_bytes(KITTEN.read_bytes())
    text = (
        "prompt,model,size,aspect_ratio,image,watermark,extra\r\n"
        '"A kitten, ""big""\r\nand old",veo_3_1,1280x720,,kitten.png,TRUE,\r\n'
        '"Ein Kätzchen",grok-video-3,,1:1,,,"{""seed"": 7}"\r\n'
        ",,,,,,\r\n"
    )
    (folder / "rows.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    report = run(folder / "rows.csv")
    assert report.saved == 2, report.failures
    first, second = sorted(path.stem for path in (tmp_path / "out").glob("*.mp4"))
    assert first.startswith("a-kitten-big-and-old-")
    assert second.startswith("ein-kätzchen-")
    receipt = LocalReceipt(tmp_path / "out" / f"{first}.mp4").load()
    assert receipt is not None
    assert receipt.request["prompt"] == 'A kitten, "big"\r\nand old'
    assert receipt.request["watermark"] == "true"
    assert [each["name"] for each in receipt.request["pictures"]] == ["kitten.png"]


def test_rows_come_and_go_in_their_order(run: Run) -> None:
    """No more than `concurrency` rows are under way, and they are started in the manifest's order."""
    started: list[int] = []
    running = most = 0

    def on_event(event: BatchEvent) -> None:
        nonlocal running, most
        running += {"start": 1, "end": -1}.get(event.kind, 0)
        most = max(most, running)
        if event.kind == "start":
            started.append(event.row or 0)

    assert run(iter(kittens(7)), concurrency=2, on_event=on_event).ok
    assert started == [1, 2, 3, 4, 5, 6, 7]
    assert most == 2


def test_what_fails_stops_no_other_row(run_both: Run, gateway: Sandbox) -> None:
    """A task that fails, a refused create and an edited row fail alone; the report names each with its reason."""
    gateway.fault("create", "status", status=400, code="bad_prompt", after=1, times=1)
    rows = kittens(4)
    assert run_both(rows[3:]).ok
    rows[3]["prompt"] = "another kitten"
    report = run_both(rows, concurrency=1)
    assert (report.saved, report.failed, report.uncertain, report.ok) == (2, 2, 0, False)
    assert report.reasons == {"APIError: bad_prompt": 1, "ReceiptConflict": 1}
    assert [(each.row, each.name) for each in report.failures] == [(1, "kitten-1"), (4, "kitten-4")]
    assert "it differs in prompt" in report.failures[1].message
    assert (run_both(rows[:3]).saved, report.stopped) == (1, None)


def test_a_failed_task_is_paid_again_only_when_that_is_said(run: Run, gateway: Sandbox) -> None:
    """Run again, it has failed already and nothing is sent; `retry_failed` pays for one more attempt."""
    before = gateway.paid
    gateway.fault("query", "state", word="failed", times=1)
    assert run(kittens(2), concurrency=1).failed == 1
    again = run(kittens(2))
    assert (again.failed, again.present, gateway.paid - before) == (1, 1, 2)
    assert "retry_failed=True" in again.failures[0].message
    retried = run(kittens(2), retry_failed=True)
    assert (retried.saved, retried.creates, gateway.paid - before) == (1, 1, 3)


def test_an_uncertain_create_is_sent_again_only_when_that_is_said(
    run: Run, gateway: Sandbox
) -> None:
    """A create without an answer is counted as uncertain, again at the next run, and is released by the word for it."""
    before = gateway.paid
    gateway.fault("create", "close", moment="read", after=1, times=1)
    first = run(kittens(3), concurrency=1)
    assert (first.saved, first.uncertain, first.creates) == (2, 1, 3)
    assert (run(kittens(3)).uncertain, gateway.paid - before) == (1, 2)
    released = run(kittens(3), resubmit_uncertain=True)
    assert (released.saved, released.present, gateway.paid - before) == (1, 2, 3)


def test_a_row_that_takes_too_long_goes_on_at_the_next_run(run: Run, gateway: Sandbox) -> None:
    """At its deadline a row counts as running; run again, it is saved without another create."""
    before = gateway.paid
    gateway.hold()
    try:
        first = run(kittens(2), timeout=0.2)
    finally:
        gateway.release()
    assert (first.running, first.failed, first.creates, first.ok) == (2, 0, 2, False)
    again = run(kittens(2))
    assert (again.saved, again.creates, gateway.paid - before) == (2, 0, 2)


@pytest.mark.parametrize(
    ("fault", "options", "counts", "reason"),
    [
        pytest.param({"status": 401}, {}, (1, 0, 19), "check CHAINHUB_API_KEY", id="key"),
        pytest.param({"status": 403, "code": "forbidden"}, {}, (1, 0, 19), "HTTP 403", id="forbidden"),
        pytest.param({"status": 402, "code": "insufficient_user_quota"}, {}, (1, 0, 19), "quota is used", id="quota"),
        pytest.param({"status": 404, "code": "not_found"}, {}, (1, 0, 19), "check the id and base_url", id="path"),
        pytest.param({"kind": "close", "moment": "done"}, {}, (0, 3, 17), "unknown", id="three without an answer"),
        pytest.param(
            {"status": 400, "code": "bad_prompt"}, {"stop_after_failures": 2}, (2, 0, 18), "stop_after_failures",
            id="as many failures as are allowed",
        ),
    ],
)  # fmt: skip
def test_what_stops_a_batch(
    run: Run, gateway: Sandbox, fault: dict[str, Any], options: dict[str, Any], counts: tuple[int, int, int],
    reason: str,
) -> None:  # fmt: skip
    """What every row would meet costs one request, however many rows may be under way; doubts and failures a few."""
    gateway.fault("create", **{"kind": "status", **fault})
    before = creates(gateway)
    report = run(kittens(20), concurrency=8, **options)
    assert (report.failed, report.uncertain, report.not_started) == counts
    assert creates(gateway) - before == report.failed + report.uncertain
    assert report.creates == report.uncertain
    assert reason in (report.stopped or "")


def test_a_gateway_that_is_not_there_stops_the_batch(run: Run) -> None:
    """A wrong address is told after one row."""
    report = run(kittens(20), hub={"base_url": "http://127.0.0.1:9"})
    assert (report.failed, report.not_started) == (1, 19)
    assert "cannot be reached" in (report.stopped or "")


def test_brakes_hold_exactly(run_both: Run, gateway: Sandbox) -> None:
    """`max_creates` of the run and of the client are exact; rows that are paid go on nevertheless."""
    before = gateway.paid
    rows = kittens(6)
    gateway.hold()
    try:
        assert run_both(rows[5:], timeout=0.1).running == 1
    finally:
        gateway.release()
    report = run_both(rows, max_creates=2, concurrency=4)
    assert (report.saved, report.creates, report.not_started) == (3, 2, 3)
    assert report.stopped == "max_creates is 2, and so many were paid for"
    limited = run_both(rows, hub={"max_creates": 1}, concurrency=4)
    assert (limited.saved, limited.not_started, limited.failed) == (1, 2, 0)
    assert "max_creates is 1" in (limited.stopped or "")
    assert gateway.paid - before == 4


def test_a_dry_run_sends_and_writes_nothing(run: Run, gateway: Sandbox, tmp_path: Path) -> None:
    """It tells what would be sent, what is there, and how many creates there would be."""
    assert run(kittens(1)).ok
    asked, files = len(gateway.requests), sorted((tmp_path / "out").iterdir())
    events: list[BatchEvent] = []
    report = run(kittens(4), dry_run=True, max_creates=2, on_event=events.append)
    assert (report.present, report.planned, report.creates, report.not_started) == (1, 2, 2, 1)
    plans = [event.to_json() for event in events if event.kind == "plan"]
    assert [plan["status"] for plan in plans] == ["saved", "new", "new", "new"]
    assert plans[1]["request"]["size"] == "720P"  # the default is filled in
    assert len(gateway.requests) == asked
    assert sorted((tmp_path / "out").iterdir()) == files


def test_invalid_rows_are_left_out_only_when_that_is_said(run: Run, gateway: Sandbox) -> None:
    """Nothing is sent while anything is wrong; with `skip_invalid` the others are made, and those are counted."""
    rows = kittens(3)
    rows[1]["aspect_ratio"] = "9:9"
    rows.append(dict(rows[0], name="KITTEN-1"))
    before = creates(gateway)
    with pytest.raises(InvalidManifest) as refused:
        run(rows)
    assert refused.value.count == 2
    assert creates(gateway) == before
    report = run(rows, skip_invalid=True)
    assert (report.saved, report.invalid, report.ok, report.stopped) == (2, 2, False, None)
    assert [failure.where for failure in report.failures] == ["row 2", "row 4"]


def test_a_callback_that_fails_loses_nothing(run: Run, gateway: Sandbox) -> None:
    """Its error comes out when the rows that run are done; no further one is started."""
    before = gateway.paid

    def on_event(event: BatchEvent) -> None:
        if event.kind == "update":
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(kittens(5), concurrency=1, on_event=on_event)
    assert gateway.paid - before == 1
    assert run(kittens(1)).present == 1


def test_pictures_that_cannot_travel_are_seen_before_the_first_create(
    run: Run,
) -> None:
    """A local picture for the unified format needs a way there; without one nothing is sent."""
    kitten = str(KITTEN)
    rows = kittens(1, images=[kitten])
    with pytest.raises(
        InvalidManifest, match="row 1, column images: the unified format takes links"
    ):
        run(rows)
    assert run(rows, hub={"inline_images": True}).ok
    assert run(rows, hub={"inline_images": True}).present == 1


@pytest.mark.parametrize("change", [('"kitten-3"', '"puppy-3"'), ('"1:1"', '"9:9"'), ("{", "[")])
def test_the_manifest_may_not_change_meanwhile(
    run: Run, tmp_path: Path, change: tuple[str, str]
) -> None:
    """Rows that were not checked are not started: the run ends with a word about it."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in kittens(4)))
    assert run(path, max_creates=1).saved == 1

    def on_event(event: BatchEvent) -> None:
        if event.kind == "begin":
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join([*lines[:2], *(line.replace(*change) for line in lines[2:])]))

    report = run(path, dry_run=True, on_event=on_event)
    assert report.present == 1
    assert (report.planned, report.not_started) == (1, 2)
    assert "has changed since it was checked" in (report.stopped or "")


def test_a_lent_client_is_used_by_asyncio_and_refused_by_the_other(
    gateway: Sandbox, tmp_path: Path
) -> None:
    """The blocking client cannot run a batch through a blocking HTTP client, nor when it is closed, and says so."""
    with httpx.Client() as lent:
        hub = ChainHub(base_url=gateway.url, api_key="sandbox", http_client=lent)
        with pytest.raises(ConfigurationError, match="AsyncChainHub"):
            hub.batch.run(kittens(1), tmp_path)
    hub = ChainHub(base_url=gateway.url, api_key="sandbox")
    hub.close()
    with pytest.raises(ConfigurationError, match="closed"):
        hub.batch.run(kittens(1), tmp_path)
    seen: list[str] = []

    async def later(event: BatchEvent) -> None:
        await asyncio.sleep(0)
        seen.append(event.kind)

    async def main() -> bool:
        # Where an event loop runs already, as in a notebook, the blocking client uses another one.
        with ChainHub(base_url=gateway.url, api_key="sandbox", poll=POLL) as blocking:
            assert blocking.batch.run(kittens(1), tmp_path).ok
        async with httpx.AsyncClient() as lent:
            hub = AsyncChainHub(base_url=gateway.url, api_key="sandbox", http_client=lent)
            return (await hub.batch.run(kittens(1), tmp_path, on_event=later)).ok

    assert asyncio.run(main())
    assert seen[-1] == "finish"


def test_creates_are_begun_at_a_rate(
    chainhub: ChainHub, chainhub_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Two creates a minute: the fourth is begun a minute and a half after the first, on whatever clock there is."""
    clock = chainhub_sandbox.clock
    begun: list[float] = []

    def on_event(event: BatchEvent) -> None:
        if event.kind == "start":
            begun.append(clock.monotonic())

    assert chainhub.batch.run(kittens(4), tmp_path, rate=2, on_event=on_event).ok
    assert begun[3] - begun[0] >= 90
    assert begun[1] - begun[0] >= 30
