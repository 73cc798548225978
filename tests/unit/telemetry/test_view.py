import dataclasses

import pytest

from stream_monitor.telemetry.view import ViewHolder
from tests.views import a_view


def test_a_worker_is_ready_only_when_nothing_is_missing() -> None:
    assert a_view().ready
    assert not a_view(running=False).ready
    assert not a_view(joined=False).ready
    assert not a_view(restored=False).ready


def test_a_reader_keeps_the_whole_view_it_has_while_the_writer_publishes_another() -> None:
    first, second = a_view(beat=1.0), a_view(beat=2.0)
    holder = ViewHolder(first)
    read = holder.view
    holder.publish(second)
    assert (read.beat, holder.view.beat) == (1.0, 2.0)


def test_a_published_view_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        a_view().beat = 3.0  # type: ignore[misc]
