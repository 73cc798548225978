import pytest
import typer
from typer.testing import CliRunner

from stream_monitor.cli.failures import Commands, WrongUsage, usage
from stream_monitor.config.problems import InvalidConfiguration, Problem
from stream_monitor.core.errors import StreamMonitorError

PROBLEM = Problem(file="m.yaml", line=7, column=3, path="models[0]", what="wrong", write="write right")


def failing(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None: ...

    return app


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (StreamMonitorError("no broker; start one"), 1, "error: no broker; start one\n"),
        (WrongUsage("no such column"), 2, "error: no such column\n"),
        (InvalidConfiguration([PROBLEM]), 2, "m.yaml:7:3 models[0]: wrong; write right\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_is_a_message_and_a_code(error: BaseException, code: int, said: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stderr, result.stdout) == (code, said, "")


def test_a_defect_is_not_dressed_up_as_an_error_of_the_user() -> None:
    result = CliRunner().invoke(failing(ZeroDivisionError("defect")), ["fail"])
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)


def test_what_is_refused_as_wrong_usage_keeps_its_words() -> None:
    with pytest.raises(WrongUsage, match=r"^no such file$"), usage():
        raise StreamMonitorError("no such file")


def test_problems_of_a_configuration_stay_what_they_are() -> None:
    with pytest.raises(InvalidConfiguration), usage():
        raise InvalidConfiguration([PROBLEM])
