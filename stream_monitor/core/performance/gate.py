"""When a figure may be shown: labels that came for a few predictions only are those of the quick cases, not of all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """minimum_pairs: joined pairs in the window. minimum_coverage: 0..1, the share of predictions whose labels are due that have
    one. Raising either shows figures later and makes them safer: labels that come early are seldom like those that come late.
    """

    minimum_pairs: int = 256
    minimum_coverage: float = 0.5

    def __post_init__(self) -> None:
        if self.minimum_pairs < 0 or not 0.0 <= self.minimum_coverage <= 1.0:
            raise ValueError(f"no gate: {self}")

    def reason(self, *, pairs: int, coverage: float | None) -> str | None:
        """Why no figure is shown yet, in words; None: show it. coverage: None while no label is due.

        >>> Gate(minimum_pairs=100).reason(pairs=40, coverage=0.9)
        '40 of the 100 labelled predictions that a figure needs'
        >>> Gate(minimum_pairs=10).reason(pairs=40, coverage=0.32)
        'labels for 32.0 % of the predictions that are due; a figure needs 50.0 %'
        """
        if pairs < self.minimum_pairs:
            return f"{pairs:,} of the {self.minimum_pairs:,} labelled predictions that a figure needs"
        if self.minimum_coverage == 0.0:
            return None
        if coverage is None:
            return "no label is due yet"
        if coverage < self.minimum_coverage:
            return (
                f"labels for {_percent(coverage)} of the predictions that are due; "
                f"a figure needs {_percent(self.minimum_coverage)}"
            )
        return None


def _percent(share: float) -> str:
    """Cut, not rounded: a share below the minimum never reads like it."""
    return f"{int(share * 1000) / 10:.1f} %"
