"""What otherwise happens every few hundred labelled predictions happens every few dozen, so that small programs see it."""

from collections.abc import Iterator

import pytest

from stream_monitor.core.performance import version


@pytest.fixture(autouse=True)
def _performance_is_asked_often() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(version, "STEP", 32)
        yield
