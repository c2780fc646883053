"""The accounts' rights on Kafka fit what the services do."""

import pytest

from deploy.operate.accounts.rights import READS
from deploy.services import SERVICES, subscriptions


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_read_the_topics_that_it_subscribes_to(service: str) -> None:
    subscribed = {
        subscription.topic
        for subscription in subscriptions(service).values()
        if not subscription.is_inbound
    }

    assert subscribed <= set(READS[service])
