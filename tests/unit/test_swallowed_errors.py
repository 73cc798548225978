"""The guard that every test runs under does see what Python would only print."""

import threading

import pytest

from tests.swallowed_errors import fail_on_swallowed_errors


def raise_in_thread() -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()


class RaisesInFinaliser:
    def __del__(self) -> None:
        raise ValueError("nobody hears this")


def test_an_exception_that_ends_a_thread_is_a_failure() -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"thread worker: ZeroDivisionError"),
        fail_on_swallowed_errors(),
    ):
        raise_in_thread()


def test_an_exception_in_a_finaliser_is_a_failure() -> None:
    with pytest.raises(pytest.fail.Exception, match="nobody hears this"), fail_on_swallowed_errors():
        RaisesInFinaliser()


def test_quiet_code_passes() -> None:
    with fail_on_swallowed_errors():
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
