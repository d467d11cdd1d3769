"""Reading Keito for a model: of the current client only, and only what it may know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..billing import Run
from ..billing._guard import report
from .call import Call, Claim, ToolRefused
from .cleaning import cleaned

if TYPE_CHECKING:
    from .. import Keito
    from ..types import Project

_SECONDS = 10.0
_MOST_NAMES = 50
_MOST_NAME = 80


def check(call: Call, run: Run, *, tool: str) -> Claim:
    """Claim to see what belongs to the run's client; without one there is nothing to see."""
    if run.target is None:
        raise ToolRefused("nobody said whose work this is.")
    if not run.destination.complete:
        raise ToolRefused("Keito can't be asked from here.")
    return Claim(tool=tool, said={}, run=run, call_id=call.id)


@contextmanager
def opened(claim: Claim) -> Iterator[Keito]:
    """Open the client of the run's own Keito; what fails becomes a short text.

    Raises:
        ToolRefused: Keito has not answered.
    """
    from .. import Keito, KeitoApiError, KeitoError

    place = claim.run.destination
    try:
        with Keito(
            api_key=place.api_key or "",
            account_id=place.account_id,
            base_url=place.base_url,
            timeout=_SECONDS,
            max_retries=0,
        ) as keito:
            yield keito
    except KeitoError as error:
        report(f"the tool {claim.tool}", error)
        kind = f" ({error.status // 100}xx)" if isinstance(error, KeitoApiError) else ""
        raise ToolRefused(f"Keito has not answered{kind}.") from None


def projects_of_client(keito: Keito, claim: Claim) -> tuple[str, list[Project]]:
    """The client whose work the run is, and its projects, archived ones too.

    Keito is asked for all, and what is not that client's is dropped here: whose work it is comes
    from the run's project alone.

    Raises:
        ToolRefused: The run's project has no client that Keito would tell.
    """
    every = [*keito.projects.list(), *keito.projects.list(is_active=False)]
    project_id = claim.run.target.project_id if claim.run.target is not None else None
    clients = {one.client.id for one in every if one.id == project_id and one.client is not None}
    if len(clients) != 1:
        raise ToolRefused("the client of this work is not known.")
    (client,) = clients
    return client, [one for one in every if one.client is not None and one.client.id == client]


def listed(what: str, names: Iterable[str | None]) -> str:
    """Names for a model to read: a name may hold anything, also an instruction."""
    clean = [cleaned(name or "", _MOST_NAME).replace('"', "") for name in names]
    known = sorted({name for name in clean if name})
    if not known:
        return f"There are no {what.lower()}."
    more = f", and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"{what}: " + ", ".join(f'"{name}"' for name in known[:_MOST_NAMES]) + more + "."
