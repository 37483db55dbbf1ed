"""The comparison with the openai SDK, whose tables are in docs/openai-sdk.md: our rows of it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.mark.parametrize(
    ("cause", "row"),
    [
        ("accepted, then the connection is reset", "1 1 SubmissionUncertain"),
        ("accepted, then a 200 that is no JSON", "1 1 SubmissionUncertain"),
    ],
)
def test_a_create_is_paid_once(cause: str, row: str) -> None:
    """Proves that the table's words for a create are what happens: sent and paid once, and said to be uncertain."""
    from tests.strangers.compared import CLIENTS, CREATES, after_create

    told = after_create(CLIENTS["ours"], CREATES[cause]).split()
    assert row == " ".join([*told[:2], told[-1]])


@pytest.mark.parametrize(
    ("client", "cause", "saved"),
    [
        ("openai", "the video", "the video"),
        ("ours", "JSON with a link, as the vendor documents it", "the video"),
        ("ours", "a proxy's page with status 200", "nothing: DownloadFailed"),
    ],
)
def test_a_file_is_a_video_or_none(client: str, cause: str, saved: str) -> None:
    """Proves that what lies on the disk after a download is the video, or nothing."""
    from tests.strangers.compared import CLIENTS, DOWNLOADS, after_download

    assert after_download(CLIENTS[client], DOWNLOADS[cause]) == saved


@pytest.mark.parametrize(("client", "end"), [("ours", "the video"), ("openai", "ValueError")])
def test_an_envelope_hides_a_paid_task_from_the_sdk(client: str, end: str) -> None:
    """Proves the table of dialects where it tells most: both pay, and only our client finds the task's id."""
    from tests.strangers.compared import CLIENTS, in_dialect

    assert in_dialect(CLIENTS[client], "envelope", jobs=1) == f"   1 paid: 1 {end}"
