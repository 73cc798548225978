"""What the API answers beside the board's own answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfiguration:
    """What is configured for a model. false_alarms: its alarm budget in words; budget: how it is split, a sentence each."""

    model: str
    false_alarms: str
    budget: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Whether anything can be changed over HTTP (with the token), and if not, what to do about it."""

    allowed: bool
    how: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The configuration in effect, without secrets, and what it means for each model that is known."""

    release: str
    settings: Mapping[str, Any]
    models: tuple[ModelConfiguration, ...]
    changes: Changes
