"""The sections about labels and performance, as the core takes them and as they may be."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from stream_monitor.config.fields import shown
from stream_monitor.config.model_settings import ModelSettings
from stream_monitor.config.outcome_settings import LabelSettings
from stream_monitor.config.problems import Finding, Path, name_instead
from stream_monitor.config.settings import Settings
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.figures import kinds_of, names_of, range_of
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import STEP, PerformanceParameters

_LONG: Final = 2_048  # pairs; what is known of a version with many classes must fit into one record


def outcome_parameters(settings: Settings, model: ModelSettings | None) -> OutcomeParameters:
    """What the core is told about labels and performance of a model; None: of one that is discovered."""
    own = model.labels if model is not None and model.labels is not None else LabelSettings()
    labels = _over(own, settings.labels)
    return OutcomeParameters(
        expected=_expected(settings, model),
        join=JoinParameters(
            **_given(
                pending=labels["pending"],
                wait_ms=_ms(labels["delay"]),
                early=labels["early"],
                early_wait_ms=_ms(labels["early_delay"]),
                remembered=labels["remembered"],
            )
        ),
        performance=_performance(settings, model),
    )


def _expected(settings: Settings, model: ModelSettings | None) -> bool:
    """Whoever names a source of labels, or says how long to wait for them, expects them."""
    if model is not None:
        if model.labels is not None and model.labels.expected is not None:
            return model.labels.expected
        if model.labels is not None or any(source.role == "label" for source in model.sources or []):
            return True
    return settings.labels.expected or False


def _performance(settings: Settings, model: ModelSettings | None) -> PerformanceParameters:
    chosen = _over(model.performance if model is not None else None, settings.performance)
    default = PerformanceParameters()
    window = chosen["window"] or default.window
    gate = _given(minimum_pairs=chosen["min_labels"], minimum_coverage=chosen["min_coverage"])
    return PerformanceParameters(
        kind=task_of(model) if model is not None else None,
        positive=model.positive if model is not None else None,
        window=window,
        reference=chosen["reference"] or min(default.reference, window // STEP * STEP),
        expected=(model.performance.expected if model is not None else None) or {},
        gate=Gate(**gate),
        **_given(tolerance=chosen["tolerance"]),
    )


def task_of(model: ModelSettings) -> TaskKind | None:
    """The task as configured; a positive class is one of two."""
    if model.task is not None:
        return TaskKind(model.task)
    return TaskKind.BINARY if model.positive is not None else None


def _over(model: Any, everywhere: Any) -> Mapping[str, Any]:
    """By key of `everywhere`: what the model says, else what holds for all."""
    return {
        name: value if (value := getattr(model, name, None)) is not None else getattr(everywhere, name)
        for name in type(everywhere).model_fields
    }


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _ms(value: timedelta | None) -> int | None:
    return None if value is None else round(value / timedelta(milliseconds=1))


def check_outcomes(settings: Settings) -> Iterator[Finding]:
    """Findings about labels and performance, of all models and of each."""
    yield from _windows(settings, None, ())
    for at, model in enumerate(settings.models or []):
        path: Path = ("models", at)
        if model.positive is not None and model.task not in {None, "binary"}:
            yield Finding(
                (*path, "positive"),
                f"a {model.task} task has no positive class",
                "remove it, or write task: binary",
                also=(*path, "task"),
            )
        yield from _windows(settings, model, path)
        for name, value in (model.performance.expected or {}).items():
            yield from _figure(name, value, model, (*path, "performance", "expected"))


def _windows(settings: Settings, model: ModelSettings | None, path: Path) -> Iterator[Finding]:
    """How the numbers of labelled predictions fit together; said of a model where it says one of them itself."""
    own = settings.performance if model is None else model.performance
    chosen = _over(own, settings.performance)
    section = (*path, "performance")
    window = chosen["window"] or PerformanceParameters().window
    said = [name for name in ("window", "reference", "min_labels") if getattr(own, name) is not None]
    for name in ("reference", "min_labels"):
        number = chosen[name]
        if number is not None and number > window and said:
            where = (*section, name if name in said else "window")
            what = f"{name} {number} does not fit into the window of {window}"
            yield Finding(where, what, f"write {name}: {_fitting(name, window)}, or window: {_above(number)}")
    if window <= _LONG or (model is None and settings.models is not None):
        return
    kind = None if model is None else task_of(model)
    where = (*section, "window") if own.window is not None else (*path, "name")
    if kind is TaskKind.MULTICLASS:
        yield Finding(where, f"a window of {window} is too long for many classes", f"write window: {_LONG}")
    elif kind is None:
        what = f"a window of {window} needs to know that there are not many classes"
        task = "" if model is None else "task: binary or task: regression, or "
        yield Finding(where, what, f"write {task}window: {_LONG}")


def _fitting(name: str, window: int) -> int:
    return window // STEP * STEP if name == "reference" else window


def _above(number: int) -> int:
    return -(-number // STEP) * STEP


def _figure(name: str, value: float, model: ModelSettings, path: Path) -> Iterator[Finding]:
    kind = task_of(model)
    where: Path = (*path, name)
    if not kinds_of(name):
        write = name_instead(name, _names(kind, name))
        yield Finding(where, f"there is no figure {shown(name)}", write, on_key=True)
        return
    expected = list(model.performance.expected or {})
    if kind is not None and kind not in kinds_of(name):
        what = f"a {kind.value} task has no {name}"
        yield Finding(where, what, f"write one of {', '.join(names_of(kind))}", on_key=True)
    elif kind is None and not kinds_of(name) & kinds_of(expected[0]):
        what = f"{name} and {expected[0]} are of different tasks"
        yield Finding(where, what, "keep those of one task, and write task: with its name", on_key=True)
    least, most = range_of(name)
    if not least <= value <= most:
        yield Finding(where, f"{value:g} is no {name}", f"write {_range(name, value)}")
    if name == "bias" and not {"mae", "rmse"} & set(expected):
        what = "how much more bias is a drop is told from the expected error"
        yield Finding(where, what, "write mae: or rmse: beside it", on_key=True)


def _names(kind: TaskKind | None, name: str) -> list[str]:
    """What may have been meant, with the class that was written."""
    _, colon, of = name.partition(":")
    return [one.replace("CLASS", of) if colon and of else one for one in names_of(kind)]


def _range(name: str, value: float) -> str:
    least, most = range_of(name)
    if (least, most) == (0, 1) and 1 < value <= 100:
        return f"a share: {value / 100:.15g}"
    return f"{least:g} or more" if value < least else f"{most:g} or less"
