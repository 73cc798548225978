import pytest

from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS, format_rfc3339, parse_rfc3339

NOON = 1795255200123


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-21T10:00:00.123Z", NOON),
        ("2026-11-21t10:00:00.123z", NOON),
        ("2026-11-21 10:00:00.123Z", NOON),
        ("2026-11-21T10:00:00.1239999Z", NOON),
        ("2026-11-21T10:00:00.123456+00:00", NOON),
        ("2026-11-21T15:30:00.123+05:30", NOON),
        ("2026-11-21T02:00:00.123-08:00", NOON),
        ("2026-11-21T10:00:00.123-00:00", NOON),
        ("2026-11-21T10:00:00Z", NOON - 123),
        ("2026-11-21T10:00:00.1Z", NOON - 23),
        ("1990-12-31T23:59:60Z", 662688000000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00.000Z", EARLIEST_MS),
        ("9999-12-31T23:59:59.999Z", LATEST_MS),
    ],
)
def test_rfc3339_is_read_to_the_millisecond(text: str, time: int) -> None:
    assert parse_rfc3339(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795255200123",
        "2026-11-21",
        "2026-11-21T10:00:00",
        "2026-11-21T10:00:00.123",
        "2026-11-21T10:00Z",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00,123Z",
        "2026-11-21T10:00:00.123+0100",
        "2026-11-21T10:00:00.123+01",
        "2026-11-21T10:00:00.123+24:00",
        "2026-11-21T10:00:00.123+01:00:00",
        "2026-W47-6T10:00:00.123Z",
        "20261121T100000.1234567Z",
        "2026-02-30T10:00:00.000Z",
        "2026-11-21T24:00:00.000Z",
        "2026-11-21T10:60:00.000Z",
        "2026-11-21T10:00:61.000Z",
        "0000-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "\u0662026-11-21T10:00:00.123Z",
        " 2026-11-21T10:00:00.123Z",
    ],
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_rfc3339(text)
    assert str(caught.value) in {
        "not RFC 3339 with an offset, such as 2026-11-21T10:00:00.123Z",
        "no such date or time of day",
        "outside the years 1 to 9999",
    }


def test_times_are_written_with_milliseconds_and_z() -> None:
    assert format_rfc3339(NOON) == "2026-11-21T10:00:00.123Z"
    assert format_rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert format_rfc3339(EARLIEST_MS) == "0001-01-01T00:00:00.000Z"
    assert format_rfc3339(LATEST_MS) == "9999-12-31T23:59:59.999Z"
