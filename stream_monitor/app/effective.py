"""The configuration in effect, as the dashboard shows it: settings without secrets, and what the budget of each model means."""

from collections.abc import Iterator, Mapping

from stream_monitor import __version__
from stream_monitor.app.amounts import budget_in_words, duration, rounded
from stream_monitor.app.composition import parameters_by_name
from stream_monitor.config import Settings
from stream_monitor.core.allowance import TESTS_SHARE, bucket_budget
from stream_monitor.core.parameters import PER_WEEK, BudgetUnit, ModelParameters
from stream_monitor.web.access import HOW_TO_CHANGE
from stream_monitor.web.answers import Changes, Configuration, ModelConfiguration


class Effective:
    """Makes the answer for the models that are known when it is asked for."""

    def __init__(self, settings: Settings, *, token: str | None) -> None:
        self._settings = settings.redacted()
        self._parameters = parameters_by_name(settings, {})
        self._configured = [model.name for model in settings.models or []]
        self._changes = Changes(allowed=token is not None, how=None if token is not None else HOW_TO_CHANGE)

    def __call__(self, series: Mapping[str, int]) -> Configuration:
        """series: how many are watched, of every model that is known."""
        names = dict.fromkeys([*self._configured, *sorted(series)])
        return Configuration(
            release=__version__,
            settings=self._settings,
            models=tuple([_model(self._parameters(name), series.get(name, 0)) for name in names]),
            changes=self._changes,
        )


def _model(parameters: ModelParameters, series: int) -> ModelConfiguration:
    budget = parameters.budget or PER_WEEK
    return ModelConfiguration(
        model=parameters.name,
        false_alarms=budget_in_words(budget),
        budget=tuple(_sentences(parameters, series)),
    )


def _sentences(parameters: ModelParameters, series: int) -> Iterator[str]:
    budget, bucket = parameters.budget or PER_WEEK, bucket_budget(parameters)
    by_events = budget.unit is BudgetUnit.EVENTS

    def span(of: float) -> str:
        return f"{rounded(of)} events" if by_events else duration(of)

    yield f"The model accepts {budget_in_words(budget)}{'' if by_events else ' of event time'}."
    if bucket.alarms < budget.alarms:
        each = f"one false alarm in {span(1 / (TESTS_SHARE * budget.rate))} for all of them"
        if series:
            of_one = span(series / (TESTS_SHARE * budget.rate))
            each = f"the same to each of {series:,} series: one false alarm of a series in {of_one}"
        yield f"{TESTS_SHARE:.0%} of that are for the sequential tests, {each}."
    yield (
        "All other detectors of the model share a token bucket: one alert, then at most one more in"
        f" {span(1 / bucket.rate)}."
    )
