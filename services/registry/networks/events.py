"""What is told of networks: values to events, and back after a restore."""

from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.networks.rules import Network, NetworkMember
from shared.events import registry as told


def network_event(network: Network, now: datetime) -> told.NetworkEvent:
    """Tell a network's new state."""
    kind = told.NetworkFormed if network.version == 1 else told.NetworkChanged
    return kind(
        event_id=event_id_of(kind, network.network_id, network.version),
        occurred_at=now,
        **network_fields(network),
    )


def network_fields(network: Network) -> dict[str, Any]:
    """Return a network's state as contracts carry it."""
    return {
        "network_id": network.network_id,
        "version": network.version,
        "programme_id": network.programme_id,
        "names": tell_names(network.names),
        "cohort_ids": list(network.cohort_ids),
        "theme_ids": list(network.theme_ids),
        "members": [
            told.NetworkMember(project_id=member.project_id, from_=member.from_, to=member.to)
            for member in network.members
        ],
        "goals": [tell_names(goal) for goal in network.goals],
    }


def network_of(event: told.NetworkEvent) -> Network:
    """Return the network as it was told."""
    return Network(
        event.network_id,
        event.programme_id,
        read_names(event.names),
        tuple(event.cohort_ids),
        tuple(event.theme_ids),
        tuple(NetworkMember(each.project_id, each.from_, each.to) for each in event.members),
        tuple(read_names(goal) for goal in event.goals),
        event.version,
    )
