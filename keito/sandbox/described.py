"""What routes say about the errors they answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict

# Any request can be refused for its key, or for being one too many.
_ALWAYS = (401, 429)


class Error(BaseModel):
    """The flat shape of an error."""

    model_config = ConfigDict(extra="allow")

    error: str
    error_description: str


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for FastAPI's `responses`."""
    return {
        status: {"model": Error, "description": HTTPStatus(status).phrase}
        for status in sorted({*statuses, *_ALWAYS})
    }
