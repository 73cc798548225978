"""Logs: structlog and the standard library through one handler to stderr, key=value for people or JSON for machines.

Standard output belongs to data. No secret is ever written: values of keys that name one are masked, and so is anything
in a text that looks like an assignment to one (librdkafka quotes properties in its messages).
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from enum import StrEnum
from typing import Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

MASK: Final = "***"
_WORDS: Final = "password|passphrase|passwd|secret|token|credential|jaas|private[._-]?key|ssl[._]key[._]pem"
_NAME: Final = rf"[\w.-]*(?:{_WORDS})[\w.-]*"
_SECRET_KEY: Final = re.compile(rf"^{_NAME}$", re.IGNORECASE)
_ASSIGNED: Final = re.compile(rf"({_NAME}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}}\]]+)", re.IGNORECASE)
_IN_URL: Final = re.compile(r"(://[^\s/:@]+:)([^\s/@]+)(@)")


class LogFormat(StrEnum):
    """How a line looks."""

    CONSOLE = "console"
    JSON = "json"


def configure_logs(style: LogFormat, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr) in `style`; calling it again replaces what it did before.

    level: name of a standard level. Raises ValueError for an unknown one.
    """
    output = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(style, output)],
        )
    )
    root = logging.getLogger()
    root.setLevel(level.upper())
    for old in root.handlers[:]:
        if getattr(old, "of_stream_monitor", False):
            root.removeHandler(old)
    handler.of_stream_monitor = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for code of the package; unlike structlog's own it never writes to standard output."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), wrapper_class=structlog.stdlib.BoundLogger
    )
    return logger


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: mask what a key or a text gives away.

    >>> mask_secrets(None, "", {"event": "connect sasl.password=hunter2 ok", "api_token": "t"})
    {'event': 'connect sasl.password=*** ok', 'api_token': '***'}
    """
    for key, value in event.items():
        event[key] = MASK if _SECRET_KEY.match(key) else _masked(value)
    return event


def _masked(value: object) -> object:
    if isinstance(value, str):
        return _IN_URL.sub(rf"\g<1>{MASK}\g<3>", _ASSIGNED.sub(rf"\g<1>{MASK}", value))
    if isinstance(value, BaseException):
        return _masked(f"{type(value).__name__}: {value}")
    if isinstance(value, Mapping):
        return {
            k: MASK if isinstance(k, str) and _SECRET_KEY.match(k) else _masked(v) for k, v in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_masked(item) for item in value]
    return value


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _last(style: LogFormat, output: TextIO) -> list[Processor]:
    """What turns an event into a line. Tracebacks become text first, so that they are masked like everything else."""
    text: list[Processor] = [structlog.processors.format_exc_info, mask_secrets]
    if style is LogFormat.JSON:
        return [*text, structlog.processors.JSONRenderer(serializer=_json)]
    colours = output.isatty()
    return [*text, structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0, exception_formatter=_plain)]


def _json(event: MutableMapping[str, object], **_options: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(stream: TextIO, exc_info: ExcInfo) -> None:
    structlog.dev.plain_traceback(stream, exc_info)
