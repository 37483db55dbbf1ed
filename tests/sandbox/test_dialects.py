"""The dialects of ids, envelopes, words and places, as they arrive over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from chainhub_sandbox import InvalidDialect, Sandbox
from chainhub_sandbox.dialects import TOLD_BY

from tests.support.sandbox_caller import FORMATS, MINE

from .deployment import deployed, is_video, life, places, where

OTHERS = ("numeric-ids", "long-ids", "envelope", "relay", "late", "own-links")
BOTH = pytest.mark.parametrize("wire_format", FORMATS)


@pytest.mark.parametrize("dialect", ["relais", "", ["relay", "RELAY"], ["relay,late"], [7]])
def test_unknown_dialect(dialect: Any) -> None:
    """An unknown name is refused when the sandbox is made, with the names that there are."""
    with pytest.raises(InvalidDialect, match=r"no dialect .*; there are documented, numeric-ids"):
        Sandbox(dialect=dialect)


@BOTH
def test_documented_is_the_default(wire_format: str) -> None:
    """A sandbox without a dialect answers as `documented` does, with any seed."""
    with deployed() as plain, deployed("documented", seed=5) as named:
        for _ in range(4):
            for one, other in zip(life(plain, wire_format), life(named, wire_format), strict=True):
                assert places(one).keys() == places(other).keys()
                assert one["status"] == other["status"]


@BOTH
def test_numeric_ids(wire_format: str) -> None:
    """An id arrives as fifteen digits without quotes, in four ways, and can be asked for."""
    seen: set[str] = set()
    with deployed("numeric-ids") as there:
        for row in range(1, 5):
            task_id, created = there.create(wire_format)
            there.gateway.finish(task_id)
            queried = there.query(task_id, wire_format)
            assert re.fullmatch(r"\d{15}", task_id)
            for answer in (created, queried):
                name, number = re.findall(rb'"(id|task_id|taskId)":(\d{15})[,}]', answer.content)[0]
                assert number.decode() == task_id
            fields = {*created.json()} & {"id", "task_id", "taskId"}
            assert fields == {*queried.json()} & {"id", "task_id", "taskId"}
            if fields == {"id", "task_id"}:
                assert name == b"task_id"
                assert created.json()["id"] == queried.json()["id"] == row
                unknown = there.query(str(row), wire_format)
                assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")
            seen.add(" ".join(sorted(fields)))
            assert is_video(there.content(task_id))
    assert seen == {"id", "task_id", "taskId", "id task_id"}


@BOTH
def test_long_ids(wire_format: str) -> None:
    """An id of 200 characters with slashes and equal signs is asked for by path and by query."""
    with deployed("long-ids") as there:
        task_id, document = there.finished(wire_format)
        assert len(task_id) == 200
        assert {"/", "="} <= set(task_id)
        assert document["id"] == task_id
        assert is_video(there.content(task_id))
        assert there.content(task_id[:-1]).status_code == 404


@BOTH
def test_envelopes(wire_format: str) -> None:
    """A task is found in one of seven places, stays there, and has neither its state nor its id outside."""
    seen: set[str] = set()
    with deployed("envelope") as there:
        for _ in range(8):
            task_id, created = there.create(wire_format)
            there.gateway.finish(task_id)
            queried = there.query(task_id, wire_format)
            homes: set[str] = set()
            for answer, word in ((created, "pending queued"), (queried, "completed")):
                found = places(answer.json())
                (place,) = [p for p, v in found.items() if v == task_id and ".detail." not in p]
                home = re.sub(r"\.?(task_)?id$", "", place)
                assert found[f"{home}.status"] in word.split()
                assert found.get("status", "success") == "success"
                if home != "[0]":
                    assert found["request_id"] == answer.headers["x-oneapi-request-id"] != task_id
                homes.add(place)
            assert len(homes) == 1
            seen |= homes
    assert seen == {
        "data.id",
        "data[0].id",
        "data.data.id",
        "output.task_id",
        "result.id",
        "Response.task_id",
        "[0].id",
    }


WORDS = {
    "good": {"succeed", "done", "finish", "finished"},
    "bad": {"fail", "rejected", "timeout", "timed_out"},
    "running": {
        *("running", "generating", "preparing", "created"),
        *("waiting", "queueing", "in_queue", "starting"),
    },
}


def words(document: Any) -> list[str]:
    """All that a document says of states, as the dialect spells it."""
    return [
        value
        for place, value in places(document).items()
        if re.search("stat(e|us)$", place) and isinstance(value, str)
    ]


def state(document: dict[str, Any]) -> tuple[str, str]:
    """The field of a relay's state, and its word."""
    (field,) = {"status", "state", "task_status"} & document.keys()
    return field, document[field]


LINKS = {
    *("result_url", "video.url", "videos[0].url", "video_urls[0]", "output[0]"),
    *("output.video_url", "result.video_url", "data.task_result.videos[0].url"),
    *("data.data.video_url", "data.resultUrls[0]", "assets.video", "fail_reason"),
}
INSIDE = {re.sub(r"^(data|output|result)\.", "", place) for place in LINKS}
"""The same inside an envelope, without the envelope's own name."""

REASONS = {"msg", "errorMessage", "failure_reason", "raiMediaFilteredReasons[0]"}


@BOTH
def test_relayed_answers(wire_format: str) -> None:
    """All words of other platforms come, in three fields; links in twelve places, beside traps; reasons in four."""
    raw: dict[str, set[str]] = {"good": set(), "bad": set(), "running": set()}
    fields, links, reasons = set[str](), set[str](), set[str]()
    with deployed("relay") as there:
        for _ in range(20):
            *running, last = life(there, wire_format)
            for document in running:
                assert not where(document, ".mp4")
                assert where(document, ".png")  # the caller's pictures
            assert running[-1]["progress"] == ("50%" if wire_format == "unified" else 75)
            links.add(_place_of_the_link(last, wire_format))
            (field,) = {state(document)[0] for document in (*running, last)}
            fields.add(field)
            raw["running"] |= {state(document)[1] for document in running}
            raw["good"].add(state(last)[1])
        for _ in range(20):
            task_id, _ = there.create(wire_format)
            there.gateway.fail(task_id, "the fish is protected")
            failed = there.query(task_id, wire_format).json()
            (reason,) = where(failed, "the fish is protected")
            reasons.add(reason)
            raw["bad"].add(state(failed)[1])
    assert {k: {word.strip().lower() for word in found} for k, found in raw.items()} == WORDS
    for found in raw.values():  # in every case, and with stray blanks
        bare = {word.strip() for word in found}
        assert any(word.isupper() for word in bare)
        assert any(word.islower() for word in bare)
        assert any(word[0].isupper() and word[1:].islower() for word in bare)
        assert any(word[0].islower() and not word.islower() for word in bare)
        assert any(word != word.strip() for word in found)
    assert (fields, links, reasons) == ({"status", "state", "task_status"}, LINKS, REASONS)


def _place_of_the_link(document: dict[str, Any], wire_format: str) -> str:
    """Where the only link to a video is, which works; thumbnails and the caller's pictures are there, too."""
    assert not REASONS & places(document).keys()
    ((place, link),) = where(document, ".mp4").items()
    assert is_video(httpx.get(link))
    (thumbnail,) = set(where(document, ".jpg").values())
    assert httpx.get(thumbnail).headers["content-type"] == "image/jpeg"
    own = where(document, ".png")
    assert own.keys() == {"input.image_url", "input.images[0]", "images[0].url"}
    mine = MINE if wire_format == "unified" else link.replace("video.mp4", "kitten.png")
    assert set(own.values()) == {mine}
    return place


@BOTH
def test_relayed_refusals(wire_format: str) -> None:
    """A relay refuses with status 200, and nothing is paid; a wrong key and an unknown address keep their status."""
    with deployed("relay") as there:
        running, _ = there.create(wire_format)
        answers = [
            (400, "invalid_request", there.create(wire_format, prompt=" ")[1]),
            (503, "model_not_found", there.create(wire_format, model="no-such-model")[1]),
            (400, "task_not_exist", there.query("unknown", wire_format)),
            (400, "task_not_completed", there.content(running)),
            (404, "task_not_found", there.content("unknown")),
            (400, "invalid_request", there.create(wire_format, size="9")[1]),
        ]
        shapes: set[str] = set()
        for number, word, answer in answers:
            assert answer.status_code == 200
            body = answer.json()
            assert body["data"] is None
            if "msg" in body:
                assert body == {"code": number, "msg": body["msg"], "data": None}
                assert body["msg"]
            else:
                assert body == {"code": word, "message": body["message"], "data": None}
                assert body["message"]
            shapes.add(next(name for name in ("msg", "message") if name in body))
            if word in TOLD_BY:
                assert TOLD_BY[word] == ("number" if "msg" in body else "word")
        assert shapes == {"msg", "message"}
        assert there.gateway.paid == 1
        wrong = httpx.get(f"{there.gateway.url}/v1/videos/x", headers={"Authorization": "Bearer x"})
        assert (wrong.status_code, there.http.get("/v1/models").status_code) == (401, 404)


def test_a_seed_says_what_is_drawn() -> None:
    """Two runs of one seed say the same in the same places; another seed says something else."""
    dialect = ("numeric-ids", "envelope", "relay", "own-links")
    runs: list[list[Any]] = []
    for seed in (1, 1, 2):
        with deployed(*dialect, seed=seed) as there:
            answers = [each for name in (*FORMATS, *FORMATS) for each in life(there, name)]
            runs.append([(sorted(places(answer)), words(answer)) for answer in answers])
    assert runs[0] == runs[1] != runs[2]


@BOTH
def test_dialects_combine(wire_format: str) -> None:
    """Envelope, relay, numeric ids and own links come in one answer, the link inside the envelope."""
    with deployed("envelope", "relay", "numeric-ids", "own-links") as there:
        for _ in range(24):
            task_id, document = there.finished(wire_format)
            found = places(document)
            ids = [p for p, v in found.items() if v == int(task_id)]
            assert len(ids) == 1
            home = re.sub(r"\.?(id|task_id|taskId)$", "", ids[0])
            assert home in {"data", "data[0]", "data.data", "output", "result", "Response", "[0]"}
            assert WORDS["good"] & {word.strip().lower() for word in words(document)}
            ((place, link),) = (where(document, ".mp4") | where(document, "/content")).items()
            inside = place.removeprefix(home).lstrip(".")
            assert place.startswith(home)
            assert inside in INSIDE
            assert link.startswith(("/v1/files/", there.gateway.url, there.gateway.links_url))


@BOTH
def test_content_serves_both_formats(wire_format: str) -> None:
    """The content of a task of either format is its video, byte for byte, in every dialect."""
    for dialect in ((), *((name,) for name in OTHERS), OTHERS):
        with deployed(*dialect) as there:
            for _ in range(3):
                task_id, _ = there.create(wire_format)
                there.gateway.finish(task_id)
                there.content(task_id)
                there.gateway.advance(2)  # now it is found
                there.content(task_id)
                there.gateway.advance(5)  # now it is handed out
                answer = there.content(task_id)
                assert is_video(answer), dialect
                assert answer.headers["content-type"] == "video/mp4"
            assert all(task.fetched_whole for task in there.gateway.tasks)


@BOTH
def test_faults_are_told_in_the_dialect(wire_format: str) -> None:
    """A fault changes the task, and the dialect then tells of it: a failure is a relay's bad word."""
    with deployed("relay", "envelope") as there:
        task_id, _ = there.create(wire_format)
        changes = {"status": "failed", "error": {"message": "no more fish"}}
        there.gateway.fault("query", "fields", fields=changes, times=1)
        failed = there.query(task_id, wire_format).json()
        assert WORDS["bad"] & {word.strip().lower() for word in words(failed)}
        assert where(failed, "no more fish")
        there.gateway.fault("query", "state", word="teleporting", times=1)
        assert "teleporting" in places(there.query(task_id, wire_format).json()).values()
        for number in range(20):
            there.gateway.fault("query", "types", times=1, seed=number)
            assert there.query(task_id, wire_format).status_code == 200
        there.gateway.fault("query", "status", status=200, shape="error", times=1)
        assert there.query(task_id, wire_format).json().keys() == {"error"}
        there.gateway.fault("query", "status", status=502, shape="html", times=1)
        assert there.query(task_id, wire_format).text.startswith("<!DOCTYPE html>")


def test_ledger_counts_in_every_dialect() -> None:
    """Creates are counted by what they ask for, an answer that never came included."""
    with deployed(*OTHERS) as there:
        for wire_format in FORMATS:
            there.create(wire_format)
            there.create(wire_format)
            there.create(wire_format, prompt=" ")
        there.gateway.fault("create", "reset", times=1)
        with pytest.raises(httpx.TransportError):
            there.create("unified")
        assert there.gateway.paid == 5
        accepted = [create for create in there.gateway.creates if create.tasks]
        assert [(create.arrived, len(create.tasks)) for create in accepted] == [(2, 2), (3, 3)]
        document = there.http.get("/_sandbox/ledger").json()
        ids = [task["id"] for create in document["creates"] for task in create["tasks"]]
        assert len(set(ids)) == 5
        assert json.dumps(document)
