"""A check as a value."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"  # it works, but not as it should
    FAIL = "fail"  # it does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """what: it is about. said: what was seen. fix: what to do; None where there is nothing to mend."""

    what: str
    verdict: Verdict
    said: str
    fix: str | None = None


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "broker"), counted(1_200, "topic")
    ('1 broker', '1,200 topics')
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def passed(what: str, said: str) -> Check:
    """All is well."""
    return Check(what=what, verdict=Verdict.OK, said=said)


def warned(what: str, said: str, fix: str) -> Check:
    """It works, but not as it should."""
    return Check(what=what, verdict=Verdict.WARN, said=said, fix=fix)


def failed(what: str, said: str, fix: str) -> Check:
    """It does not work."""
    return Check(what=what, verdict=Verdict.FAIL, said=said, fix=fix)
