"""The tools, called by the SDK's own client in this process, against a real sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import AsyncChainHub, Timeouts, WaitTimeout
from chainhub_video.mcp.folder import Folder
from chainhub_video.mcp.jobs import Jobs
from chainhub_video.mcp.server import server_of
from mcp import Client, MCPError

from .conftest import KEY, REQUEST

pytestmark = pytest.mark.anyio


class Assistant:
    """Calls tools, and keeps the notifications of progress."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.progress: list[tuple[float, str | None]] = []

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of a tool that does not fail."""
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == result.structured_content
        fields: dict[str, Any] = result.structured_content
        return fields

    async def failing(self, tool: str, **arguments: Any) -> str:
        """Return the words of a tool that fails."""
        result = await self._call(tool, arguments)
        assert result.is_error, result.content
        text: str = result.content[0].text
        return text

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            assert total == 100
            self.progress.append((progress, message))

        return await self.client.call_tool(tool, arguments, progress_callback=tell)


@asynccontextmanager
async def assistant(
    gateway: Sandbox, folder: Path, max_creates: int = 9, **options: Any
) -> AsyncIterator[Assistant]:
    """Serve a folder to an assistant."""
    async with AsyncChainHub(
        api_key=KEY, base_url=gateway.url, max_creates=max_creates, **options
    ) as hub:
        jobs = Jobs(hub, Folder.at(folder))
        await jobs.go_on()
        async with Client(server_of(jobs)) as client:
            yield Assistant(client)
        await jobs.close()


@pytest.fixture
async def calls(gateway: Sandbox, folder: Path) -> AsyncIterator[Assistant]:
    """An assistant of the folder, which may have nine videos made."""
    async with assistant(gateway, folder) as serving:
        yield serving


async def test_the_tools_say_what_they_are(calls: Assistant) -> None:
    """Each tool and each argument is described; what writes or spends is not read-only; no other tool is."""
    tools = {tool.name: tool for tool in (await calls.client.list_tools()).tools}
    assert list(tools) == ["generate", "wait", "status", "list", "models"]
    for name, tool in tools.items():
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name not in ("generate", "wait"))
        assert tool.annotations.idempotent_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.annotations.open_world_hint is (name in ("generate", "wait"))
        assert tool.input_schema["additionalProperties"] is False
        for field in tool.input_schema["properties"].values():
            assert field["description"]
    assert "may pay for 9" in (calls.client.instructions or "")
    with pytest.raises(MCPError, match="no tool 'pay'"):
        await calls.client.call_tool("pay", {})


async def test_what_models_take_is_told(calls: Assistant) -> None:
    """An assistant learns which sizes, durations and pictures a model takes."""
    models = {model["name"]: model for model in (await calls("models"))["models"]}
    assert models["veo_3_1"]["least_images"] == 1
    assert "1280x720" in models["veo_3_1"]["size"]
    assert models["grok-video-3"]["required"] == ["aspect_ratio"]


async def test_the_limit_is_exact_and_repeats_are_free(gateway: Sandbox, folder: Path) -> None:
    """Of two videos at once with a limit of one, one is paid; again and again, it stays one."""
    paid = gateway.paid

    async with assistant(gateway, folder, max_creates=1) as calls:
        both = await asyncio.gather(
            *(calls.client.call_tool("generate", {"name": n, **REQUEST}) for n in ("a", "b"))
        )
        assert sorted(bool(result.is_error) for result in both) == [False, True]
        name, other = ("b", "a") if both[0].is_error else ("a", "b")
        refused = await calls.failing("generate", name=other, **REQUEST)
        assert "limit of creates" in refused
        assert "creates left: 0" in refused
        for _ in range(3):
            assert (await calls("generate", name=f"{name}.mp4", **REQUEST))["creates_left"] == 0
        assert (await calls("wait", name=name))["state"] == "saved"
        assert (await calls("generate", name=name, **REQUEST))["state"] == "saved"
        assert "nothing was started" in await calls.failing("status", name=other)
    assert gateway.paid == paid + 1


async def test_waiting_ends_in_time_and_is_never_silent(
    gateway: Sandbox, calls: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that stands still is told as it stands; each notification until then is more than the one before."""
    monkeypatch.setattr("chainhub_video.mcp.tools._HEARTBEAT", 0.1)
    gateway.hold()
    await calls("generate", name="kitten", **REQUEST)
    standing = await calls("wait", name="kitten", seconds=1)
    assert (standing["state"], standing["detail"]) == ("submitted", "queued")
    numbers = [number for number, _ in calls.progress]
    assert len(numbers) >= 2
    assert all(a < b for a, b in pairwise(numbers))
    assert calls.progress[-1][1] == "queued"


async def test_a_video_is_followed_to_its_file(
    gateway: Sandbox, folder: Path, calls: Assistant
) -> None:
    """Another request under its name is refused meanwhile, the same one joins it; at the end the file is there."""
    gateway.hold()
    started = await calls("generate", name="kitten", **REQUEST)
    assert (started["state"], started["task_id"]) == ("submitted", gateway.tasks[-1].id)
    other = {**REQUEST, "prompt": "Another"}
    assert "in the making" in await calls.failing("generate", name="kitten", **other)
    assert (await calls("generate", name="kitten", **REQUEST))["state"] == "submitted"
    assert [video["name"] for video in (await calls("list"))["videos"]] == ["kitten"]
    gateway.release()
    saved = await calls("wait", name="kitten", seconds=60)
    assert saved["state"] == "saved"
    assert saved["bytes"] == (folder / "kitten.mp4").stat().st_size
    assert saved["file"] == str(folder / "kitten.mp4")


async def test_what_was_paid_before_goes_on_for_free(gateway: Sandbox, folder: Path) -> None:
    """A new server saves what an earlier one has paid, and gives its name to no other request."""
    gateway.hold()
    earlier = {**REQUEST, "images": [str(folder / "kitten.png")], "save_to": folder / "kitten.mp4"}
    async with AsyncChainHub(api_key=KEY, base_url=gateway.url) as hub:
        with pytest.raises(WaitTimeout):
            await hub.videos.generate(**earlier, timeout=0.3)
    paid = gateway.paid
    async with assistant(gateway, folder, max_creates=0) as calls:
        # The gateway's own word is what the server has last heard; it tells nobody of it.
        while not (await calls("status", name="kitten")).get("detail"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        other = {**REQUEST, "prompt": "Another"}
        assert "another request" in await calls.failing("generate", name="kitten", **other)
        assert (await calls("status", name="kitten"))["detail"] == "queued"  # it still goes on
        assert (await calls("generate", name="kitten", **REQUEST))["state"] == "submitted"
        gateway.release()
        assert (await calls("wait", name="kitten"))["state"] == "saved"
    assert gateway.paid == paid


async def test_a_video_that_is_gone_is_fetched_again(gateway: Sandbox, folder: Path) -> None:
    """Whoever took the file away may want that: only wait brings it back, for free."""
    file = folder / "kitten.mp4"
    async with assistant(gateway, folder) as calls:
        await calls("generate", name="kitten", **REQUEST)
        await calls("wait", name="kitten")
    file.unlink()
    async with assistant(gateway, folder, max_creates=0) as calls:
        assert (await calls("status", name="kitten"))["state"] == "gone"
        assert not file.exists()
        assert "creates left: 0" in await calls.failing("generate", name="other", **REQUEST)
        assert (await calls("wait", name="kitten"))["state"] == "saved"
        assert file.exists()


async def test_files_of_the_user_are_never_replaced(
    gateway: Sandbox, folder: Path, calls: Assistant
) -> None:
    """Neither one that was there before, nor a video that was edited since, which stays as it is in all tools."""
    (folder / "mine.mp4").write_bytes(b"mine")
    paid = gateway.paid
    assert "not made here" in await calls.failing("generate", name="mine", **REQUEST)
    await calls("generate", name="kitten", **REQUEST)
    await calls("wait", name="kitten")
    (folder / "kitten.mp4").write_bytes(b"edited")
    assert "changed" in (await calls("status", name="kitten"))["detail"]
    assert "changed" in (await calls("wait", name="kitten"))["detail"]
    assert "changed" in await calls.failing("generate", name="kitten", **REQUEST)
    assert (folder / "mine.mp4").read_bytes() == b"mine"
    assert (folder / "kitten.mp4").read_bytes() == b"edited"
    assert gateway.paid == paid + 1


async def test_an_unknown_outcome_is_for_the_user(gateway: Sandbox, folder: Path) -> None:
    """A create without an answer is told as such by every tool, counts, and is not sent again."""
    gateway.fault("create", "hang", times=1)
    paid = gateway.paid

    async with assistant(gateway, folder, max_creates=2, timeout=Timeouts(create=0.3)) as calls:
        for tool, arguments in (("generate", REQUEST), ("generate", REQUEST), ("wait", {})):
            words = await calls.failing(tool, name="kitten", **arguments)
            assert words.startswith("Do not try again")
            assert "Tell the user" in words
            assert "creates left: 1" in words
        standing = await calls("status", name="kitten")
        assert standing["state"] == "uncertain"
        assert standing["detail"].startswith("Do not try again")
    assert gateway.paid == paid + 1


async def test_a_failed_task_is_told_with_its_reason(gateway: Sandbox, calls: Assistant) -> None:
    """What the gateway says is passed on without the key, and that another attempt is paid again."""
    gateway.hold()
    await calls("generate", name="kitten", **REQUEST)
    gateway.fail(gateway.tasks[-1].id, f"No fish for {KEY}.")
    words = await calls.failing("wait", name="kitten")
    assert "No fish for ***." in words
    assert "paid again" in words
    standing = await calls("status", name="kitten")
    assert (standing["state"], standing["detail"]) == ("failed", "No fish for ***.")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "Tell the user"),
        ({"status": 403, "code": "insufficient_user_quota"}, "Tell the user"),
        ({"status": 400, "message": f"the key {KEY} is odd"}, "the key *** is odd"),
    ],
)
async def test_refusals_cost_nothing_and_keep_the_key(
    gateway: Sandbox, calls: Assistant, fault: dict[str, Any], words: str
) -> None:
    """What the gateway refuses does not count, and leaves no trace under the name."""
    gateway.fault("create", "status", **fault)
    refused = await calls.failing("generate", name="kitten", **REQUEST)
    assert words in refused
    assert "creates left: 9" in refused
    assert KEY not in refused
    assert "nothing was started" in await calls.failing("wait", name="kitten")


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("generate", {"name": "kitten"}, "prompt: Field required"),
    ("generate", {"name": "k", **REQUEST, "image": "kitten.png"}, "image: Extra inputs"),
    ("generate", {"name": "k", **REQUEST, "save_to": "/tmp/x"}, "save_to: Extra inputs"),
    ("generate", {"name": "k", **REQUEST, "resubmit_uncertain": True}, "Extra inputs"),
    ("generate", {"name": "../k", **REQUEST}, "leads into a folder"),
    ("generate", {"name": "k", **REQUEST, "images": ["/etc/passwd"]}, "inside"),
    ("generate", {"name": "k", **REQUEST, "size": "1x1"}, "size is '1x1'"),
    ("generate", {"name": "k", **REQUEST, "model": "unheard-of"}, "unknown model"),
    ("wait", {"name": "k", "seconds": 601}, "seconds: Input should be less than"),
    ("wait", {"name": ["k"]}, "name: Input should be a valid string"),
    ("status", {"name": "../../etc/passwd"}, "leads into a folder"),
    ("list", {"limit": 0}, "limit: Input should be greater"),
    ("models", {"x": 1}, "x: Extra inputs"),
]


async def test_mistakes_are_told_and_cost_nothing(gateway: Sandbox, calls: Assistant) -> None:
    """Arguments that are wrong, unknown or lead out of the folder are named, and nothing is sent."""
    heard = len(gateway.requests)
    for tool, arguments, words in MISTAKES:
        assert words in await calls.failing(tool, **arguments)
    assert len(gateway.requests) == heard


async def test_a_receipt_that_cannot_be_read_hides_no_other(folder: Path, calls: Assistant) -> None:
    """The list names it beside the others, of which it shows as many as are asked for."""
    (folder / "torn.mp4.task.json").write_text("{")
    await calls("generate", name="kitten", **REQUEST)
    await calls("wait", name="kitten")
    listed = await calls("list")
    assert [video["name"] for video in listed["videos"]] == ["kitten"]
    assert "torn or was edited" in listed["unreadable"][0]
    assert (await calls("list", limit=1))["more"] == 1
    assert "torn or was edited" in await calls.failing("status", name="torn")
