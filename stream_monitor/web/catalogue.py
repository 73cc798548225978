"""The catalogue of the API: every operation of the dashboard's part of /api/v1."""

from typing import Any, Final

from stream_monitor.formats.operations import Acknowledgement, Mute
from stream_monitor.runtime.board.alert_answers import AlertDetail, Alerts, Mutes
from stream_monitor.runtime.board.answers import (
    Changed,
    Heat,
    ModelDetail,
    Overview,
    Performance,
    Pipeline,
    SeriesDetail,
)
from stream_monitor.web.answers import Configuration
from stream_monitor.web.operations import Operation
from stream_monitor.web.parameters import (
    AcknowledgeBody,
    AlertsQuery,
    HeatQuery,
    MuteBody,
    SeriesQuery,
    Span,
)

OVERVIEW: Final = Operation(
    name="overview",
    method="GET",
    path="/overview",
    summary="Every model at a glance, those that need attention first, and the workers.",
    answer=Overview,
)
MODEL: Final = Operation(
    name="model",
    method="GET",
    path="/models/{model}",
    summary="One model with all of its series.",
    answer=ModelDetail,
)
HEAT: Final = Operation(
    name="heat",
    method="GET",
    path="/models/{model}/heat",
    summary="How far every series of a model is from its reference, over time.",
    answer=Heat,
    query=HeatQuery,
)
SERIES: Final = Operation(
    name="series",
    method="GET",
    path="/models/{model}/series",
    summary="One series over time, with its reference and its alerts.",
    answer=SeriesDetail,
    query=SeriesQuery,
)
PERFORMANCE: Final = Operation(
    name="performance",
    method="GET",
    path="/models/{model}/performance",
    summary="How well the versions of a model predict, now and over time.",
    answer=Performance,
    query=Span,
)
ALERTS: Final = Operation(
    name="alerts",
    method="GET",
    path="/alerts",
    summary="Alerts and the incidents they belong to, open ones first.",
    answer=Alerts,
    query=AlertsQuery,
)
ALERT: Final = Operation(
    name="alert",
    method="GET",
    path="/alerts/{alert_id}",
    summary="One alert with all that is known of it.",
    answer=AlertDetail,
)
ACKNOWLEDGE: Final = Operation(
    name="acknowledge",
    method="POST",
    path="/alerts/{alert_id}/acknowledge",
    summary="Say that somebody knows of an alert. Detection goes on as before.",
    answer=Acknowledgement,
    body=AcknowledgeBody,
    changes=True,
)
TAKE_BACK: Final = Operation(
    name="take_acknowledgement_back",
    method="DELETE",
    path="/alerts/{alert_id}/acknowledge",
    summary="Take an acknowledgement back.",
    answer=None,
    status=204,
    changes=True,
)
MUTES: Final = Operation(
    name="mutes",
    method="GET",
    path="/mutes",
    summary="The mutes that hold now.",
    answer=Mutes,
)
MUTE: Final = Operation(
    name="mute",
    method="POST",
    path="/mutes",
    summary="Mute alerts of some series for a while. Detection goes on as before.",
    answer=Mute,
    body=MuteBody,
    status=201,
    changes=True,
)
UNMUTE: Final = Operation(
    name="unmute",
    method="DELETE",
    path="/mutes/{mute_id}",
    summary="End a mute.",
    answer=None,
    status=204,
    changes=True,
)
PIPELINE: Final = Operation(
    name="pipeline",
    method="GET",
    path="/pipeline",
    summary="Workers, partitions with their lag, and what was rejected.",
    answer=Pipeline,
)
CONFIGURATION: Final = Operation(
    name="configuration",
    method="GET",
    path="/configuration",
    summary="The configuration in effect, without secrets.",
    answer=Configuration,
)
STREAM: Final = Operation(
    name="stream",
    method="GET",
    path="/stream",
    summary="Server-sent events: what has changed, at most once a second.",
    event=Changed,
)
OPENAPI: Final = Operation(
    name="openapi",
    method="GET",
    path="/openapi.json",
    summary="This document.",
    answer=dict[str, Any],
)
CATALOGUE: Final = (
    OVERVIEW,
    MODEL,
    HEAT,
    SERIES,
    PERFORMANCE,
    ALERTS,
    ALERT,
    ACKNOWLEDGE,
    TAKE_BACK,
    MUTES,
    MUTE,
    UNMUTE,
    PIPELINE,
    CONFIGURATION,
    STREAM,
    OPENAPI,
)
