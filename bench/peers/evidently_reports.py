"""Evidently: its data drift report of every window of events against the first window."""

import orjson
import pandas as pd  # type: ignore[import-untyped]  # in an environment of its own
from evidently import Report  # type: ignore[import-not-found]  # in an environment of its own
from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]  # in an environment of its own

from bench.peers.consumer import Events
from bench.peers.span import Cost, Span, report, since


def run(bootstrap: str, topic: str, events: int, window: int) -> Cost:
    """Its default test for that many rows, no HTML. What is found: features called drifted, over all reports."""
    span, read, found, reference = Span(), 0, 0, None
    source = Events(bootstrap, topic, events)
    for values in source.windows(window):
        frame = pd.DataFrame([orjson.loads(value)["features"] for value in values])
        read += len(values)
        if reference is None:
            reference = frame
            Report([DataDriftPreset()]).run(frame, reference)  # what is loaded at first use is not counted
            span.begin(read)
            continue
        drifted = Report([DataDriftPreset()]).run(frame, reference).dict()["metrics"][0]
        found += int(drifted["value"]["count"])
    return since(span, read, found)


if __name__ == "__main__":
    report(run)
