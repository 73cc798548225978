"""The `sinks` and `notify` sections: where drift events go beside their topic, and who sends them."""

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from stream_monitor.config.fields import (
    Duration,
    Listen,
    ListenAddress,
    Name,
    Section,
    TopicName,
    duration_between,
    refuse,
)
from stream_monitor.config.secrets import Secret, SecretFile, SecretText

_SHORTEST: Final = 24  # bytes of a signing secret
_LONGEST: Final = 64


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refuse("not an address of HTTP", "write http://HOST:PORT or https://HOST/PATH")
    return url


def _http_secret(secret: Secret) -> Secret:
    _http(secret.value)
    return secret


def _secret_bytes(text: str) -> bytes:
    """Of a secret as Standard Webhooks 1.0 writes them. Raises ValueError in words that hold no part of it."""
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("not whsec_ and base64") from None
    if not _SHORTEST <= len(secret) <= _LONGEST:
        raise ValueError(f"{len(secret)} bytes long, not {_SHORTEST} to {_LONGEST}")
    return secret


def _signing(secret: Secret) -> Secret:
    try:
        _secret_bytes(secret.value)
    except ValueError as error:
        raise refuse(
            f"not a secret of Standard Webhooks: {error}",
            "write whsec_ and what `openssl rand -base64 32` prints",
        ) from None
    return secret


HttpUrl = Annotated[str, AfterValidator(_http)]
_Timeout = Annotated[Duration, duration_between("100ms", "5m")]


class KafkaSinkSettings(Section):
    """Drift events to a Kafka topic."""

    topic: TopicName | None = Field(
        None, description="Topic of the drift events; `<kafka.topic_prefix>.alerts` if absent."
    )


class AlertmanagerSettings(Section):
    """Open alerts to Prometheus Alertmanager."""

    url: HttpUrl = Field(description="Its address; /api/v2/alerts is added.")
    bearer_token: SecretText | None = Field(
        None, description="Token of the Authorization header, best as ${ENV:NAME}."
    )
    bearer_token_file: SecretFile | None = Field(None, description="File that holds the token instead.")
    repeat_every: Annotated[Duration, duration_between("1s", "1h")] = Field(
        timedelta(minutes=1),
        description="How often open alerts are said again; less than its resolve_timeout (5m), or it resolves them.",
    )
    timeout: _Timeout = Field(timedelta(seconds=10), description="Longest wait for an answer.")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.bearer_token is not None and self.bearer_token_file is not None:
            raise refuse("gives both bearer_token and bearer_token_file", "keep one of the two")
        return self

    @property
    def token(self) -> str | None:
        """The token, however it was given."""
        given = self.bearer_token or self.bearer_token_file
        return None if given is None else given.value


class WebhookSettings(Section):
    """Every CloudEvent of the alerts topic as a POST, signed after Standard Webhooks."""

    url: Annotated[SecretText, AfterValidator(_http_secret)] = Field(
        description="Where to send; never shown, for many hold a token. May be ${ENV:NAME}."
    )
    secret: Annotated[SecretText, AfterValidator(_signing)] | None = Field(
        None, description="Signing secret, `whsec_` and base64, best as ${ENV:NAME}; not signed if absent."
    )
    secret_file: Annotated[SecretFile, AfterValidator(_signing)] | None = Field(
        None, description="File that holds the secret instead."
    )
    severity: Literal["warning", "critical"] = Field("warning", description="Least severity that is sent.")
    updates: bool = Field(default=True, description="Send updates of open alerts, too.")
    timeout: _Timeout = Field(timedelta(seconds=10), description="Longest wait for an answer.")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret is not None and self.secret_file is not None:
            raise refuse("gives both secret and secret_file", "keep one of the two")
        return self

    @property
    def signing_secret(self) -> bytes | None:
        """The bytes to sign with, however they were given."""
        given = self.secret or self.secret_file
        return None if given is None else _secret_bytes(given.value)


class SinkSettings(Section):
    """Where drift events go: one of kafka, alertmanager, webhook."""

    kafka: KafkaSinkSettings | None = Field(None, description="A Kafka topic; at most one.")
    alertmanager: AlertmanagerSettings | None = Field(
        None, description="Prometheus Alertmanager, served by notify."
    )
    webhook: WebhookSettings | None = Field(None, description="A webhook, served by notify.")
    name: Name | None = Field(
        None,
        description="Name in metrics and of the consumer group; alertmanager or webhook if absent. Keep it.",
    )
    retry_for: Annotated[Duration, duration_between("1s", "30d")] = Field(
        timedelta(days=1), description="How long one event is tried before it goes to the dead-letter topic."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in ("kafka", "alertmanager", "webhook") if getattr(self, kind) is not None]
        if len(given) != 1:
            what = "is none of kafka, alertmanager and webhook" if not given else f"is {' and '.join(given)}"
            raise refuse(what, "write one of them in every list item")
        return self

    @property
    def label(self) -> str:
        """The name, given or by kind."""
        return self.name or ("alertmanager" if self.alertmanager is not None else "webhook")


class NotifySettings(Section):
    """Who sends to Alertmanager and webhooks, and how."""

    in_run: bool = Field(
        default=True,
        description="`run` serves the sinks, too. Off: `stream-monitor notify` has to run somewhere.",
    )
    listen: ListenAddress = Field(
        Listen(host="127.0.0.1", port=8081),
        description="HOST:PORT of the metrics and health of `stream-monitor notify`, or off.",
    )
    dashboard_url: HttpUrl | None = Field(
        None, description="Address of the dashboard as people reach it, for links in alerts."
    )
