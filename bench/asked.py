"""What every section is given: sizes, a broker, and a place to say how far it is."""

from dataclasses import dataclass, field

from bench.kafka import Kafka


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """events, repeats: of the sections that do not need their own. quick: so small that it only shows that it works."""

    events: int
    repeats: int
    quick: bool
    kafka: Kafka = field(repr=False)

    def sized(self, full: int, quick: int) -> int:
        """One of both."""
        return quick if self.quick else full

    def say(self, line: str) -> None:
        """Progress, for whoever waits."""
        print(f"  {line}", flush=True)
