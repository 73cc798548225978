"""Texts by small numbers that stay theirs as long as they are used: the dictionary of a column, or of versions."""

from collections.abc import Iterable, Sequence
from typing import Final

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields

LARGEST: Final = 16_000  # UTF-8 bytes of all texts of a dictionary: it is stored whole with every checkpoint
NOT_KEPT: Final = -1


class Names:
    """At most `most` texts at a time, first come. Cost: a dictionary look-up."""

    __slots__ = ("_bytes", "_free", "_most", "_places", "_texts")

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[str, int] = {}
        self._texts: list[str] = []  # "" where a place is free
        self._free: list[int] = []  # falling: the lowest is given first
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._places)

    def add(self, text: str) -> int:
        """The place of `text`; NOT_KEPT when there is no room for it."""
        place = self._places.get(text)
        if place is not None:
            return place
        size = len(text.encode("utf-8", "surrogatepass"))
        if len(self._places) >= self._most or self._bytes + size > LARGEST:
            return NOT_KEPT
        if self._free:
            place = self._free.pop()
            self._texts[place] = text
        else:
            place = len(self._texts)
            self._texts.append(text)
        self._places[text] = place
        self._bytes += size
        return place

    def held(self) -> list[str]:
        """The texts that have a place."""
        return list(self._places)

    def texts(self) -> tuple[str, ...]:
        """All texts by place; "" at free places."""
        return tuple(self._texts)

    @property
    def is_crowded(self) -> bool:
        """Whether it is time to free the places no longer used."""
        return 4 * len(self._places) >= 3 * self._most or 4 * self._bytes >= 3 * LARGEST

    def keep(self, used: Iterable[int]) -> None:
        """Free all places but `used`."""
        held = set(used)
        for text, place in list(self._places.items()):
            if place not in held:
                del self._places[text]
                self._texts[place] = ""
                self._bytes -= len(text.encode("utf-8", "surrogatepass"))
        self._free = [place for place in range(len(self._texts) - 1, -1, -1) if place not in held]

    def dump(self) -> Sequence[Plain]:
        """Place and text of each, by place."""
        return [[place, text] for text, place in sorted(self._places.items(), key=lambda entry: entry[1])]

    @classmethod
    def load(cls, fields: Fields, name: str, most: int) -> "Names":
        """The inverse of `dump`; `most` may be lower than it was. Raises CorruptState."""
        names = cls(most)
        for entry in fields.rows(name):
            if not (isinstance(entry, Sequence) and len(entry) == 2):
                raise fields.wrong(name, "not places with texts")
            place, text = entry
            if type(place) is not int or not isinstance(text, str) or text in names._places:
                raise fields.wrong(name, "not a place and a new text")
            if not len(names._texts) <= place < 2**16:
                raise fields.wrong(name, "places do not rise, or too many")
            names._texts += [""] * (place - len(names._texts)) + [text]
            names._places[text] = place
            names._bytes += len(text.encode("utf-8", "surrogatepass"))
        held = set(names._places.values())
        names._free = [place for place in range(len(names._texts) - 1, -1, -1) if place not in held]
        return names
