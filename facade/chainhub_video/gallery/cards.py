"""Tell in words and numbers what became of each output of a folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import attrs

from chainhub_video.errors import ReceiptConflict
from chainhub_video.gallery.folder import Found
from chainhub_video.gallery.header import Header, read_header
from chainhub_video.receipts.file import SUFFIX, LocalReceipt
from chainhub_video.receipts.receipt import Receipt, ReceiptState, shell_quoted, what_to_do

_LARGEST_RECEIPT = 16 << 20  # bytes; ours have some kilobytes
_FLAGS = os.O_RDONLY
_FLAGS |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class CardState(StrEnum):
    """What became of an output, in the order in which the page offers it."""

    SAVED = "saved"
    RUNNING = "running"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    MISSING = "missing"
    UNUSABLE = "unusable"
    UNRECEIPTED = "no receipt"


@attrs.frozen
class Notice:
    """What is wrong or under way, and what to do; all empty if nothing is.

    Attributes:
        text: in sentences.
        command: to be run in the gallery's folder.
        otherwise: another way, in sentences.
    """

    text: str = ""
    command: str = ""
    otherwise: str = ""


@attrs.frozen(kw_only=True)
class Card:
    """What the page tells of one output.

    Attributes:
        found: where it is.
        state: what became of it.
        notice: what is wrong or under way, and what to do.
        made: when it was asked for, or the file was last changed (aware); None if neither is known.
        took: seconds from the create to the saved video, or to the failure; None if that is not known.
        prompt: what was asked for; empty without a receipt.
        model: likewise.
        task: the id of the task; empty if there is none.
        header: what the video says of itself; None if there is no file.
    """

    found: Found
    state: CardState
    notice: Notice = Notice()
    made: datetime | None = None
    took: float | None = None
    prompt: str = ""
    model: str = ""
    task: str = ""
    header: Header | None = None

    @property
    def playable(self) -> bool:
        """Whether there is a video that looks whole."""
        return self.header is not None and self.header.problem is None


def card_of(found: Found, root: Path) -> Card:
    """Return what became of an output. May block for a moment; never raises for what the files hold.

    Args:
        found: the output.
        root: the gallery's folder, which messages do not name.
    """
    header, problem = _header(found)
    card = Card(found=found, state=CardState.UNRECEIPTED, made=_changed(found), header=header)
    if found.receipt:
        card = _with_receipt(card, root)
    if problem is None:
        return card
    # What is known of the money comes first; a broken file is no news where no video was to be expected.
    expected = card.state in (CardState.SAVED, CardState.MISSING, CardState.UNRECEIPTED)
    said = " ".join(filter(None, (_sentence(problem), card.notice.text)))
    return attrs.evolve(
        card,
        state=CardState.UNUSABLE if expected else card.state,
        notice=attrs.evolve(card.notice, text=said),
    )


def _changed(found: Found) -> datetime | None:
    """Return when the file of an output was last changed; None if there is none, or the time is absurd."""
    if found.size is None:
        return None
    try:
        return datetime.fromtimestamp(found.changed / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _header(found: Found) -> tuple[Header | None, str | None]:
    """Return what the file of an output says of itself, and what is wrong with it."""
    if found.problem is not None:
        return None, found.problem
    if found.size is None:
        return None, None
    try:
        with _opened(found.path) as file:
            header = read_header(file, found.size)
    except OSError as error:
        return None, f"it cannot be read: {error.strerror}"
    return header, header.problem


def _opened(path: Path) -> BinaryIO:
    """Open an ordinary file, which may have become a link or a pipe in the meantime."""
    return os.fdopen(os.open(path, _FLAGS), "rb")


def _with_receipt(card: Card, root: Path) -> Card:
    """Return a card with what its receipt says."""
    store = LocalReceipt(card.found.path)
    name = card.found.name + SUFFIX
    try:
        if Path(store.name).lstat().st_size > _LARGEST_RECEIPT:
            raise ReceiptConflict(f"receipt {name} is no receipt: it is far too long")
        receipt = store.load()
    except ReceiptConflict as error:
        said = str(error).replace(f"{root}{os.sep}", "")
        return attrs.evolve(card, state=CardState.UNUSABLE, notice=Notice(_sentence(said)))
    except OSError:  # it has gone in the meantime
        receipt = None
    if receipt is None:
        return card
    state, notice = _outcome(receipt, card.found)
    asked = receipt.when(ReceiptState.SUBMITTING)
    return attrs.evolve(
        card,
        state=state,
        notice=notice,
        made=asked or card.made,
        took=_took(receipt),
        prompt=_text(receipt.request.get("prompt")),
        model=_text(receipt.request.get("model")),
        task=_text((receipt.task or {}).get("id")),
    )


def _outcome(receipt: Receipt, found: Found) -> tuple[CardState, Notice]:
    """Return what a receipt and the file beside it mean, and what to do."""
    resume = f"chainhub-video resume {shell_quoted(found.name + SUFFIX)}"
    match receipt.state:
        case ReceiptState.SUBMITTING if receipt.seconds_left() > 0:
            return CardState.RUNNING, Notice("The create is being sent.")
        case ReceiptState.SUBMITTING | ReceiptState.UNCERTAIN:
            return CardState.UNCERTAIN, _uncertain(receipt, f"{resume} --task ID")
        case ReceiptState.SUBMITTED:
            return CardState.RUNNING, Notice(
                "The gateway has the task. This waits for it and saves the video, at no cost:",
                resume,
            )
        case ReceiptState.FAILED:
            return CardState.FAILED, Notice(
                _sentence(receipt.reason or "the gateway gave no reason")
            )
    again = "This fetches it again, at no cost:"
    said = int((receipt.result or {})["size"])
    if found.size is None:
        told = Notice() if found.problem else Notice(f"The video is missing. {again}", resume)
        return CardState.MISSING, told
    if found.size != said:
        sizes = f"The file has {found.size:,} bytes, and its receipt says {said:,}."
        return CardState.UNUSABLE, Notice(f"{sizes} {again}", resume)
    return CardState.SAVED, Notice()


def _uncertain(receipt: Receipt, command: str) -> Notice:
    """Return what to do about a create whose outcome is unknown."""
    sent = receipt.when(ReceiptState.SUBMITTING)
    look, _ = what_to_do(_text(receipt.request.get("model")), sent, receipt.answer)
    reason = receipt.reason or ""
    if look not in reason:  # most reasons are the whole message that the caller got
        why = f" ({reason})" if reason else ""
        reason = (
            f"a create was sent, and its outcome is unknown{why}: it may have been paid. {look}"
        )
    return Notice(
        f"{_sentence(reason)} If it is there, give its id to the receipt:",
        command,
        "If it is not, generate the same again with --resubmit-uncertain.",
    )


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _took(receipt: Receipt) -> float | None:
    begun = receipt.when(ReceiptState.SUBMITTING)
    ended = receipt.when(receipt.state)
    if begun is None or ended is None:
        return None
    if receipt.state not in (ReceiptState.SAVED, ReceiptState.FAILED):
        return None
    return max(0.0, (ended - begun).total_seconds())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
