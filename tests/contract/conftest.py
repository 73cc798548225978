"""`world`: every test of the contract runs over the log in memory and over a real broker."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.worlds import KafkaWorld, MemoryWorld, World

KAFKA = pytest.param("classic", id="kafka", marks=pytest.mark.kafka)
KIP_848 = pytest.param("consumer", id="kafka-kip848", marks=pytest.mark.kafka)
# For tests of rebalancing: the two group protocols of Kafka differ there.
BOTH_PROTOCOLS = pytest.mark.parametrize(
    "world", [pytest.param("memory", id="memory"), KAFKA, KIP_848], indirect=True
)


@pytest.fixture(params=[pytest.param("memory", id="memory"), KAFKA])
def world(request: pytest.FixtureRequest, topic_name: Callable[[str], str]) -> Iterator[World]:
    """A cluster with the monitor's topics, and everything on it that a test may want to do."""
    made: World
    if request.param == "memory":
        made = MemoryWorld()
    else:
        made = KafkaWorld(request.getfixturevalue("kafka").bootstrap, topic_name, request.param)
    yield made
    made.close()
