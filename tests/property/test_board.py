"""What the board answers does not hang on how the records of different topics are interleaved, or cut into batches."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.drift_event import Status
from stream_monitor.formats.operations import Acknowledgement, Mute, taken_back
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.ports import Fetched
from tests.unit.formats.core_values import NOON, OPENED, STATUS, UPDATED
from tests.unit.formats.topic_values import HISTORY, MINUTE, REFERENCES, WORKER
from tests.unit.runtime.board.boards import TOPICS, an_alert, encoded, fetched

RESOLVED = replace(UPDATED, number=2, status=Status.RESOLVED, time=UPDATED.time + 1)
OTHER = an_alert(OPENED, "other", series="feature:steady")
KNOWN = Acknowledgement(alert_id="other", by="ann", reason="", at=NOON)
MUTED = Mute(mute_id="m", model="fraud", by="ben", reason="", at=NOON, until=NOON + MINUTE)
SHIFTED = tuple([start + MINUTE for start in HISTORY.starts])
SAID = (
    (REFERENCES, replace(STATUS, open_alerts=(OPENED,)), WORKER, replace(STATUS, rows=STATUS.rows + 9)),
    (HISTORY, HISTORY, replace(HISTORY, starts=SHIFTED, as_of=HISTORY.as_of + MINUTE)),
    (OPENED, UPDATED, OTHER, RESOLVED),
    (KNOWN, MUTED),
)
RECORDS = [
    [fetched(topic, record) for one in topic_said for topic, records in [encoded(one)] for record in records]
    for topic_said in SAID
]
RECORDS[3].append(fetched(TOPICS.operations, taken_back("mute", "m")))


def answers(board: Board) -> tuple[object, ...]:
    return (
        board.overview(NOON),
        board.model("fraud", NOON),
        board.alerts("all", now=NOON),
        board.heat("fraud"),
        board.series("fraud", ("feature:amount", None, None), now=NOON),
        board.performance("fraud"),
        board.mutes(NOON),
        board.pipeline(NOON),
    )


def folded(batches: list[list[Fetched]]) -> tuple[object, ...]:
    board = Board(TOPICS)
    for batch in batches:
        board.fold(batch)
    return answers(board)


EXPECTED = repr(folded([one for topic in RECORDS for one in ([record] for record in topic)]))


@settings(max_examples=60)
@given(
    order=st.permutations([at for at, topic in enumerate(RECORDS) for _ in topic]),
    cuts=st.lists(st.booleans(), min_size=sum(map(len, RECORDS)), max_size=sum(map(len, RECORDS))),
)
def test_topics_may_be_read_in_any_order(order: list[int], cuts: list[bool]) -> None:
    left = [iter(topic) for topic in RECORDS]
    batches: list[list[Fetched]] = [[]]
    for at, cut in zip(order, cuts, strict=True):
        batches[-1].append(next(left[at]))
        if cut:
            batches.append([])
    assert repr(folded(batches)) == EXPECTED
