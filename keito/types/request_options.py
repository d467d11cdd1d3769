"""How one call differs from its client's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, with_config
from typing_extensions import TypedDict

from .._config import LONGEST_TIMEOUT
from ._arguments import FORBID_UNKNOWN

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\t\x20-\x7e]*$")]


@with_config(FORBID_UNKNOWN)
class RequestOptions(TypedDict, total=False):
    """How one call differs from its client's settings.

    Attributes:
        timeout: Seconds to wait for an answer, a day at most.
        max_retries: How often to try again, or to look whether a lost record arrived.
        headers: Sent besides the client's own, which they can't replace.
    """

    timeout: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT)]
    max_retries: Annotated[int, Field(ge=0)]
    headers: dict[HeaderName, HeaderValue]
