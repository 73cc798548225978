"""Learning what is normal: the first cells of a series are kept until there are enough to fix its kind and reference.

This is the only place of the product's state that holds raw values, and only until the warm-up ends.
"""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import boolean, numeric, present, text_of
from stream_monitor.core.detector import FloatArray, Kind, Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.reference import (
    Reference,
    identifier,
    learn_boolean,
    learn_categorical,
    learn_numeric,
)

_IDENTIFIER_SHARE = 0.5  # of distinct texts among all
_IDENTIFIER_DISTINCT = 100
_MOST_CATEGORIES = (
    20_000  # twice what must be told from identifiers: the estimate from 1,000 texts errs by 15%
)


class WarmUp:
    """The present cells of a series so far, at most `size` of them, and how many were unusable."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._texts: dict[str, int] = {}
        self._codes = bytearray()
        self._values: list[float] = []
        self._times: list[int] = []
        self.unusable = 0

    @property
    def ratio(self) -> float:
        """How much of the warm-up is done, 0..1."""
        return len(self._codes) / self._size

    @property
    def done(self) -> bool:
        """Whether there are enough values to learn from."""
        return len(self._codes) >= self._size

    def take(self, column: Column, times: NDArray[np.int64]) -> int:
        """Keep cells of `column` (n,), with their event times, until there are enough. Returns how many cells were consumed,
        present or not.
        """
        here = present(column.codes)
        total = np.cumsum(here)
        missing = self._size - len(self._codes)
        used = (
            len(here) if len(total) == 0 or total[-1] < missing else int(np.searchsorted(total, missing)) + 1
        )
        kept = np.flatnonzero(here[:used])
        self.unusable += used - len(kept)
        self._codes += column.codes[kept].tobytes()
        self._values += self._moved(column, kept).tolist()
        self._times += times[kept].tolist()
        return used

    def _moved(self, column: Column, kept: NDArray[np.intp]) -> FloatArray:
        """Values (k,) of the kept cells; texts as places in the own dictionary, in order of appearance."""
        values = column.values[kept]
        is_text = column.codes[kept] == Cell.TEXT
        if is_text.any():
            theirs = dict.fromkeys(values[is_text].astype(np.intp).tolist())
            ours = {at: self._texts.setdefault(column.texts[at], len(self._texts)) for at in theirs}
            values[is_text] = [ours[at] for at in values[is_text].astype(np.intp).tolist()]
        return values

    def column(self) -> Column:
        """The kept cells, (size,), in arrival order."""
        codes = np.frombuffer(bytes(self._codes), np.uint8)
        return Column(values=np.array(self._values, np.float64), codes=codes, texts=tuple(self._texts))

    def times(self) -> NDArray[np.int64]:
        """Event times (size,) of the kept cells, ms UTC."""
        return np.array(self._times, np.int64)

    def learn(self, kind: Kind | None, *, categories: int) -> Reference:
        """The reference of the kept cells, of the given kind or the one they suggest."""
        return learn(self.column(), kind, unusable=self.unusable, categories=categories)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "size": self._size,
            "unusable": self.unusable,
            "codes": bytes(self._codes),
            "values": np.array(self._values, "<f8").tobytes(),
            "times": np.array(self._times, "<i8").tobytes(),
            "texts": list(self._texts),
        }

    @classmethod
    def load(cls, plain: Plain) -> "WarmUp":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "warm_up")
        self = cls(fields.integer("size", least=1))
        self.unusable = fields.integer("unusable", least=0)
        codes, values = fields.array("codes", "<u1"), fields.array("values", "<f8")
        times = fields.array("times", "<i8")
        texts = fields.texts("texts")
        if not len(codes) == len(values) == len(times) <= self._size:
            raise fields.wrong("values", "codes, values and times do not fit")
        places = values[codes == Cell.TEXT]
        if len(places) and not (places.min() >= 0 and places.max() < len(texts)):
            raise fields.wrong("texts", "a text is not in the dictionary")
        self._codes, self._values, self._times = bytearray(codes.tobytes()), values.tolist(), times.tolist()
        self._texts = {text: at for at, text in enumerate(texts)}
        return self


def learn(column: Column, kind: Kind | None, *, unusable: int, categories: int) -> Reference:
    """The reference of the present cells of `column`; cells of another kind than the series' are unusable."""
    chosen = kind or infer_kind(column)
    if chosen is Kind.NUMERIC or chosen is Kind.BOOLEAN:
        values = numeric(column) if chosen is Kind.NUMERIC else boolean(column)
        learner = learn_numeric if chosen is Kind.NUMERIC else learn_boolean
        if len(values.numbers):
            return learner(values.numbers, unusable=unusable + int((~values.usable).sum()))
        return identifier(
            size=0, unusable=unusable + len(column.codes)
        )  # nothing of its kind: counted, not watched
    here = np.flatnonzero(present(column.codes)).tolist()
    unusable += len(column.codes) - len(here)
    if chosen is Kind.IDENTIFIER or not here:
        return identifier(size=len(here), unusable=unusable)
    texts = [text_of(column, at) for at in here]
    return learn_categorical(texts, unusable=unusable, cap=categories)


def infer_kind(column: Column) -> Kind:
    """What most of the present cells are. Near-unique texts are identifiers; the numbers 0 and 1 alone are booleans.

    Near-unique: more than 100 and more than half of them differ, and there are more than 20,000 of them, seen or not. How many
    there are is estimated from those that were seen once and twice (Chao, Scand. J. Statist. 11, 1984): most of 10,000
    categories come once in 1,000 events, too.
    """
    codes = column.codes
    numbers = int((codes == Cell.NUMBER).sum())
    booleans = int(((codes == Cell.TRUE) | (codes == Cell.FALSE)).sum())
    texts = int((codes == Cell.TEXT).sum())
    if texts > max(numbers, booleans):
        return Kind.IDENTIFIER if _near_unique(column.values[codes == Cell.TEXT]) else Kind.CATEGORICAL
    if booleans > numbers:
        return Kind.BOOLEAN
    binary = set(np.unique(column.values[codes == Cell.NUMBER]).tolist()) <= {0.0, 1.0}
    return Kind.BOOLEAN if binary else Kind.NUMERIC


def _near_unique(texts: FloatArray) -> bool:
    """texts: (n,) places in a dictionary, n >= 1."""
    _, times = np.unique(texts, return_counts=True)
    if len(times) <= max(_IDENTIFIER_DISTINCT, _IDENTIFIER_SHARE * len(texts)):
        return False
    once, twice = int((times == 1).sum()), int((times == 2).sum())
    return once * once > 2 * twice * (_MOST_CATEGORIES - len(times))
