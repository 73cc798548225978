"""Quix Streams with its exactly-once guarantee, and one river ADWIN per feature.

The detectors live in the memory of the process, as in Quix's own examples: what this costs is the framework's loop, its
transactions and its state store, into which it writes one small value for every event. After a crash the detectors are gone.
With a window of 1 they are kept in the state store too, pickled with every event: what a restart without a gap would need.
"""

import pickle
import tempfile
import uuid
from collections import defaultdict
from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]  # in an environment of its own
from river.drift import ADWIN

from bench.peers.span import Cost, Span, report, since


class Detectors:
    """Per-event function of the data frame: alarms of one event. stored: the detectors go through the state store."""

    def __init__(self, *, stored: bool) -> None:
        self.read = self.alarms = 0
        self._stored = stored
        self._memory: defaultdict[str, dict[str, ADWIN]] = defaultdict(dict)

    def __call__(self, event: dict[str, Any], state: State) -> list[dict[str, Any]]:
        self.read += 1
        model = event["model"]
        detectors = self._loaded(state) if self._stored else self._memory[model]
        found = []
        for name, number in event["features"].items():
            if name not in detectors:
                detectors[name] = ADWIN()  # type: ignore[no-untyped-call]  # river has no types
            detectors[name].update(number)  # type: ignore[no-untyped-call]  # river has no types
            if detectors[name].drift_detected:
                found.append({"model": model, "feature": name, "time": event["time"]})
        self.alarms += len(found)
        if self._stored:
            state.set("detectors", pickle.dumps(detectors).hex())
        else:
            state.set("events", state.get("events", 0) + 1)
        return found

    def _loaded(self, state: State) -> dict[str, ADWIN]:
        stored = state.get("detectors")
        # Safe here alone: the store is this process's own, under a group name made a moment ago on the benchmark's broker.
        # Who can write to a state topic could run code; the product keeps explicit fields instead.
        return pickle.loads(bytes.fromhex(stored)) if stored else {}


def run(bootstrap: str, topic: str, events: int, window: int) -> Cost:
    """Until `events` events have gone through the frame; the last commit included."""
    own, span, detect = f"bench-quix-{uuid.uuid4().hex[:8]}", Span(), Detectors(stored=window == 1)
    with tempfile.TemporaryDirectory() as directory:
        app = Application(
            broker_address=bootstrap,
            consumer_group=own,
            auto_offset_reset="earliest",
            processing_guarantee="exactly-once",
            commit_interval=1.0,
            state_dir=directory,
            loglevel="ERROR",
        )

        def alarms(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
            span.begin(detect.read)
            if detect.read + 1 == events:
                app.stop()
            return detect(event, state)

        frame = app.dataframe(app.topic(topic, value_deserializer="json", key_deserializer="str"))
        frame = frame.apply(alarms, stateful=True, expand=True)
        frame.to_topic(app.topic(f"{own}-alarms", value_serializer="json", key_serializer="str"))
        app.run()
    return since(span, detect.read, detect.alarms)


if __name__ == "__main__":
    report(run)
