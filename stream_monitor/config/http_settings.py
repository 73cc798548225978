"""The `http` section: where it listens, whether the dashboard is served, and the token without which nothing is changed."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from stream_monitor.config.fields import Listen, ListenAddress, Section, refuse
from stream_monitor.config.secrets import Secret, SecretFile, SecretText

# b64token of RFC 6750, section 2.1: what an Authorization header may carry
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SHORTEST_TOKEN: Final = 16
_MAKE_ONE: Final = "write for example what `openssl rand -hex 32` prints"


def _token(secret: Secret) -> Secret:
    if not _TOKEN.fullmatch(secret.value):
        raise refuse("not a bearer token: only letters, digits and - . _ ~ + / = are allowed", _MAKE_ONE)
    if len(secret.value) < _SHORTEST_TOKEN:
        raise refuse(f"shorter than {_SHORTEST_TOKEN} characters: it could be guessed", _MAKE_ONE)
    return secret


class HttpSettings(Section):
    """Metrics, health, API and dashboard over HTTP."""

    listen: ListenAddress = Field(
        Listen(host="127.0.0.1", port=8080),
        description="HOST:PORT to listen on (port 0: any free one), or off.",
    )
    ui: bool = Field(
        default=True, description="Serve the dashboard and the API that reads the monitor's topics."
    )
    token: Annotated[SecretText, AfterValidator(_token)] | None = Field(
        None,
        description="Bearer token of calls that change something (acknowledge, mute), best as ${ENV:NAME}; none can if absent.",
    )
    token_file: Annotated[SecretFile, AfterValidator(_token)] | None = Field(
        None, description="File that holds the token, instead of token; a relative path starts at this file."
    )

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise refuse("gives both token and token_file", "keep one of the two")
        return self

    @property
    def bearer_token(self) -> Secret | None:
        """The token, however it was given; None: nothing can be changed over HTTP."""
        return self.token or self.token_file
