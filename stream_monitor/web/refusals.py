"""An error of the API: `{"error": what is wrong and what to do, "status": number}`, whatever went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

API_PREFIX: Final = "/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """What went wrong, in words, and the HTTP status."""

    error: str
    status: int


class Refused(Exception):
    """A request that is answered with an error. error: for people, with what to do."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers


async def answer_refused(request: Request, refused: Exception) -> Response:  # noqa: ARG001 (the form of a handler)
    """The answer to a `Refused`."""
    assert isinstance(refused, Refused)
    return error_response(refused.status, refused.error, refused.headers)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """The answer to what the router finds: no such address, no such method. JSON below /api/, text elsewhere."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(API_PREFIX):
        return error_response(error.status_code, error.detail, error.headers)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


def error_response(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    """The error as JSON."""
    body = orjson.dumps(ErrorAnswer(error=error or HTTPStatus(status).phrase, status=status))
    return Response(body, status, headers=headers, media_type="application/json")
