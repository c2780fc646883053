"""All topics of the four services, as their producers declare them."""

from shared.events import metrics, notifications, registry, reporting

OWN_TOPICS = (*registry.TOPICS, *reporting.TOPICS, *metrics.TOPICS, *notifications.TOPICS)

COMPACTED = frozenset(topic.name for topic in OWN_TOPICS if topic.cleanup == "compact")
"""Topics whose last event of a key says everything about it."""
