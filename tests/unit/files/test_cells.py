from datetime import UTC, datetime, timedelta, timezone

import pytest

from stream_monitor.files.cells import text_of, time_of

TEN = int(datetime(2026, 11, 21, 10, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-21T10:00:00Z", TEN),
        ("2026-11-21T10:00:00.123Z", TEN + 123),
        ("2026-11-21T10:00:00.123456Z", TEN + 123),
        ("2026-11-21T12:00:00+02:00", TEN),
        ("2026-11-21 10:00:00", TEN),
        ("2026-11-21 10:00", TEN),
        (" 2026-11-21 10:00:00 ", TEN),
        ("2026-11-21", TEN - 10 * 3600 * 1000),
        ("1969-12-31 23:59:59.999", -1),
        (str(TEN), TEN),
        ("-5", -5),
        (TEN, TEN),
        (float(TEN), TEN),
        (0, 0),
        (datetime(2026, 11, 21, 11, tzinfo=timezone(timedelta(hours=1))).isoformat(), TEN),
    ],
)
def test_times(value: object, expected: int) -> None:
    assert time_of(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30T00:00:00Z",
            "9" * 19,
            "9" * 40,
            "\u0661\u0662",
            "\u00b2",
        ),
        *(None, True, 1.5, 10**16, float("nan"), float("inf"), [], {}),
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert time_of(value) is None


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (7, "7"), (7.0, "7"), ("007", "007"), (2**70, str(2**70))]
)
def test_ids_and_versions_as_text(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("value", [None, True, 7.5, [], {}, float("nan"), float("inf")])
def test_what_is_neither_text_nor_a_whole_number(value: object) -> None:
    assert text_of(value) is None
