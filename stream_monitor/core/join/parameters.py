"""What the label join is told before its first row: how long, and how many, predictions may wait for their label."""

from dataclasses import dataclass

DAY_MS = 24 * 3600 * 1000
MOST_WAITING = 1_500_000
MOST_EARLY = 500_000  # what is written apart from the chunks must stay below a broker's limit of a message
MOST_CLASSES = 64  # and so must a chunk of predictions with all their columns
MOST_KEPT = 16
MOST_VERSIONS = 64  # whose predictions may wait at a time: a label looks for its prediction under each


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinParameters:
    """Bounds of the label join of one model. Raises ValueError for one out of range.

    pending: predictions that may wait for their label; one more displaces the oldest. Raising it costs, each, 85 to 130
    bytes with a class and a probability, and 9 to 20 bytes for every further column: `python -m bench.join`.
    wait_ms: how long after its prediction a label is still used, in ms of event time.
    early, early_wait_ms: the same for labels that come before their prediction; and for those that have met one, but may still
    be the label of what another version predicts.
    remembered: cases that are closed (labelled, or expired) and still known by id for up to `wait_ms`, to tell duplicate,
    conflicting and late labels; 45 bytes each. Labels of cases that are no longer known count as orphans.
    classes: `probability:<class>` columns kept; texts: different texts of a column known at a time, names of versions too.
    kept: further columns whose cells wait with the prediction and come back in the pair, such as `feature:country`; they are
    read from the event of the prediction.
    cut: rows of the model between the moments at which what has expired is removed; chunk: rows of a stored chunk.
    """

    pending: int = 1_000_000
    wait_ms: int = 7 * DAY_MS
    early: int = 100_000
    early_wait_ms: int = DAY_MS
    remembered: int = 250_000
    classes: int = MOST_CLASSES
    texts: int = 1_000
    kept: tuple[str, ...] = ()
    cut: int = 4_096
    chunk: int = 1_024

    def __post_init__(self) -> None:
        for name, most in (
            ("pending", MOST_WAITING),
            ("early", MOST_EARLY),
            ("remembered", MOST_WAITING),
            ("classes", MOST_CLASSES),
            ("texts", 1_000),
            ("wait_ms", 2**53),
            ("early_wait_ms", 2**53),
            ("cut", 4_096),
            ("chunk", 1_024),
        ):
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most:,}")
        if len(self.kept) > MOST_KEPT or len(set(self.kept)) < len(self.kept):
            raise ValueError(f"kept: at most {MOST_KEPT} different columns")
