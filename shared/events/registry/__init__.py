"""What the registry publishes: each event carries the full state of one thing, so a late reader
needs only the last.
"""

from shared.events.registry.metrics import (
    AxisContract,
    AxisId,
    Bounds,
    DefinitionContract,
    MetricChanged,
    MetricDefined,
    MetricEvent,
    QuantityContract,
)
from shared.events.registry.municipalities import (
    Member,
    MunicipalitiesMerged,
    MunicipalityChanged,
    MunicipalityEvent,
    MunicipalityRegistered,
    MunicipalitySplit,
    MunicipalityVersion,
    Successor,
)
from shared.events.registry.names import Names
from shared.events.registry.people import (
    PersonChanged,
    PersonErased,
    PersonEvent,
    PersonRegistered,
    RoleContract,
    RoleScope,
)
from shared.events.registry.programmes import (
    Cohort,
    ProgrammeChanged,
    ProgrammeEvent,
    ProgrammeRegistered,
    ReportKind,
    Theme,
)
from shared.events.registry.projects import (
    Baseline,
    Goal,
    ProjectChanged,
    ProjectEnded,
    ProjectEvent,
    ProjectRegistered,
)
from shared.events.registry.publishers import (
    PublisherChanged,
    PublisherEvent,
    PublisherKey,
    PublisherRegistered,
    PublisherRevoked,
    SpeaksFor,
)
from shared.events.registry.topics import TOPICS

__all__ = [
    "TOPICS",
    "AxisContract",
    "AxisId",
    "Baseline",
    "Bounds",
    "Cohort",
    "DefinitionContract",
    "Goal",
    "Member",
    "MetricChanged",
    "MetricDefined",
    "MetricEvent",
    "MunicipalitiesMerged",
    "MunicipalityChanged",
    "MunicipalityEvent",
    "MunicipalityRegistered",
    "MunicipalitySplit",
    "MunicipalityVersion",
    "Names",
    "PersonChanged",
    "PersonErased",
    "PersonEvent",
    "PersonRegistered",
    "ProgrammeChanged",
    "ProgrammeEvent",
    "ProgrammeRegistered",
    "ProjectChanged",
    "ProjectEnded",
    "ProjectEvent",
    "ProjectRegistered",
    "PublisherChanged",
    "PublisherEvent",
    "PublisherKey",
    "PublisherRegistered",
    "PublisherRevoked",
    "QuantityContract",
    "ReportKind",
    "RoleContract",
    "RoleScope",
    "SpeaksFor",
    "Successor",
    "Theme",
]
