"""What a request wants to change: an operation for the operations topic, made of its address and body and checked.

Knows neither who may (`access`) nor where it is written.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from stream_monitor.formats import operations as topic
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.operations import Acknowledgement, Mute, RefusedOperation
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import OperationsWriter
from stream_monitor.web.access import body_of
from stream_monitor.web.operations import Operation, parsed_body
from stream_monitor.web.parameters import AcknowledgeBody, MuteBody
from stream_monitor.web.refusals import Refused

WRITE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record for the operations topic. check: raises Refused (404) where there is nothing to change. answer: what is told."""

    record: EncodedRecord
    check: Callable[[Board], None]
    answer: Acknowledgement | Mute | None = None

    def write(self, writer: OperationsWriter) -> Acknowledgement | Mute | None:
        """Write it for good; the answer. Raises StreamMonitorError."""
        writer.write(self.record, Deadline(WRITE_SECONDS))
        return self.answer


async def change_of(operation: Operation, request: Request, now: int) -> Change:
    """The change that is wanted. now: ms UTC. Raises Refused."""
    content = b"" if operation.body is None else await body_of(request)
    try:
        match operation.name:
            case "acknowledge":
                return _acknowledge(request.path_params["alert_id"], content, now)
            case "take_acknowledgement_back":
                return _take_back(request.path_params["alert_id"])
            case "mute":
                return _mute(content, now)
            case "unmute":
                return _unmute(request.path_params["mute_id"], now)
    except RefusedOperation as error:
        raise Refused(400, str(error)) from error
    raise ValueError(operation.name)


def _acknowledge(alert_id: str, content: bytes, now: int) -> Change:
    body = parsed_body(content, AcknowledgeBody)
    made = Acknowledgement(alert_id=alert_id, by=body.by, reason=body.reason, at=now)
    return Change(record=topic.encode(made), check=_alert_known(alert_id), answer=made)


def _take_back(alert_id: str) -> Change:
    return Change(record=topic.taken_back("acknowledge", alert_id), check=_alert_known(alert_id))


def _mute(content: bytes, now: int) -> Change:
    body = parsed_body(content, MuteBody)
    made = Mute(
        mute_id=secrets.token_hex(8),
        model=body.model,
        series=body.series,
        by=body.by,
        reason=body.reason,
        at=now,
        until=body.end(now),
    )

    def check(board: Board) -> None:
        if all(one.model != body.model for one in board.overview(now).models):
            raise Refused(404, f"there is no model {body.model!r}")

    return Change(record=topic.encode(made), check=check, answer=made)


def _unmute(mute_id: str, now: int) -> Change:
    def check(board: Board) -> None:
        if all(mute.mute_id != mute_id for mute in board.mutes(now).mutes):
            raise Refused(404, f"no mute {mute_id!r} holds")

    return Change(record=topic.taken_back("mute", mute_id), check=check)


def _alert_known(alert_id: str) -> Callable[[Board], None]:
    def check(board: Board) -> None:
        if board.alert(alert_id, 0) is None:
            raise Refused(404, f"there is no alert {alert_id!r}, or it is too long ago")

    return check
