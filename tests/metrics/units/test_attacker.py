"""An attacker who adds and subtracts everything that was ever published finds no withheld figure.

Every version of every state of units, municipalities and their county is taken: all definitions,
months against windows. Each published numerator is a sum of figures; exact elimination tells
whether a figure that is withheld follows from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.events.metrics import MetricUpdated
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.faults.counts import repeats
from tests.metrics import stored
from tests.metrics.factories import posted_event, withdrawn_event
from tests.metrics.posted import posted
from tests.metrics.recomputation import Posted, period_text, windows
from tests.metrics.stored import hear

MUNICIPALITIES = ("sund-1245", "vefsn-1824")
UNITS = ("a1", "b2", "c3")
MONTHS = ("2013-01", "2013-02")
KINDS = ("doctor", "self")
KEY = "{}.agreed.corrected.municipality-hr"

Form = dict[str, Fraction]
"""A sum of unknown figures: how often each is in it."""


def add(*forms: Form) -> Form:
    found: Form = {}
    for form in forms:
        for name, times in form.items():
            found[name] = found.get(name, Fraction()) + times
    return {name: times for name, times in found.items() if times}


@dataclass
class Known:
    """What can be worked out: a basis of sums, each with a leader that is in no earlier one."""

    basis: dict[str, Form] = field(default_factory=dict)

    def left_of(self, form: Form) -> Form:
        """Return what of a sum cannot be worked out."""
        for leader, row in self.basis.items():
            if leader in form:
                times = -form[leader]
                form = add(form, {name: times * value for name, value in row.items()})
        return form

    def learn(self, form: Form) -> None:
        if left := self.left_of(form):
            leader = next(iter(left))
            self.basis[leader] = {name: value / left[leader] for name, value in left.items()}


def test_the_attacker_can_count() -> None:
    one, two = {"a": Fraction(1), "b": Fraction(1)}, {"b": Fraction(1)}
    known = Known()
    known.learn(one)
    assert known.left_of({"a": Fraction(1)})
    known.learn(two)
    assert known.left_of({"a": Fraction(1)}) == {}


@dataclass(frozen=True)
class Step:
    """A figure that comes, or is taken back, and what it is a sum of."""

    figure: Posted
    form: Form
    is_withdrawal: bool = False


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Draw figures of two municipalities, one with units, in any order; some are corrected or taken
    back.

    Head counts of a period are the same by all definitions, and only they can tell an attacker that
    the units are all of the municipality.
    """
    steps: list[list[Step]] = []
    for period in MONTHS:
        counts = {u: draw(st.sampled_from([None, 1, 3, 4, 6, 12, 40])) for u in UNITS}
        units = draw(st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True))
        beside = draw(st.sampled_from([0, 0, 2, 5, 60]))
        whole = sum(counts[u] or 9 for u in units) + beside
        says_whole = None if draw(st.booleans()) else whole
        is_all = beside == 0 and says_whole is not None and None not in map(counts.get, units)
        beside_vefsn = draw(st.sampled_from([3, 50]))
        rest = [] if is_all else [f"{period} rest"]
        for kind in ("total", *KINDS):
            own: list[Form] = []
            for unit in units:
                form = _of(f"{period} {unit}", kind)
                own.append(form)
                figure = _figure(period, kind, "vefsn-1824", counts[unit], unit=unit)
                steps.append(_life(draw, figure, form))
            form = add(*own, *(_of(name, kind) for name in rest))
            steps.append(_life(draw, _figure(period, kind, "vefsn-1824", says_whole), form))
            form = _of(f"{period} sund", kind)
            steps.append([Step(_figure(period, kind, "sund-1245", beside_vefsn), form)])
    order = draw(st.permutations([n for n, life in enumerate(steps) for _ in life]))
    lives = [iter(life) for life in steps]
    return [next(lives[n]) for n in order]


def _of(name: str, kind: str) -> Form:
    kinds = KINDS if kind == "total" else (kind,)
    return {f"{name} {one}": Fraction(1) for one in kinds}


def _figure(
    period: str, kind: str, one: str, persons: int | None, *, unit: str | None = None
) -> Posted:
    return posted(
        period,
        definition_key=KEY.format(kind),
        municipality_id=one,
        unit=unit,
        persons=persons,
        lost=Decimal(1),
        agreed=Decimal(1000),
    )


def _life(draw: st.DrawFn, figure: Posted, form: Form) -> list[Step]:
    """Return how a figure comes: once, or and is taken back, or and again with the same numbers."""
    match draw(st.sampled_from(["once"] * 6 + ["taken back", "again"])):
        case "taken back":
            return [Step(figure, form), Step(figure, form, is_withdrawal=True)]
        case "again":
            return [Step(figure, form), Step(replace(figure, vintage=2), form)]
    return [Step(figure, form)]


Place = tuple[str, str, str]
"""Subject, definition key, period."""


def forms_of(
    event: MetricUpdated, in_force: dict[Place, Step], members: Iterable[str]
) -> Iterable[Form]:
    """Yield what the numerators of a state are sums of."""
    subjects = members if event.subject.startswith("county/") else [event.subject]
    last_month = int(event.period[:4]) * 12 + int(event.period[5:]) - 1
    for name, months in windows(last_month, 1).items():
        value = event.windows.get(name)  # type: ignore[call-overload]  # a window's name
        if value is not None and value.numerator is not None:
            places = [
                (subject, event.definition_key, period_text(month, 1))
                for subject in subjects
                for month in months
            ]
            yield add(*(in_force[place].form for place in places if place in in_force))


@pytest_asyncio.fixture
async def database(make_database: MakeDatabase) -> Database:
    """A database that has heard of two municipalities of one county."""
    made = await make_database("metrics")
    await hear(made, municipalities=MUNICIPALITIES)
    return made


@settings(
    max_examples=repeats(few=8, many=400),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories())
async def test_nothing_withheld_follows_from_all_that_was_ever_published(
    database: Database, history: list[Step]
) -> None:
    await stored.forget_figures(database)
    members = [f"municipality/{one}" for one in MUNICIPALITIES]
    known = Known()
    in_force: dict[Place, Step] = {}
    story: list[str] = []
    for step in history:
        figure = step.figure
        place = (figure.subject, figure.definition_key, figure.period)
        event = withdrawn_event(figure) if step.is_withdrawal else posted_event(figure)
        await stored.apply(database, [event])
        shown: list[str] = []
        if not step.is_withdrawal:
            in_force[place] = step
        elif in_force[place].figure == figure:
            del in_force[place]
        for told in await stored.published(database):
            if isinstance(told, MetricUpdated) and not told.subject.startswith(
                ("cohort/", "programme/", "project/", "theme/")
            ):
                forms = list(forms_of(told, in_force, members))
                shown.append(f"{told.subject} {told.period} {'shown' if forms else 'withheld'}")
                for form in forms:
                    known.learn(form)
        await stored.empty_outbox(database)
        sign = "-" if step.is_withdrawal else "+"
        named = f"{figure.subject} {figure.period} {figure.definition_key.split('.')[0]}"
        story.append(f"{sign} {named} v{figure.vintage}, {figure.persons} persons: {shown}")
    for step in in_force.values():
        if step.figure.is_small():
            assert known.left_of(step.form), "\n".join([str(step.figure), *story])
