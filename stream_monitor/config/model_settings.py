"""The `models` section: what is monitored, where its events come from, and how its series are watched."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from stream_monitor.config.derived_settings import Allowed, DerivedSettings, Range
from stream_monitor.config.fields import (
    DottedPath,
    FalseAlarms,
    Name,
    ScalarValue,
    Section,
    Shorthand,
    TenOrMore,
    TopicName,
    check_dotted,
    kind,
    refuse,
    shown,
)
from stream_monitor.config.later import check_format
from stream_monitor.config.outcome_settings import ClassName, LabelChoice, ModelPerformanceSettings
from stream_monitor.config.retraining import RetrainSettings
from stream_monitor.config.secrets import Surroundings
from stream_monitor.config.segment_settings import FairnessSettings, SegmentChoice
from stream_monitor.core.detector import Kind
from stream_monitor.core.parameters import SeriesParameters

_DEFAULT: Final = SeriesParameters()


class Alerting(Section):
    """How often the monitor may be wrong, and what becomes of an alert."""

    false_alarms: FalseAlarms | None = Field(
        None,
        description="Accepted false alarms of a model as a whole, per time or number of events."
        " If absent: 1 per week of event time, or 1 per 100_000 events where events carry no time.",
    )
    after_drift: Literal["keep", "adopt"] | None = Field(
        None,
        description="`keep`: the alert stays open until the series is back inside the tolerance of its reference."
        " `adopt`: once the new regime has lasted for some 2,000 values the alert is resolved as `adopted` and the series"
        " learns anew what is normal. If absent: `keep`.",
    )
    labels: dict[Name, str] = Field(
        default_factory=dict,
        description="Labels carried in drift events (team, runbook …); of a model and of all, the model's win.",
    )


def _one_key(name: str) -> Shorthand:
    """Text alone stands for a mapping with this one key."""
    return Shorthand(lambda value: {name: value} if isinstance(value, str) else value, {"type": "string"})


# --- sources ----------------------------------------------------------------------------------------------------------


def _feature_paths(value: object) -> str | dict[str, str]:
    """A path stays; a list becomes name → path, the name being the path's last part."""
    form = (
        "write the path of the object that holds them, a list of paths, or a mapping of feature name to path"
    )
    if isinstance(value, str):
        return check_dotted(value)
    if isinstance(value, list):
        pairs = [(str(path).rpartition(".")[2], path) for path in value]
        if len({name for name, _ in pairs}) < len(pairs):
            raise refuse("two features have the same name", "write a mapping of feature name to path")
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        raise refuse(f"must be a path, a list or a mapping, not {kind(value)}", form)
    if not pairs:
        raise refuse("names no feature", form)
    for _, path in pairs:
        if not isinstance(path, str):
            raise refuse(f"{shown(path)} is not a dotted path", form)
        check_dotted(path)
    return dict(pairs)


FeaturePaths = Annotated[
    str | dict[str, str],
    PlainValidator(_feature_paths, json_schema_input_type=Any),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            ]
        }
    ),
]


class MappingSettings(Section):
    """Where in anybody's JSON record the fields of an event are: dotted paths."""

    model: DottedPath | None = Field(
        None, description="Path of the model's name; the model of this entry if absent."
    )
    version: DottedPath | None = Field(None, description="Path of the model's version.")
    id: DottedPath | None = Field(
        None, description="Path of the id that joins prediction, features and label."
    )
    time: DottedPath | None = Field(
        None,
        description="Path of the event time (RFC 3339 or epoch milliseconds); the record's timestamp if absent.",
    )
    features: FeaturePaths | None = Field(
        None,
        description="Path of the object that holds the features; or a list of paths, each named by its last part; or a"
        " mapping of feature name to path.",
    )
    prediction: DottedPath | None = Field(None, description="Path of the predicted class or value.")
    probability: DottedPath | None = Field(None, description="Path of the probability or score.")
    probabilities: DottedPath | None = Field(None, description="Path of an object of class to probability.")
    label: DottedPath | None = Field(None, description="Path of the label, the truth.")
    latency_ms: DottedPath | None = Field(None, description="Path of the model's latency in milliseconds.")

    @model_validator(mode="after")
    def _says_something(self) -> "MappingSettings":
        values = (
            self.features,
            self.prediction,
            self.probability,
            self.probabilities,
            self.label,
            self.latency_ms,
        )
        if not any(values):
            raise refuse(
                "maps nothing that can be watched",
                "write features, prediction, probability, label or latency_ms",
            )
        return self


class SourceSettings(Section):
    """One topic that delivers events of a model."""

    topic: TopicName = Field(description="Name of the topic.")
    role: Literal["features", "prediction", "label"] | None = Field(
        None, description="What its events are; read from their fields if absent."
    )
    format: Annotated[str, AfterValidator(check_format), WithJsonSchema({"const": "json"})] = Field(
        "json", description="How records are encoded: json."
    )
    mapping: MappingSettings | None = Field(
        None, description="Where the fields are in records that are not in the native form."
    )

    @model_validator(mode="after")
    def _role_is_mapped(self) -> "SourceSettings":
        if self.role and self.mapping:
            fields = {"prediction": ("prediction", "probability", "probabilities")}.get(
                self.role, (self.role,)
            )
            if not any(getattr(self.mapping, name) for name in fields):
                raise refuse(
                    f"the role is {self.role}, which the mapping does not map", f"write mapping.{fields[0]}"
                )
        return self


# --- series -----------------------------------------------------------------------------------------------------------


def _file(value: object, info: ValidationInfo) -> Path:
    """An absolute path; a relative one starts at the configuration file."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip():
        raise refuse(
            f"must be the path of a file, not {shown(value)}", "write a path such as data/train.parquet"
        )
    return (info.context.directory if isinstance(info.context, Surroundings) else Path.cwd()) / value


ReferenceFile = Annotated[
    Path, PlainValidator(_file, json_schema_input_type=str), WithJsonSchema({"type": "string"})
]


class ReferenceSettings(Section):
    """What is normal: learned from a file, or from the first events."""

    file: ReferenceFile | None = Field(
        None,
        description="Training data (CSV, JSON lines or Parquet) or a reference profile; a relative path starts at this"
        " file's directory.",
    )
    events: TenOrMore | None = Field(
        None, description="Number of first events of a series that are its normal."
    )

    versions: Annotated[dict[Name, ReferenceFile], Field(min_length=1)] | None = Field(
        None,
        description="Version of the model → reference profile, or native events, of what it puts out; instead of what `file`"
        " holds of this version.",
    )

    @model_validator(mode="after")
    def _one_of(self) -> "ReferenceSettings":
        if self.file is not None and self.events is not None:
            raise refuse("gives both file and events", "write either file: PATH or events: NUMBER")
        if self.file is None and self.events is None and self.versions is None:
            raise refuse("says nothing", "write either file: PATH or events: NUMBER")
        return self


class DetectorSettings(Section):
    """A detector by its id, with the parameters that differ from its defaults."""

    id: Name | None = Field(None, description="Id of the detector; `stream-monitor detectors` lists them.")
    type: Name | None = Field(None, description="Another word for id.")
    params: dict[str, ScalarValue] = Field(
        default_factory=dict, description="Parameters that differ from the defaults."
    )

    @model_validator(mode="after")
    def _named_once(self) -> "DetectorSettings":
        if (self.id is None) == (self.type is None):
            what = "names no detector" if self.id is None else "gives both id and type, which mean the same"
            raise refuse(what, "write id: NAME, for example id: adwin")
        return self

    @property
    def detector(self) -> str:
        """The id, whichever word it was given under."""
        return self.id or self.type or ""


Detectors = Annotated[list[Annotated[DetectorSettings, _one_key("id")]], Field(min_length=1)]


class FeatureSettings(Section):
    """How one feature, or all that match a glob, are watched; what is absent is as in the model."""

    type: Literal["numeric", "categorical", "boolean", "identifier"] | None = Field(
        None, description="Kind of its values; inferred during warm-up if absent."
    )
    detectors: Detectors | None = Field(None, description="Detectors instead of the model's.")
    tolerance: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Effect below which nobody wants to be called, instead of the model's.",
    )
    warm_up: TenOrMore | None = Field(
        None, description="Values before it is watched, instead of the model's."
    )
    importance: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Weight of the feature where it is told what moved with an output; one without weighs the mean of those"
        " given, and where none is given it is estimated from the stream.",
    )
    range: Range | None = Field(
        None,
        description="Least and largest number, both allowed; null for no bound on one side. As allowed, required and at_most:"
        " if absent what the reference profile demands.",
    )
    allowed: Allowed | None = Field(None, description="The only categories it may have.")
    required: bool | None = Field(
        None, description="Whether every event with features must have it; not if nothing says so."
    )
    at_most: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of events, 0 to 1, that may break range, allowed or required before an alert says so; if absent only"
        " the drift of that share is told.",
    )

    @model_validator(mode="after")
    def _demands_fit(self) -> "FeatureSettings":
        if self.range is not None and self.type not in {None, "numeric"}:
            raise refuse(f"range is for numbers, and the type is {self.type}", "remove one of the two")
        if self.allowed is not None and (self.range is not None or self.type in {"numeric", "identifier"}):
            raise refuse("allowed is for categories", "remove it, or write range: [LOW, HIGH] alone")
        return self

    @property
    def demands(self) -> bool:
        """Whether something is demanded that events can break."""
        return self.range is not None or self.allowed is not None or bool(self.required)

    @property
    def kind(self) -> Kind | None:
        """The kind of the core."""
        return Kind(self.type) if self.type else None


def _ignored(value: object) -> object:
    if value == "ignore":
        return None
    if value is None or not isinstance(value, dict):
        raise refuse(
            f"must be ignore or a mapping, not {shown(value)}",
            "write ignore, or keys such as {type: numeric}",
        )
    return value


FeatureChoice = Annotated[FeatureSettings | None, Shorthand(_ignored, {"const": "ignore"})]


class ModelSettings(Section):
    """One monitored model."""

    name: Name = Field(description="Name of the model, as its events give it.")
    owner: Name | None = Field(
        None, description="Who is responsible; carried in its drift events as the label owner."
    )
    task: Literal["binary", "multiclass", "regression"] | None = Field(
        None,
        description="What it predicts: one of two classes, one of many, or a number. If absent: binary where `positive` is"
        " given, else told from the first labelled predictions.",
    )
    positive: ClassName | None = Field(
        None,
        description="Of two classes the one that precision, recall and ROC AUC are about. If absent: the one called 1, true or"
        " yes, else the rarer one.",
    )
    labels: LabelChoice | None = Field(None, description="As the global labels section, for this model.")
    performance: ModelPerformanceSettings = Field(
        default_factory=ModelPerformanceSettings,
        description="As the global performance section, for this model, and what is promised of it.",
    )
    sources: Annotated[list[Annotated[SourceSettings, _one_key("topic")]], Field(min_length=1)] | None = (
        Field(
            None, description="Topics that deliver its events: a name, or a mapping. Needed to run on Kafka."
        )
    )
    reference: Annotated[ReferenceSettings, _one_key("file")] | None = Field(
        None,
        description="What is normal: a path, {file: PATH} or {events: NUMBER}; the first 1000 events if absent.",
    )
    exclude: list[Name] = Field(default_factory=list, description="Globs of features that are not watched.")
    features: dict[Name, FeatureChoice] = Field(
        default_factory=dict,
        description="Feature name or glob: ignore, or how it is watched. An exact name wins over exclude, which wins"
        " over globs; of several globs the first that matches.",
    )
    segments: list[SegmentChoice] = Field(
        default_factory=list,
        description="Slices whose predictions and errors are watched apart: a feature, or a mapping. Each segment's series share"
        " the model's alarm budget.",
    )
    fairness: FairnessSettings | None = Field(
        None, description="Whether the groups of a feature are treated alike; not looked at if absent."
    )
    detectors: Detectors | None = Field(
        None, description="Detectors of every series they are fit for; the default set of its kind if absent."
    )
    tolerance: float = Field(
        _DEFAULT.tolerance,
        ge=0,
        allow_inf_nan=False,
        description="Effect below which nobody wants to be called, in standard deviations of the reference.",
    )
    warm_up: TenOrMore | None = Field(
        None,
        description=f"Values of a series before it is watched; reference.events, else {_DEFAULT.warm_up}.",
    )
    alerting: Alerting = Field(
        default_factory=Alerting, description="As the global alerting section, for this model."
    )
    retrain: RetrainSettings | None = Field(
        None, description="When to ask for a new training of the model; never if absent."
    )
    derived: DerivedSettings = Field(
        default_factory=DerivedSettings, description="As the global derived section, for this model."
    )
