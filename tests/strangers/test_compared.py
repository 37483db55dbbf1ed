"""The comparison with the openai SDK, whose tables are in docs/openai-sdk.md: our rows of it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def test_a_create_is_paid_once() -> None:
    """A create whose answer is lost, or is no JSON, is sent and paid once, and said to be uncertain."""
    from tests.strangers.compared import CLIENTS, CREATES, after_create

    for cause in ("accepted, then the connection is reset", "accepted, then a 200 that is no JSON"):
        told = after_create(CLIENTS["ours"], CREATES[cause]).split()
        assert [*told[:2], told[-1]] == ["1", "1", "SubmissionUncertain"], cause


def test_a_file_is_a_video_or_none() -> None:
    """What lies on the disk after a download is the video, or nothing."""
    from tests.strangers.compared import CLIENTS, DOWNLOADS, after_download

    for client, cause, saved in (
        ("openai", "the video", "the video"),
        ("ours", "JSON with a link, as the vendor documents it", "the video"),
        ("ours", "a proxy's page with status 200", "nothing: DownloadFailed"),
    ):
        assert after_download(CLIENTS[client], DOWNLOADS[cause]) == saved


def test_an_envelope_hides_a_paid_task_from_the_sdk() -> None:
    """In the dialect `envelope` both pay, and only our client finds the task's id."""
    from tests.strangers.compared import CLIENTS, in_dialect

    for client, end in (("ours", "the video"), ("openai", "ValueError")):
        assert in_dialect(CLIENTS[client], "envelope", jobs=1) == f"   1 paid: 1 {end}"
