"""What the registry publishes: each event carries the full state of one thing, so a late reader
needs only the last.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    Exact,
    MunicipalityNumber,
    OrganisationNumber,
    Slug,
    Tombstone,
)
from shared.moments import Day
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity


class Names(Contract):
    """A name in bokmål, nynorsk and English; at least one of them stands."""

    nb: str | None = None
    nn: str | None = None
    en: str | None = None

    @property
    def fallback(self) -> str:
        """The name for readers of a language that it lacks: bokmål's, else nynorsk's, else
        English.
        """
        return self.nb or self.nn or self.en or ""


class MunicipalityVersion(Contract):
    """What a municipality was called and numbered from `valid_from` until `valid_to` (the first day
    no longer so).
    """

    number: MunicipalityNumber
    name: str
    county_number: str
    county_name: str
    valid_from: Day
    valid_to: Day | None = None


class Successor(Contract):
    """A municipality that took over all or part of another, on a date."""

    municipality_id: str
    on: Day


class _MunicipalityEvent(Event):
    producer = "registry"
    aggregate = "municipality"

    municipality_id: str
    version: int
    versions: list[MunicipalityVersion]
    aliases: list[str] = []
    predecessors: list[str] = []
    successors: list[Successor] = []
    change_id: str | None = None

    @property
    def key(self) -> str:
        return self.municipality_id


class MunicipalityRegistered(_MunicipalityEvent):
    """A municipality is known from now on."""


class MunicipalityChanged(_MunicipalityEvent):
    """A municipality got another name, number or county, or other aliases."""


class MunicipalitiesMerged(_MunicipalityEvent):
    """This municipality ended in, or began by, a merger; `change_id` ties the parts together."""


class MunicipalitySplit(_MunicipalityEvent):
    """This municipality was divided, or began as a part of a divided one."""


class Cohort(Contract):
    """A wave of participants (pulje). `claimed` holds counts that a source states, beside those
    that the data give.
    """

    id: Slug
    names: Names
    starts_on: Day
    claimed: dict[str, int] = {}


class Theme(Contract):
    """A theme (tema) that projects work on."""

    id: Slug
    names: Names


class ReportKind(Contract):
    """A kind of report that projects owe."""

    id: Slug
    names: Names


class _ProgrammeEvent(Event):
    producer = "registry"
    aggregate = "programme"

    programme_id: Slug
    version: int
    names: Names
    cohorts: list[Cohort] = []
    themes: list[Theme] = []
    report_kinds: list[ReportKind] = []
    claimed: dict[str, int] = {}

    @property
    def key(self) -> str:
        return self.programme_id


class ProgrammeRegistered(_ProgrammeEvent):
    """A programme exists from now on."""


class ProgrammeChanged(_ProgrammeEvent):
    """A programme's names, cohorts, themes or report kinds changed."""


AxisId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class AxisContract(Contract):
    """One thing in which two definitions of a metric may differ. What counts most stands first."""

    id: AxisId
    values: list[str]


class QuantityContract(Contract):
    """A numerator or a denominator: what is counted, and its unit."""

    names: Names
    unit: str


class Bounds(Contract):
    """Between which values a figure of the metric must lie; null where there is no bound."""

    min: Exact | None = None
    max: Exact | None = None


class _MetricEvent(Event):
    """What is measured. A series is a subject, a metric and a definition.

    Attributes:
        unit: of the value, such as `percent`.
        kind: `share` and `mean` are a numerator over a denominator, `count` a numerator alone,
            `score` a value with a weight.
        over_time: what a window of several periods is: the sums (or means) of its periods, or the
            `last` of them, which has neither a year to date nor a rolling 12.
        axes: a definition gives one value for each; its key joins them in this order.
        better: which way is progress.
        decimals: how many are published of a value.
        small_persons: a figure of fewer persons is withheld.
    """

    producer = "registry"
    aggregate = "metric"

    metric_id: Slug
    version: int
    names: Names
    unit: str
    kind: Literal["share", "mean", "count", "score"]
    numerator: QuantityContract | None = None
    denominator: QuantityContract | None = None
    over_time: Literal["sum", "last", "mean"]
    axes: list[AxisContract] = []
    better: Literal["lower", "higher", "neither"]
    decimals: int
    bounds: Bounds = Bounds()
    small_persons: int

    @property
    def key(self) -> str:
        return self.metric_id

    def value(self) -> Metric:
        """Return the metric as rules speak of it."""
        return Metric(
            metric_id=self.metric_id,
            names=self.names.model_dump(exclude_none=True),
            unit=self.unit,
            kind=MetricKind(self.kind),
            numerator=_quantity(self.numerator),
            denominator=_quantity(self.denominator),
            over_time=OverTime(self.over_time),
            axes=tuple(Axis(axis.id, tuple(axis.values)) for axis in self.axes),
            better=Better(self.better),
            decimals=self.decimals,
            minimum=self.bounds.min,
            maximum=self.bounds.max,
            small_persons=self.small_persons,
        )


def _quantity(contract: QuantityContract | None) -> Quantity | None:
    if contract is None:
        return None
    return Quantity(contract.names.model_dump(exclude_none=True), contract.unit)


class MetricDefined(_MetricEvent):
    """Figures of this metric may be posted from now on."""


class MetricChanged(_MetricEvent):
    """A metric's names, bounds, decimals, direction or small number changed; never its meaning."""


class Baseline(Contract):
    """Where a goal starts: a value and the time it was measured in, free text such as
    `2007-2010`.
    """

    value: Exact
    period: str


class DefinitionContract(Contract):
    """What an absence rate means; figures of unlike definitions are never mixed.

    Attributes:
        certification: whose certificate counts.
        denominator: the days that the rate is a share of: agreed working days, or possible ones.
        holiday_corrected: whether holiday taken was subtracted from the denominator.
        source: who made the statistics.
    """

    certification: Literal["total", "doctor", "self"]
    denominator: Literal["agreed", "possible"]
    holiday_corrected: bool
    source: Literal["municipality-hr", "ks-pai", "ssb", "other"]


class Goal(Contract):
    """A target with a baseline, a direction and a date.

    Attributes:
        definition: one value for each axis of the metric.
        persons_per_point: persons at work that one percentage point stands for.
    """

    goal_id: Slug
    metric: Slug = "absence"
    window: Literal["month", "quarter", "half-year", "year", "year-to-date", "rolling-12"]
    definition: dict[str, str]
    direction: Literal["falling", "rising"]
    baseline: Baseline
    target: Exact
    due_on: Day
    persons_per_point: Exact | None = None


class Member(Contract):
    """A municipality that takes part in a project from a first to a last day. No `to` means
    still.
    """

    municipality_id: str
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class _ProjectEvent(Event):
    producer = "registry"
    aggregate = "project"

    project_id: Slug
    version: int
    programme_id: Slug
    names: Names
    cohort_id: Slug | None = None
    theme_ids: list[Slug] = []
    members: list[Member] = []
    goals: list[Goal] = []
    ended_on: Day | None = None

    @property
    def key(self) -> str:
        return self.project_id


class ProjectRegistered(_ProjectEvent):
    """A local project takes part from now on."""


class ProjectChanged(_ProjectEvent):
    """A project's names, cohort, themes, members or goals changed."""


class ProjectEnded(_ProjectEvent):
    """A project ended on `ended_on`."""


class SpeaksFor(Contract):
    """A municipality that a publisher may speak for, between two dates."""

    municipality_id: str
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class PublisherKey(Contract):
    """One live key: its public id and the SHA-256 (hex) of the whole key."""

    key_id: str
    hash: str
    expires_at: datetime | None = None


class _PublisherEvent(Event):
    producer = "registry"
    aggregate = "publisher"

    organisation_number: OrganisationNumber
    version: int
    name: str
    may_speak_for: list[SpeaksFor] = []
    keys: list[PublisherKey] = []
    revoked_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.organisation_number


class PublisherRegistered(_PublisherEvent):
    """An organisation may publish from now on."""


class PublisherChanged(_PublisherEvent):
    """A publisher's name, keys or municipalities changed."""


class PublisherRevoked(_PublisherEvent):
    """A publisher may not publish any longer."""


class RoleScope(Contract):
    """Where a role is held: in a programme, and there in a project, a network, or what is reviewed.

    Empty lists of cohorts and report kinds mean all of them.
    """

    programme: Slug
    project: Slug | None = None
    network: Slug | None = None
    cohorts: list[Slug] = []
    report_kinds: list[Slug] = []


class RoleContract(Contract):
    """A role that a person holds, from a first to the end of a last day in Europe/Oslo."""

    role: Literal[
        "secretariat",
        "network-lead",
        "project-owner",
        "project-manager",
        "party-representative",
        "reviewer",
        "reader",
    ]
    scope: RoleScope
    party: Literal["elected", "administration", "union_and_staff"] | None = None
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class _AboutPerson(Event):
    producer = "registry"
    aggregate = "person"

    person_id: UUID

    @property
    def key(self) -> str:
        return str(self.person_id)


class _PersonEvent(_AboutPerson):
    """Somebody who may sign in. Internal: only our services read it.

    Attributes:
        person_id: random, made by us; it says nothing of who it is.
        email: where links to sign in and reminders go.
        sessions_valid_from: a session that began earlier is over.
    """

    version: int
    display_name: str
    email: str
    language: Literal["nb", "nn", "en"]
    roles: list[RoleContract] = []
    sessions_valid_from: datetime


class PersonRegistered(_PersonEvent):
    """Somebody may sign in from now on."""


class PersonChanged(_PersonEvent):
    """A person's name, address, language, roles or sessions changed."""


class PersonErased(_AboutPerson, Tombstone):
    """A person is forgotten. The record has no value, so that compaction forgets as well."""


MunicipalityEvent = (
    MunicipalityRegistered | MunicipalityChanged | MunicipalitiesMerged | MunicipalitySplit
)
ProgrammeEvent = ProgrammeRegistered | ProgrammeChanged
ProjectEvent = ProjectRegistered | ProjectChanged | ProjectEnded
MetricEvent = MetricDefined | MetricChanged
PersonEvent = PersonRegistered | PersonChanged | PersonErased
PublisherEvent = PublisherRegistered | PublisherChanged | PublisherRevoked
