"""Where log lines go, what they look like, and what never gets into them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from stream_monitor.telemetry.logs import LogFormat, configure_logs, get_logger


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()


def lines(style: LogFormat, level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    configure_logs(style, level=level, stream=stream)
    return stream


def test_console_lines_are_key_value_without_colours_off_a_terminal() -> None:
    stream = lines(LogFormat.CONSOLE)
    get_logger("a.b").info("state restored", partition=3, seconds=0.5)
    line = stream.getvalue()
    assert "state restored" in line
    assert "partition=3 seconds=0.5" in line
    assert "a.b" in line
    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_json_lines_are_one_object_each() -> None:
    stream = lines(LogFormat.JSON)
    get_logger("a.b").warning("events rejected", reason="not_json", total=10)
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "events rejected",
        "level": "warning",
        "logger": "a.b",
        "reason": "not_json",
        "total": 10,
    }


@pytest.mark.parametrize("style", LogFormat)
def test_the_standard_library_goes_the_same_way(style: LogFormat) -> None:
    stream = lines(style)
    logging.getLogger("uvicorn.error").error("no %s", "luck")
    assert "no luck" in stream.getvalue()
    assert "uvicorn.error" in stream.getvalue()


@pytest.mark.parametrize("style", LogFormat)
def test_the_level_holds_for_both(style: LogFormat) -> None:
    stream = lines(style, level="warning")
    get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    assert not stream.getvalue()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure_logs(LogFormat.JSON, level="loud")


def test_configuring_again_replaces_the_first() -> None:
    first = lines(LogFormat.JSON)
    second = lines(LogFormat.JSON)
    get_logger("a").info("once")
    assert not first.getvalue()
    assert second.getvalue().count("once") == 1


def test_by_default_everything_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("before").warning("not configured yet")
    configure_logs(LogFormat.CONSOLE)
    get_logger("after").info("configured")
    output = capsys.readouterr()
    assert not output.out
    assert "configured" in output.err


@pytest.mark.parametrize("style", LogFormat)
@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.info("connecting", **{"sasl.password": "hunter2"}),
        lambda log: log.info("connecting with sasl.password=hunter2 to kafka"),
        lambda log: log.info('properties {"ssl.key.password": "hunter2"}'),
        lambda log: log.info(
            "connecting", properties={"sasl.password": "hunter2", "x": [{"api_token": "hunter2"}]}
        ),
        lambda log: log.info("posting", url="https://user:hunter2@example.org/hook"),
        lambda log: log.info("connecting", settings=SecretStr("hunter2")),
        lambda log: log.info("failed", error=ValueError("sasl.password = 'hunter2' is wrong")),
        lambda log: log.info("jaas", sasl_jaas_config="PlainLoginModule hunter2"),
        lambda _: logging.getLogger("rdkafka").info("CONFWARN: sasl.password=%s", "hunter2"),
    ],
)
def test_no_secret_is_written(style: LogFormat, say) -> None:  # type: ignore[no-untyped-def]
    stream = lines(style)
    say(get_logger("a"))
    assert stream.getvalue()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("style", LogFormat)
def test_no_secret_is_written_with_a_traceback(style: LogFormat) -> None:
    stream = lines(style)
    try:
        int("sasl.password=hunter2")
    except ValueError:
        get_logger("a").exception("failed")
        logging.getLogger("b").exception("failed, too")
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("Traceback") == 2


def test_a_value_cannot_forge_a_line() -> None:
    stream = lines(LogFormat.CONSOLE)
    get_logger("a").warning("rejected", detail="x\n2026-11-22 [error] everything is lost")
    assert stream.getvalue().count("\n") == 1


def test_what_json_does_not_know_is_written_as_text() -> None:
    stream = lines(LogFormat.JSON)
    get_logger("a").info("odd", value=object, pair={1: {2}})
    assert json.loads(stream.getvalue())["event"] == "odd"
