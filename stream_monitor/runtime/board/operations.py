"""What people have done about alerts: who knows of which, and what is muted. A fold of the operations topic."""

from typing import Final

from stream_monitor.formats.operations import Acknowledgement, Mute, Operation, TakenBack
from stream_monitor.runtime.board.alert_answers import Acknowledged, Muted

MAX_ACKNOWLEDGEMENTS: Final = 10_000
MAX_MUTES: Final = 1_000


class OperationBook:
    """Acknowledgements and mutes in force. dropped: how many did not fit any more, the oldest first."""

    def __init__(self) -> None:
        self._acknowledgements: dict[str, Acknowledgement] = {}
        self._mutes: dict[str, Mute] = {}
        self.dropped = 0

    def take(self, operation: Operation | TakenBack, now: int) -> None:
        """One record, written at `now` (ms UTC)."""
        match operation:
            case Acknowledgement():
                self._acknowledgements.pop(operation.alert_id, None)
                self._acknowledgements[operation.alert_id] = operation
                self._cap(self._acknowledgements, MAX_ACKNOWLEDGEMENTS)
            case Mute():
                self._mutes.pop(operation.mute_id, None)
                self._mutes[operation.mute_id] = operation
                if len(self._mutes) > MAX_MUTES:
                    self._mutes = {key: mute for key, mute in self._mutes.items() if now < mute.until}
                    self._cap(self._mutes, MAX_MUTES)
            case TakenBack(action="mute"):
                self._mutes.pop(operation.id, None)
            case TakenBack():
                self._acknowledgements.pop(operation.id, None)

    def acknowledged(self, alert_id: str) -> Acknowledged | None:
        """Who knows of the alert."""
        found = self._acknowledgements.get(alert_id)
        return None if found is None else Acknowledged(by=found.by, reason=found.reason, at=found.at)

    def muted(self, model: str, series: str, now: int) -> Muted | None:
        """What mutes the series at `now`: the mute that lasts longest."""
        covering = [mute for mute in self._mutes.values() if mute.covers(model, series, now)]
        if not covering:
            return None
        last = max(covering, key=lambda mute: (mute.until, mute.mute_id))
        return Muted(mute_id=last.mute_id, by=last.by, reason=last.reason, until=last.until)

    def mutes(self, now: int) -> tuple[Mute, ...]:
        """Those in force at `now`, the one that ends first at the front."""
        held = [mute for mute in self._mutes.values() if now < mute.until]
        return tuple(sorted(held, key=lambda mute: (mute.until, mute.mute_id)))

    def _cap(self, held: dict[str, Mute] | dict[str, Acknowledgement], most: int) -> None:
        while len(held) > most:
            del held[next(iter(held))]
            self.dropped += 1
