"""Twenty videos at once with asyncio, from one client. What fails is told, and keeps nothing else from its end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chainhub_video import AsyncChainHub, ChainHubError, SavedVideo, SubmissionUncertain

ANIMALS = (
    "kitten", "puppy", "fox", "owl", "crab", "horse", "otter", "hedgehog", "goat", "penguin", "seal", "badger", "hare",
    "heron", "beetle", "newt", "bat", "swan", "toad", "wren",
)  # fmt: skip
FOLDER = Path("animals")


async def make(hub: AsyncChainHub, animal: str) -> SavedVideo:
    """Make one video; its receipt beside it keeps a second run from paying again."""
    return await hub.videos.generate(
        f"A {animal} dances",
        model="grok-video-3",
        aspect_ratio="3:2",
        save_to=FOLDER / f"{animal}.mp4",
    )


async def main() -> int:
    """Make them all.

    Returns:
        The exit status: how many failed.
    """
    async with AsyncChainHub(max_creates=len(ANIMALS)) as hub:
        results = await asyncio.gather(
            *(make(hub, animal) for animal in ANIMALS), return_exceptions=True
        )
    failed = 0
    for animal, result in zip(ANIMALS, results, strict=True):
        match result:
            case SavedVideo():
                print(f"{animal}: {result.size:,} bytes")
            case SubmissionUncertain():  # it may have been paid: a person has to look
                print(f"{animal}: LOOK AT THIS: {result}", file=sys.stderr)
            case ChainHubError():
                print(f"{animal}: {result}", file=sys.stderr)
            case _:
                raise result
        failed += not isinstance(result, SavedVideo)
    return failed


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    sys.exit(asyncio.run(main()))
