"""One operation of the API as a value: its address, what it takes and what it answers. Routes and OpenAPI are made of these.

Knows neither the board nor how a request is answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from stream_monitor.web.refusals import Refused

PREFIX: Final = "/api/v1"


class Parameters(BaseModel):
    """What a request brings, in its query or its body: unknown keys are refused, errors never show their input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address. name: operationId. path: below /api/v1, with `{name}` for parts that are given.

    answer: type of the JSON that is answered; None: nothing (204). event: type of the data of each event, where it answers a
    stream of these. status: of success. changes: it changes something, and needs the token.
    """

    name: str
    method: str
    path: str
    summary: str
    answer: Any = None
    event: Any = None
    query: type[Parameters] | None = None
    body: type[Parameters] | None = None
    status: int = 200
    changes: bool = False

    @property
    def errors(self) -> tuple[int, ...]:
        """Statuses of the errors it may answer with."""
        found = {503}
        if self.query is not None or self.body is not None:
            found.add(400)
        if "{" in self.path:
            found.add(404)
        if self.changes:
            found |= {401, 403}
        if self.body is not None:
            found |= {413, 415}
        return tuple(sorted(found))


AnyParameters = TypeVar("AnyParameters", bound=Parameters)


def query_of(request: Request, query: type[AnyParameters]) -> AnyParameters:
    """The parameters in the address. Raises Refused (400), with every problem."""
    return _checked(query, dict(request.query_params), "the query")


def parsed_body(content: bytes, body: type[AnyParameters]) -> AnyParameters:
    """The parameters in a JSON body. Raises Refused (400), with every problem."""
    try:
        return body.model_validate_json(content)
    except ValidationError as error:
        raise Refused(400, _problems(error, "the body")) from None


def _checked(kind: type[AnyParameters], values: Mapping[str, str], what: str) -> AnyParameters:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise Refused(400, _problems(error, what)) from None


def _problems(error: ValidationError, what: str) -> str:
    found = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in problem["loc"]) or what
        found.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(found)


# ------------------------------------------------------------------------------------ what several take

Milliseconds = Annotated[int, Field(ge=0, le=253_402_300_799_999)]  # to the year 9999
