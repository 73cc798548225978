"""Configuration: YAML to validated settings, every problem with its place in the file; knows no adapter."""

from stream_monitor.config.conversion import TopicSource, model_parameters, slicings_of, topic_sources
from stream_monitor.config.fields import Listen
from stream_monitor.config.loading import load
from stream_monitor.config.problems import InvalidConfiguration, Problem
from stream_monitor.config.schema import json_schema
from stream_monitor.config.settings import Settings, Topics

__all__ = [
    "InvalidConfiguration",
    "Listen",
    "Problem",
    "Settings",
    "TopicSource",
    "Topics",
    "json_schema",
    "load",
    "model_parameters",
    "slicings_of",
    "topic_sources",
]
