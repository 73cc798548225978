"""Features and predictions that come in events of their own: a sample of them is kept until the other event of the id comes.

In whichever order they come. A row is in the sample or not by its ordinal alone, and what it finds is looked up by the id.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.importance.coding import NOTHING, OUTPUTS, VALUES, Groups

KEPT: Final = 1_024  # ids; of one row in 16 they are those of the last 16,000
LONGEST: Final = 100  # characters of an id that is kept


class Told(NamedTuple):
    """What rows told, in their order: ids, whether they are in the sample, features (k, f) and outputs (k,), all of them coded.

    The output of a row with features is NOTHING; of a row with an output the features do not count.
    """

    ids: Sequence[str]
    sampled: NDArray[np.bool_]
    features: Groups
    outputs: Groups


class Pairs(NamedTuple):
    """features: (k, f). outputs: (k,)."""

    features: Groups
    outputs: Groups


class Apart:
    """The last KEPT ids that were sampled, each with its features or with its output: a byte for each feature, or one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes | int] = OrderedDict()

    def concerned(
        self, ids: Sequence[str | None], at: NDArray[np.intp], sampled: NDArray[np.bool_]
    ) -> NDArray[np.intp]:
        """Those of the rows at (k,) that are sampled, (k,), or may complete one that is. Cost: 0.1 µs each."""
        kept, new = self._kept, {ids[one] for one in at[sampled].tolist()}
        found = [one for one in at.tolist() if (of := ids[one]) in kept or of in new]
        return np.array([one for one in found if len(ids[one] or "") in range(1, LONGEST + 1)], np.intp)

    def pair(self, told: Told) -> Pairs:
        """Rows that follow those before; what they complete. Features pair with every prediction of their id while they are kept,
        a prediction that came first pairs once.
        """
        features: list[bytes] = []
        outputs: list[int] = []
        for at, (of, sampled, output) in enumerate(
            zip(told.ids, told.sampled.tolist(), told.outputs.tolist(), strict=True)
        ):
            mine: bytes | int = told.features[at].tobytes() if output == NOTHING else output
            before = self._kept.get(of)
            if isinstance(before, bytes) and isinstance(mine, int):
                features.append(before)
                outputs.append(mine)
                continue
            if isinstance(before, int) and isinstance(mine, bytes):
                features.append(mine)
                outputs.append(before)
            elif not sampled:
                continue
            self._keep(of, mine)
        both = np.frombuffer(b"".join(features), np.uint8)
        return Pairs(both.reshape(len(outputs), told.features.shape[1]), np.array(outputs, np.uint8))

    def _keep(self, of: str, what: bytes | int) -> None:
        """As the latest; the oldest goes where there is no room."""
        self._kept[of] = what
        self._kept.move_to_end(of)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def forget_features(self) -> None:
        """What features are coded by has changed."""
        self._kept = OrderedDict((of, what) for of, what in self._kept.items() if isinstance(what, int))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields. outputs: NOTHING for an id whose features are kept, which are all in `features`."""
        whats = list(self._kept.values())
        return {
            "ids": list(self._kept),
            "outputs": bytes([what if isinstance(what, int) else NOTHING for what in whats]),
            "features": b"".join(what for what in whats if isinstance(what, bytes)),
        }

    @classmethod
    def load(cls, plain: Plain, *, features: int) -> "Apart":
        """The inverse of `dump`, for so many features. Raises CorruptState."""
        fields = Fields(plain, "apart")
        apart = cls()
        ids = fields.texts("ids")
        if not len(set(ids)) == len(ids) <= KEPT:
            raise fields.wrong("ids", "too many, or not one each")
        outputs = fields.array("outputs", "<u1", (len(ids),))
        waiting = outputs != NOTHING
        groups = fields.array("features", "<u1", (int((~waiting).sum()), features))
        if (outputs[waiting] >= OUTPUTS).any() or (groups >= VALUES).any():
            raise fields.wrong("outputs", "no such group")
        if len(groups) != (~waiting).sum():
            raise fields.wrong("features", "not those of each id")
        rows = iter(groups)
        for of, output in zip(ids, outputs.tolist(), strict=True):
            apart._kept[of] = next(rows).tobytes() if output == NOTHING else output
        return apart
