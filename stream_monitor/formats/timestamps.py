"""Times as text: RFC 3339 in and out, always milliseconds UTC inside. Knows no clock."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(  # section 5.6; a blank for the T is allowed by its note, a missing offset is not
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
EARLIEST_MS = -62_135_596_800_000  # 0001-01-01: what text can say bounds what a number may say
LATEST_MS = 253_402_300_799_999  # 9999-12-31


def parse_rfc3339(text: str) -> int:
    """Milliseconds UTC of `text`; digits beyond the millisecond are cut off.

    Raises ValueError (its text holds no part of `text`) when it is not RFC 3339 or has no offset. Cost: 0.3 µs for
    the form `2026-11-21T10:00:00.123Z`, 1.5 µs for others.

    >>> parse_rfc3339("2026-11-21T10:00:00.123Z"), parse_rfc3339("2026-11-21T11:00:00.123456+01:00")
    (1795255200123, 1795255200123)
    """
    # In this frame `fromisoformat` accepts nothing but RFC 3339 (it would take week dates and basic forms elsewhere).
    if len(text) == 24 and text[23] == "Z" and text[19] == "." and text[10] == "T" and text[7] == "-":
        try:
            since = datetime.fromisoformat(text) - _EPOCH
        except ValueError:
            return _parse_any(text)
        return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    return _parse_any(text)


def format_rfc3339(time: int) -> str:
    """`time` (ms UTC, year 1 to 9999) as RFC 3339 with milliseconds and Z.

    >>> format_rfc3339(1795255200123)
    '2026-11-21T10:00:00.123Z'
    """
    moment = _EPOCH + timedelta(milliseconds=time)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").rjust(20, "0") + f"{moment.microsecond // 1000:03d}Z"


def _parse_any(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not RFC 3339 with an offset, such as 2026-11-21T10:00:00.123Z")
    day, minute, second, fraction, sign, hours, minutes = match.groups()
    leap = second == "60"  # RFC 3339 section 5.7; UTC as computers keep it has no such second
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:{'59' if leap else second}+00:00")
    except ValueError:
        raise ValueError("no such date or time of day") from None
    since = moment - _EPOCH
    milliseconds = since.days * 86_400_000 + since.seconds * 1000 + int(((fraction or "") + "000")[:3])
    if leap:
        milliseconds += 1000
    if sign is not None:
        offset = int(hours) * 3_600_000 + int(minutes) * 60_000
        milliseconds += -offset if sign == "+" else offset
    if not EARLIEST_MS <= milliseconds <= LATEST_MS:
        raise ValueError("outside the years 1 to 9999")
    return milliseconds
