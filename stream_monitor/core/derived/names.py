"""What series are called that are computed from rows, and the alerts that state plain facts."""

from enum import StrEnum
from typing import Final

TRAFFIC: Final = "traffic"
CONFIDENCE: Final = "confidence"
QUALITY: Final = "quality:"
ABSENT: Final = "traffic:absent"  # an alert without a series: what is silent brings no values
SCHEMA: Final = "schema:"
CONSTRAINT: Final = "constraint:"


class Fault(StrEnum):
    """What can be wrong with an event; the name of the series that says how often it is."""

    TYPE_ERROR = "quality:type_error"  # a value of another kind than its feature's
    OUT_OF_RANGE = "quality:out_of_range"
    UNSEEN = "quality:unseen"  # a category that the reference does not know, or that is not allowed
    REQUIRED = "quality:required"  # a required feature is missing
    DUPLICATE = "quality:duplicate"  # the same id came before
    OUTLIER = "outlier"  # a value that is all but never seen: unusual, not necessarily wrong


FAULTS: Final = frozenset(str(fault) for fault in Fault)
OF_MODEL: Final = FAULTS | {TRAFFIC}
