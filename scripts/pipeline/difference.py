"""One thing that changed between two documents, and whom it breaks."""

from dataclasses import dataclass

CALLER, READER, NOTE = "caller", "reader", "note"


@dataclass(frozen=True)
class Difference:
    """One thing that changed.

    Args:
        operation: The operation it belongs to, or `document`.
        where: The place in the operation, such as `request: model`.
        what: What changed there.
        effect: Whom it breaks, `caller` or `reader`; `note` if only people can tell the difference; empty if code
            may, and is not broken.
    """

    operation: str
    where: str
    what: str
    effect: str = ""

    @property
    def breaks(self) -> str:
        """Whom it breaks; empty if nobody."""
        return "" if self.effect == NOTE else self.effect

    @property
    def verdict(self) -> str:
        """The class of the change in words."""
        if self.breaks:
            return f"breaking for the {self.breaks}"
        return self.effect or "compatible"
