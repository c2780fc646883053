"""The topics that the registry writes to; each holds the last state of every key."""

from shared.events.registry.commitments import CommitmentMade
from shared.events.registry.gatherings import GatheringScheduled
from shared.events.registry.grants import GrantAwarded
from shared.events.registry.knowledge import GoodExamplePublished
from shared.events.registry.metrics import MetricDefined
from shared.events.registry.municipalities import MunicipalityRegistered
from shared.events.registry.networks import NetworkFormed
from shared.events.registry.people import PersonRegistered
from shared.events.registry.programmes import ProgrammeRegistered
from shared.events.registry.projects import ProjectRegistered
from shared.events.registry.publishers import PublisherRegistered
from shared.events.topics import Topic

TOPICS = (
    Topic(MunicipalityRegistered.topic(), "compact"),
    Topic(ProgrammeRegistered.topic(), "compact"),
    Topic(ProjectRegistered.topic(), "compact"),
    Topic(MetricDefined.topic(), "compact"),
    Topic(NetworkFormed.topic(), "compact"),
    Topic(GatheringScheduled.topic(), "compact"),
    Topic(CommitmentMade.topic(), "compact"),
    Topic(GrantAwarded.topic(), "compact"),
    Topic(GoodExamplePublished.topic(), "compact"),
    Topic(PublisherRegistered.topic(), "compact"),
    Topic(PersonRegistered.topic(), "compact", forgets=True),
)
