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
    """Proves that no check fails, and that Schemathesis has nothing to warn of."""
    assert judgement.failures == []
    assert judgement.exit_status == 0, judgement.printed


def test_every_check_is_made(judgement: Judgement) -> None:
    """Proves that the run is no empty one: all checks but the excluded one, on hundreds of cases."""
    made = {name for name, outcome in judgement.checks if outcome == "success"}
    assert made == CHECKS
    assert all(judgement.checks[name, "success"] > 300 for name in CHECKS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_reached(judgement: Judgement, operation: str) -> None:
    """Proves that each operation answers some of its cases with what was asked for, and refuses others."""
    assert judgement.accepted(operation) >= 10
    assert judgement.refused(operation) >= 3


@pytest.mark.parametrize("link", LINKS)
def test_every_link_is_followed(judgement: Judgement, link: str) -> None:
    """Proves that the links of the document lead from a create to the task's state and to its video."""
    assert judgement.followed(link) >= 3


def test_today_s_models_and_shapes_are_all_accepted_and_nothing_else_is(tmp_path: Path) -> None:
    """Proves that a create is accepted if and only if the document's rules and its prose allow it."""
    with Sandbox(fast=True, pace=0) as gateway:
        judgement = judge_creates(gateway.url, tmp_path)
        assert judgement.failures == []
        assert judgement.exit_status == 0, judgement.printed
        assert gateway.paid == sum(judgement.accepted(create) for create in CREATES)
    for create in CREATES:
        assert judgement.accepted(create) >= 15
        assert judgement.refused(create) >= 20


def test_it_would_find_something(tmp_path: Path) -> None:
    """Proves that a gateway that breaks its promises fails, by the checks that are meant for that."""
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
