"""A municipality's part in something, from a first to a last day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.errors import RuleBroken


@dataclass(frozen=True, slots=True)
class Membership:
    """A municipality's part in something, from a first to a last day; none means always so far, or
    still.
    """

    municipality_id: str
    from_: date | None = None
    to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether it holds on a day."""
        return (self.from_ or date.min) <= on <= (self.to or date.max)

    def overlaps(self, other: "Membership") -> bool:
        """Tell whether both hold for the same municipality on some day."""
        return (
            self.municipality_id == other.municipality_id
            and (self.from_ or date.min) <= (other.to or date.max)
            and (other.from_ or date.min) <= (self.to or date.max)
        )


def check_memberships(memberships: Iterable[Membership]) -> None:
    """Make sure that each runs forward and that no municipality is in twice on one day.

    Raises:
        RuleBroken: `days-reversed` or `member-repeated`.
    """
    seen: dict[str, list[Membership]] = {}
    for each in memberships:
        if each.from_ is not None and each.to is not None and each.to < each.from_:
            raise RuleBroken(
                f"{each.municipality_id}: `to` must not be before {each.from_} (`from`), got"
                f" {each.to}",
                code="days-reversed",
            )
        if any(each.overlaps(other) for other in seen.setdefault(each.municipality_id, [])):
            raise RuleBroken(
                f"{each.municipality_id} stands twice for the same days; end the first before the"
                " second begins",
                code="member-repeated",
            )
        seen[each.municipality_id].append(each)
