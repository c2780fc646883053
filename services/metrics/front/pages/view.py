"""What the front page shows: the programme's municipalities on the map and in a table, as the
reader filters them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.metrics.front.pages.atlas import Today, rest_of_country, shapes
from services.metrics.series.rules.figures import Meaning, Window
from shared.values import Period, rounded
from shared.web.languages import Named, norwegian_order

NO_FIGURE = "none"
OTHERWISE = "otherwise"
"""The colour class of figures that must not be compared with the others (FORMULAS 1.2)."""

_ONE_DECIMAL = Decimal("0.1")


class Measure(StrEnum):
    """What the colours tell."""

    LEVEL = "level"
    CHANGE = "change"


_LOWER_BOUNDS = {
    Measure.LEVEL: (Decimal("6.0"), Decimal("7.0"), Decimal("8.0"), Decimal("9.0")),
    Measure.CHANGE: (Decimal("-0.9"), Decimal("-0.1"), Decimal("0.2"), Decimal("1.0")),
}
"""Where each class but the lowest begins, on figures rounded to the one decimal that is shown.

Fixed, so that a colour means the same next month: total absence in Norwegian municipalities lies
mostly between 6 and 10 per cent. Figures of a definition that counts less have the same classes,
most of them the lower ones. A change of less than 0.2 points is drawn as none.
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by."""

    id: str
    names: Named


@dataclass(frozen=True, slots=True)
class Participant:
    """One municipality of the programme.

    Attributes:
        municipality_id: as the registry knows it.
        name: what it was called when it took part.
        today: the municipalities that hold it now.
        meaning: what its figures mean.
        is_otherwise: that is not what the page compares.
        has_more: it has figures of other definitions too.
        level: the rate of the last twelve months, else of the year so far, that is shown for it.
        level_window: which of the two.
        change: points from its goal's baseline to the goal's shown value.
        change_window: the goal's window.
        period: the month that the figures reach to.
        generated: the figures are made up for demonstration.
        suppressed: the level must not be shown, in none of its windows.
        present: on how many figures the level rests, where it is computed.
        expected: how many periods its window has.
    """

    municipality_id: str
    name: str
    county: str
    cohort_ids: tuple[str, ...] = ()
    theme_ids: tuple[str, ...] = ()
    today: tuple[Today, ...] = ()
    level: Decimal | None = None
    change: Decimal | None = None
    period: Period | None = None
    generated: bool = False
    suppressed: bool = False
    present: int = 0
    expected: int = 0
    change_window: Window | None = None
    level_window: Window | None = None
    meaning: Meaning | None = None
    is_otherwise: bool = False
    has_more: bool = False

    def value(self, measure: Measure) -> Decimal | None:
        """Return what the colour tells."""
        return self.level if measure is Measure.LEVEL else self.change

    def colour(self, measure: Measure) -> str:
        """Return the name of its colour class."""
        value = self.value(measure)
        if value is None:
            return NO_FIGURE
        if self.is_otherwise or (measure is Measure.LEVEL and self.is_year_to_date):
            return OTHERWISE
        shown = rounded(value, 1)
        return f"{measure}-{sum(shown >= bound for bound in _LOWER_BOUNDS[measure])}"

    @property
    def is_year_to_date(self) -> bool:
        """Whether the level is of less than twelve months; in December the two windows are one
        (FORMULAS 1.1).
        """
        is_whole_year = self.period is not None and self.period.last_month == 12
        return self.level_window is Window.YEAR_TO_DATE and not is_whole_year

    @property
    def is_partial(self) -> bool:
        """Whether the level rests on fewer figures than its window has periods."""
        return self.present < self.expected

    @property
    def board(self) -> str:
        """The address of the board that its figures stand on."""
        address = f"/metrics/boards/{self.municipality_id}"
        return (
            f"{address}?definition={self.meaning.key}"
            if self.meaning and self.has_more
            else address
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether its name alone no longer finds it on a map."""
        return [place.name for place in self.today] != [self.name]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for; empty means all."""

    words: str = ""
    county: str = ""
    cohort: str = ""
    theme: str = ""
    place: str = ""
    measure: Measure = Measure.LEVEL

    def fits(self, participant: Participant) -> bool:
        """Tell whether the participant is asked for."""
        names = [participant.name, participant.county, *(place.name for place in participant.today)]
        return (
            all(
                any(word in name.casefold() for name in names)
                for word in self.words.casefold().split()
            )
            and self.county in ("", participant.county)
            and self.cohort in ("", *participant.cohort_ids)
            and self.theme in ("", *participant.theme_ids)
            and self.place in ("", *(place.number for place in participant.today))
        )


@dataclass(frozen=True, slots=True)
class LegendClass:
    """A colour with its bounds (inclusive, one decimal) and how many municipalities wear it."""

    name: str
    low: Decimal | None
    high: Decimal | None
    count: int

    @property
    def below(self) -> Decimal | None:
        """Where the next class begins."""
        return None if self.high is None else self.high + _ONE_DECIMAL


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality of today with the participants who lie in it.

    Attributes:
        shape: its outline as an SVG path.
        classes: the colours of the participants, each once; several are drawn in stripes.
    """

    today: Today
    shape: str
    participants: tuple[Participant, ...]
    classes: tuple[str, ...]

    @property
    def fill(self) -> str:
        """The name of the one colour, or of the stripes of several."""
        return "-and-".join(self.classes)

    @property
    def href(self) -> str:
        """Where a click leads: to the one board, or to the list of those who share the place."""
        if len(self.participants) == 1:
            return self.participants[0].board
        return f"/?place={self.today.number}#participants"


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The front page as the reader asked for it.

    Attributes:
        participants: everyone in the programme.
        meaning: what the figures mean that it compares; None where nobody has any.
    """

    programme: Named | None
    participants: Sequence[Participant]
    cohorts: Sequence[Choice]
    themes: Sequence[Choice]
    filters: Filters
    meaning: Meaning | None = None

    @property
    def shown(self) -> list[Participant]:
        """Those who fit the filters."""
        fitting = [
            participant for participant in self.participants if self.filters.fits(participant)
        ]
        return sorted(
            fitting, key=lambda participant: (norwegian_order(participant.name), participant.county)
        )

    @property
    def counties(self) -> list[str]:
        """The counties that have a participant."""
        return sorted(
            {participant.county for participant in self.participants}, key=norwegian_order
        )

    @property
    def is_generated(self) -> bool:
        """Whether any figure on the page is made up."""
        return any(participant.generated for participant in self.participants)

    @property
    def is_filtered(self) -> bool:
        """Whether the reader sees less than everything."""
        return len(self.shown) < len(self.participants)

    @property
    def legend(self) -> list[LegendClass]:
        """The classes from the lowest figures to the highest."""
        measure = self.filters.measure
        bounds = _LOWER_BOUNDS[measure]
        count = Counter(participant.colour(measure) for participant in self.shown)
        names = [f"{measure}-{i}" for i in range(len(bounds) + 1)]
        below = [bound - _ONE_DECIMAL for bound in bounds]
        return [
            LegendClass(name, low, high, count[name])
            for name, low, high in zip(names, [None, *bounds], [*below, None], strict=True)
        ]

    @property
    def without_figure(self) -> int:
        """How many of those shown have nothing to colour by."""
        return self._count(NO_FIGURE)

    @property
    def measured_otherwise(self) -> int:
        """How many of those shown have a figure that must not be compared with the others."""
        return self._count(OTHERWISE)

    def _count(self, colour: str) -> int:
        return sum(participant.colour(self.filters.measure) == colour for participant in self.shown)

    @property
    def places(self) -> list[Place]:
        """The shapes of those who are shown, with their colours."""
        at: dict[Today, list[Participant]] = {}
        for participant in self.shown:
            for place in participant.today:
                at.setdefault(place, []).append(participant)
        return [
            self._place(place, there) for place, there in at.items() if place.number in shapes()
        ]

    def _place(self, place: Today, there: Sequence[Participant]) -> Place:
        classes = sorted({participant.colour(self.filters.measure) for participant in there})
        return Place(place, shapes()[place.number], tuple(there), tuple(classes))

    @property
    def stripes(self) -> dict[str, tuple[str, ...]]:
        """The mixes of colours that need a pattern, by the pattern's name."""
        return {place.fill: place.classes for place in self.places if len(place.classes) > 1}

    @property
    def rest_of_country(self) -> str:
        """The shape of everyone else."""
        return rest_of_country(place.today.number for place in self.places)
