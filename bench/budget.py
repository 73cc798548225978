"""`python -m bench.budget`: the instructions of the core's steps against their budget; `--write` renews it.

The count of libraries repeats to a per mille on every x86-64, as the lock file pins them; what is built for another Python has
more room. That of the interpreter depends on how it was built, so it is scaled by what a fixed piece of plain Python takes in
the same run.
"""

import argparse
import json
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.callgrind import YARDSTICK, Counts, Instructions, counts, heaviest
from bench.figures import table

BUDGET: Final = Path(__file__).with_name("budget.json")
RENEW: Final = "python -m bench.budget --write"
_LIBRARIES: Final = 1.05
_OTHER_LIBRARIES: Final = 1.2  # built for another Python they are other programs
_PYTHON: Final = ".".join(platform.python_version_tuple()[:2])
_INTERPRETER: Final = 1.25
_SLACK: Final = 50.0  # instructions an event: of steps that need hardly more


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A step that needs more than it may, per event."""

    step: str
    what: str
    needed: float
    allowed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What was counted when it was renewed. python: major and minor version that it was counted with."""

    python: str
    steps: Mapping[str, Instructions]


def stored() -> Budget:
    """The budget in the file."""
    plain = json.loads(BUDGET.read_text(encoding="utf-8"))
    return Budget(
        python=plain["python"], steps={step: Instructions(**one) for step, one in plain["steps"].items()}
    )


def excesses(found: Mapping[str, Instructions], planned: Budget, python: str = _PYTHON) -> list[Excess]:
    """What is over the budget, room included. Raises ValueError if the steps are not the same."""
    budget, room = planned.steps, _LIBRARIES if python == planned.python else _OTHER_LIBRARIES
    if set(found) != set(budget):
        raise ValueError(
            f"the budget has other steps, {sorted(budget)}, than the core, {sorted(found)}: {RENEW}"
        )
    scale = found[YARDSTICK].interpreter / budget[YARDSTICK].interpreter
    over = []
    for step in sorted(set(budget) - {YARDSTICK}):
        needed, had = found[step], budget[step]
        for what, own, allowed in (
            ("libraries", needed.libraries, had.libraries * room),
            ("interpreter", needed.interpreter, had.interpreter * scale * _INTERPRETER),
        ):
            if own > allowed + _SLACK:
                over.append(Excess(step=step, what=what, needed=own, allowed=allowed + _SLACK))
    return over


def explained(over: list[Excess], found: Counts) -> str:
    """What is over the budget, where the instructions go, and what can be done."""
    parts = [
        f"{one.step} needs {one.needed:,.0f} instructions an event in {one.what}, {one.allowed:,.0f} are allowed;"
        f" most are in\n{heaviest(found.largest(one.step))}"
        for one in over
    ]
    return "\n\n".join(
        [*parts, f"If this is meant to cost more, say why in the commit and renew the budget: {RENEW}"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.budget", description=__doc__)
    parser.add_argument("--write", action="store_true", help="what was counted is the budget from now on")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = counts(Path(directory))
        if asked.write:
            steps = {step: asdict(one.rounded()) for step, one in sorted(found.steps.items())}
            plain = {"python": _PYTHON, "steps": steps}
            BUDGET.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
        planned = stored()
        budget = planned.steps
        rows = [
            [
                step,
                *(
                    f"{n:,.0f}"
                    for n in (
                        one.libraries,
                        one.interpreter,
                        budget[step].libraries,
                        budget[step].interpreter,
                    )
                ),
            ]
            for step, one in sorted(found.steps.items())
            if step in budget
        ]
        print(table(["instructions an event", "libraries", "interpreter", "budget", "budget"], rows))
        if over := excesses(found.steps, planned):
            raise SystemExit(explained(over, found))


if __name__ == "__main__":
    main()
