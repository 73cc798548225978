"""The `stream` of a test: synthetic events, said in YAML. Values only; they are drawn elsewhere."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from stream_monitor.config.fields import Duration, Name, Section, Whole, duration_between, refuse
from stream_monitor.core.derived.names import CONSTRAINT, OF_MODEL, SCHEMA

MOST_ROWS: Final = 1_000_000
_KINDS: Final = ("normal", "lognormal", "poisson", "boolean", "categories")

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class NormalSettings(Section):
    """Normal values."""

    mean: Number = Field(0.0, description="Mean.")
    sd: Positive = Field(1.0, description="Standard deviation.")


class LognormalSettings(Section):
    """Positive values with one heavy tail, as amounts and durations have it."""

    log_mean: Number = Field(0.0, description="Mean of the logarithm.")
    log_sd: Annotated[Positive, Field(le=10)] = Field(1.0, description="Standard deviation of the logarithm.")


def _some(shares: dict[str, float]) -> dict[str, float]:
    if sum(shares.values()) <= 0:
        raise refuse("no category has a share", "write for example {DE: 60, FR: 40}")
    return shares


class GeneratorSettings(Section):
    """Independent values of one kind: exactly one key."""

    normal: NormalSettings | None = Field(None, description="Normal values: {mean: 0, sd: 1}.")
    lognormal: LognormalSettings | None = Field(
        None, description="Lognormal values, as amounts and durations are: {log_mean: 3.6, log_sd: 0.6}."
    )
    poisson: Annotated[Positive, Field(le=1e9)] | None = Field(None, description="Counts with this mean.")
    boolean: Share | None = Field(None, description="True with this probability.")
    categories: Annotated[dict[Name, Positive], AfterValidator(_some)] | None = Field(
        None, description="Texts with these relative shares: {DE: 60, FR: 40}."
    )

    @model_validator(mode="after")
    def _one_of(self) -> "GeneratorSettings":
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"gives {' and '.join(given)}" if given else "does not say which values"
            raise refuse(what, f"write one of {', '.join(_KINDS)}")
        return self

    @property
    def numeric(self) -> bool:
        """Whether its values can be added to."""
        return self.boolean is None and self.categories is None


class ChangeSettings(Section):
    """What becomes of a series from one row on."""

    at: Whole = Field(ge=0, description="First row that is changed, from 0.")
    until: Whole | None = Field(
        None, ge=1, description="First row that is as before again; it lasts if absent."
    )
    shift: Number | None = Field(None, description="Added to every number.")
    ramp: Whole = Field(0, ge=0, description="Rows over which the shift grows to its full size.")
    scale: Number | None = Field(None, description="Factor of every number, as when a unit changes.")
    replace: GeneratorSettings | None = Field(
        None, description="Other values instead, of the same kind or of another: a generator."
    )
    missing: Share | None = Field(None, description="Probability that a value is missing, instead of before.")

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeSettings":
        if all(value is None for value in (self.shift, self.scale, self.replace, self.missing)):
            raise refuse("changes nothing", "write shift, scale, replace or missing")
        if self.replace is not None and (self.shift is not None or self.scale is not None):
            raise refuse("replaces the values that it shifts or scales", "write two changes, or only replace")
        if self.ramp and self.shift is None:
            raise refuse("only a shift can grow", "write shift, or remove ramp")
        if self.until is not None and self.until <= self.at:
            raise refuse(f"ends in row {self.until}, before it begins", f"write until: {self.at + 1} or more")
        return self


class SeriesStream(GeneratorSettings):
    """The values of one series: a generator, how many are missing, and what changes."""

    missing: Share = Field(0.0, description="Probability that a value is missing.")
    changes: list[ChangeSettings] = Field(
        default_factory=list,
        description="What changes at which row; each applies to what the ones before it left.",
    )

    @model_validator(mode="after")
    def _numbers_change_as_numbers(self) -> "SeriesStream":
        numeric = self.numeric
        for change in self.changes:
            if not numeric and (change.shift is not None or change.scale is not None):
                raise refuse("only numbers can be shifted or scaled", "write replace, with other shares")
            numeric = numeric and (change.replace is None or change.replace.numeric)
        return self


class StreamSettings(Section):
    """Synthetic events: the same on every machine."""

    rows: Whole = Field(ge=1, le=MOST_ROWS, description="Number of events.")
    seed: Whole = Field(1, ge=0, description="Other seeds give other values.")
    every: Annotated[Duration, duration_between("1ms", "7d")] = Field(
        timedelta(seconds=1),
        description="Event time from one event to the next: what a budget per time is counted in.",
    )
    features: dict[Name, SeriesStream] = Field(
        default_factory=dict, description="Feature name → its values, each drawn on its own."
    )
    prediction: SeriesStream | None = Field(None, description="The predicted class or value.")
    probability: SeriesStream | None = Field(None, description="The probability or score.")
    label: SeriesStream | None = Field(None, description="The truth.")
    latency_ms: SeriesStream | None = Field(None, description="The latency of the model in milliseconds.")

    @model_validator(mode="after")
    def _has_values(self) -> "StreamSettings":
        if not self.features and not self.outputs:
            raise refuse("has no values", "write features: {NAME: {normal: {mean: 0, sd: 1}}}")
        return self

    @property
    def outputs(self) -> dict[str, SeriesStream]:
        """What is given beside features, by the name of its series."""
        given = {name: getattr(self, name) for name in ("prediction", "probability", "label", "latency_ms")}
        return {name: series for name, series in given.items() if series is not None}

    @property
    def series(self) -> list[str]:
        """The names of all series that such events have."""
        missing = [f"missing:{name}" for name in self.features]
        return [*(f"feature:{name}" for name in self.features), *missing, *self.outputs]

    @property
    def derived(self) -> list[str]:
        """The names of series and facts that may be computed from such events."""
        facts = [f"{what}{name}" for what in (SCHEMA, CONSTRAINT) for name in self.features]
        return [*sorted(OF_MODEL), *facts]
