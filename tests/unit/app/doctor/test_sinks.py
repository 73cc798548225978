import socket

from stream_monitor.app.doctor.checks import Verdict
from stream_monitor.app.doctor.sinks import sink_check


def test_a_sink_that_listens_is_fine_and_its_path_is_never_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = sink_check("hook", f"http://127.0.0.1:{port}/services/T0-secret")
    assert (check.verdict, check.said) == (Verdict.OK, f"127.0.0.1:{port} takes connections")


def test_a_sink_that_is_away_fails_with_its_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check = sink_check("alerts", f"http://127.0.0.1:{port}")
    assert (check.verdict, check.what) == (Verdict.FAIL, "sink alerts")
    assert check.said == f"127.0.0.1:{port} does not answer: Connection refused"
    assert check.fix is not None


def test_one_that_does_not_speak_tls_is_no_https() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = sink_check("hook", f"https://127.0.0.1:{port}", seconds=0.1)
    assert check.verdict is Verdict.FAIL
