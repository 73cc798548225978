"""whylogs: a profile of every window of events. It says nothing of drift yet: profiles are compared elsewhere, later."""

import orjson
import pandas as pd  # type: ignore[import-untyped]  # in an environment of its own
import whylogs  # type: ignore[import-not-found]  # in an environment of its own

from bench.peers.consumer import Events
from bench.peers.span import Cost, Span, report, since


def run(bootstrap: str, topic: str, events: int, window: int) -> Cost:
    """One profile for `window` events; writing it somewhere is left out."""
    span, read, found = Span(), 0, 0
    source = Events(bootstrap, topic, events)
    for values in source.windows(window):
        frame = pd.DataFrame([orjson.loads(value)["features"] for value in values])
        view = whylogs.log(frame).view()
        found += len(view.get_columns())
        read += len(values)
        span.begin(read)
    return since(span, read, found)


if __name__ == "__main__":
    report(run)
