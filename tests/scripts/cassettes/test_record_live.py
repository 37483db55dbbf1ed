"""Recording live: the price is told and allowed first; what was charged is never lost, nor paid for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cassettes import gateways
from cassettes.cassette import read
from cassettes.record_command import main
from cassettes.scenarios import SCENARIOS
from cassettes.scrub import Scrubber, Unclean
from chainhub_sandbox import Sandbox, VirtualClock
from chainhub_video.runtime import using

KEY = "sk-live-q7Xw2LmZ9pKc4TdR8vNb3HsY"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A gateway that the environment names, as it would production, in time that jumps over pauses."""
    clock = VirtualClock()
    gateway = Sandbox(fast=True, pace=60, api_key=KEY, clock=clock)
    with gateway, using(clock=clock):
        monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
        monkeypatch.setenv("CHAINHUB_API_KEY", KEY)
        yield gateway


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; returns its exit code, and what it says of errors."""
    return lambda *arguments: (
        main([*arguments, "--to", str(tmp_path)]),
        capsys.readouterr().err,
    )


@pytest.mark.network
def test_live_says_what_it_costs_and_records(
    tmp_path: Path, live: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a gateway that the environment names: the price first, then every scenario that can be had there."""
    assert main(["--live", "--yes-spend", "7", "--to", str(tmp_path)]) == 0
    possible = [name for name, each in SCENARIOS.items() if not each.not_live]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"7 paid creates at {live.url}, at most:"
    assert [line.split()[0] for line in lines[1:]] == [*possible, *possible]
    assert live.paid == 5
    for name in possible:
        text = (tmp_path / f"{name}.yaml").read_text()
        head = read(tmp_path / f"{name}.yaml").head
        assert (head["source"], head["base_url"]) == ("live", "https://sandbox.chainhub.invalid")
        assert KEY not in text
        assert "127.0.0.1" not in text


MISTAKES = {
    "--live": "7 creates may be charged, and --yes-spend allows 0: nothing was sent",
    "--live --yes-spend 6": "7 creates may be charged, and --yes-spend allows 6",
    "--live --yes-spend -1": "7 creates may be charged, and --yes-spend allows -1",
    "--live openai-success unified-success --yes-spend 1": "2 creates may be charged",
    "--live unified-quota --yes-spend 9": "cannot be recorded live: it needs an account",
    "--live openai-redirect --yes-spend 9": "cannot be recorded live: production does not",
    "--yes-spend 1": "--yes-spend is for --live: the sandbox charges nothing",
    "unified-sucess": "there is no scenario 'unified-sucess': did you mean unified-success?",
    "nothing-like-it --live": "there is no scenario 'nothing-like-it': scripts/record --list",
}


@pytest.mark.network
def test_a_mistake_sends_nothing(live: Sandbox, tmp_path: Path, run: Run) -> None:
    """More than is allowed, what cannot be provoked, and names that are none end in one line, and nothing is sent."""
    for arguments, message in MISTAKES.items():
        status, told = run(*arguments.split())
        assert status == 2, arguments
        assert message in told
    for wrong in ("all", "1.5", ""):
        with pytest.raises(SystemExit) as ended:
            run("--live", "--yes-spend", wrong)
        assert ended.value.code == 2
    assert live.requests == []
    assert list(tmp_path.iterdir()) == []


def test_live_needs_a_key_and_an_address_for_it(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Without a key, or with an address that it must not go to, nothing is sent."""
    status, told = run("--live", "--yes-spend", "9")
    assert status == 2
    assert "CHAINHUB_API_KEY" in told
    monkeypatch.setenv("CHAINHUB_API_KEY", KEY)
    monkeypatch.setenv("CHAINHUB_BASE_URL", "http://gateway.example.com")
    status, told = run("--live", "--yes-spend", "9")
    assert status == 2
    assert "plain http" in told
    assert KEY not in told


@pytest.mark.network
def test_a_lost_answer_is_never_paid_for_twice(live: Sandbox, tmp_path: Path, run: Run) -> None:
    """When a live create's answer is lost, the recording fails, says so, and does not send it again."""
    live.fault("create", "reset", times=1)
    status, told = run("--live", "unified-text-only", "--yes-spend", "1")
    assert status == 1
    assert "step 1, generate: SubmissionUncertain: the create was sent" in told
    assert (live.paid, len(live.requests)) == (1, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.network
def test_a_paid_task_is_named_when_its_recording_fails(
    live: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was paid for is not lost with the recording: its id is told, whether the scenario or the scrubbing fails."""

    def refuse(*_: object) -> None:
        raise Unclean("not this one")

    arguments = ("--live", "unified-success", "--yes-spend", "1")
    with monkeypatch.context() as patched:
        patched.setattr(Scrubber, "scrub", refuse)
        status, told = run(*arguments)
    assert status == 1
    assert f"not this one (created: {live.creates[0].tasks[0].id})" in told
    live.fault("query", "fields", fields={"status": "completed", "video_url": ""})
    status, told = run(*arguments)
    assert status == 1
    assert live.creates[0].tasks[1].id in told


@pytest.mark.network
def test_an_interruption_names_what_was_paid_for(
    live: Sandbox, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a paid task is under way ends with 130, one line, and the task's id."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    in_one_call = SCENARIOS["unified-text-only"]
    loud = replace(in_one_call, fields={**in_one_call.fields, "on_update": interrupt})
    monkeypatch.setitem(SCENARIOS, in_one_call.name, loud)
    status, told = run("--live", in_one_call.name, "--yes-spend", "1")
    assert status == 130
    assert told.startswith("scripts/record: interrupted: the scenario under way was not kept")
    assert live.creates[0].tasks[0].id in told
    assert len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_ones_own_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Production's address is no secret; a loopback port is an accident, and any other host somebody's own."""
    monkeypatch.setenv("CHAINHUB_API_KEY", KEY)
    for base_url, shown in (
        ("https://api.chainhub.tech", "https://api.chainhub.tech"),
        ("http://127.0.0.1:8787", "https://sandbox.chainhub.invalid"),
        ("http://localhost:8787/x", "https://sandbox.chainhub.invalid"),
        ("https://gateway.acme-internal.cn/v", "https://gateway.chainhub.invalid"),
    ):
        monkeypatch.setenv("CHAINHUB_BASE_URL", base_url)
        origin = gateways.live()
        assert (origin.base_url, origin.shown) == (base_url, shown)
