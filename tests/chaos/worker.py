"""One worker in a process of its own: `python -m tests.chaos.worker SETTINGS [BRAKE RECORDS]`.

SETTINGS: JSON of dotted keys. While the file BRAKE exists it reads slowly, at most RECORDS a turn, so that there is work
left for every kill; else it is what `run` runs.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path
from unittest.mock import patch

import orjson

from stream_monitor.app import composition
from stream_monitor.app.service import configure_logging, run_service, stop_on_signals
from stream_monitor.config import load
from stream_monitor.runtime.worker import WorkerOptions

BRAKED_SECONDS = 0.06


def main() -> None:
    settings = load(None, {}, orjson.loads(sys.argv[1]))
    brake = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    configure_logging(settings)
    options = partial(WorkerOptions, poll_records=int(sys.argv[3])) if brake else WorkerOptions
    with patch.object(composition, "WorkerOptions", options), stop_on_signals() as stop:

        def stopped() -> bool:
            if brake is not None and brake.exists():
                time.sleep(BRAKED_SECONDS)
            return stop.is_set()

        run_service(settings, stopped, os.environ)


if __name__ == "__main__":
    main()
