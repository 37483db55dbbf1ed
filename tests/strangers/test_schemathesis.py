"""Schemathesis, a tester of another maker, holds the running sandbox against the merged document."""

from __future__ import annotations

from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox, VirtualClock

from tests.strangers.judging import LINKS, OPERATIONS, Judgement, judge, judge_creates

CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "use_after_free",
}

CREATES = ("POST /v1/videos", "POST /v1/video/create")


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """One whole run, in virtual time: a task that was just created is completed when it is asked for."""
    with Sandbox(fast=True, pace=0, clock=VirtualClock()) as gateway:
        return judge(gateway.url, tmp_path_factory.mktemp("schemathesis"))


def test_it_finds_nothing(judgement: Judgement) -> None:
    """No check fails and there is nothing to warn of, after all checks but the excluded one on hundreds of cases."""
    assert judgement.failures == []
    assert judgement.exit_status == 0, judgement.printed
    made = {name for name, outcome in judgement.checks if outcome == "success"}
    assert made == CHECKS
    assert all(judgement.checks[name, "success"] > 200 for name in CHECKS)


def test_every_operation_and_link_is_reached(judgement: Judgement) -> None:
    """Each operation answers some cases with what was asked for and refuses others; the links lead to the video."""
    for operation in OPERATIONS:
        assert judgement.answers[operation, True] >= 5, operation
        assert judgement.answers[operation, False] >= 3, operation
    for link in LINKS:
        assert judgement.followed[link] >= 3, link


def test_creates_are_accepted_by_the_prose(tmp_path: Path) -> None:
    """A create is accepted if and only if the document's rules and its prose allow it."""
    with Sandbox(fast=True, pace=0) as gateway:
        judgement = judge_creates(gateway.url, tmp_path)
        assert judgement.failures == []
        assert judgement.exit_status == 0, judgement.printed
        assert gateway.paid == sum(judgement.answers[create, True] for create in CREATES)
    for create in CREATES:
        assert judgement.answers[create, True] >= 10
        assert judgement.answers[create, False] >= 15


def test_it_would_find_something(tmp_path: Path) -> None:
    """A gateway that breaks its promises fails, by the checks that are meant for that."""
    faults = ("create:types", "query:status,status=500", "content:status,status=200,shape=html")
    with Sandbox(fast=True, pace=0, faults=faults) as gateway:
        judgement = judge(gateway.url, tmp_path, "--phases", "examples")
    assert judgement.exit_status != 0
    failed = {name for name, outcome in judgement.checks if outcome == "failure"}
    assert {
        "response_schema_conformance",
        "not_a_server_error",
        "content_type_conformance",
    } <= failed
