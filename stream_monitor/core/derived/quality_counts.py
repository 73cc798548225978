"""What a series counts of its cells beyond their codes: the places of these counters behind those of the codes."""

from typing import Final

from stream_monitor.core.batch import Cell
from stream_monitor.core.derived.names import Fault

WRONG_KIND: Final = len(Cell)  # a present cell of another kind than the series
UNSEEN: Final = len(Cell) + 1  # a category that the reference does not know
OUT_OF_RANGE: Final = len(Cell) + 2
NOT_ALLOWED: Final = len(Cell) + 3
OUTLYING: Final = len(Cell) + 4
COUNTERS: Final = len(Cell) + 5
COUNTED: Final = {Fault.OUT_OF_RANGE: OUT_OF_RANGE, Fault.OUTLIER: OUTLYING}
