"""What an error says about how something ended."""

from __future__ import annotations

from .contract import Status


def status_of(error: BaseException) -> Status:
    """Return the status of a run that this error ended."""
    if isinstance(error, GeneratorExit):
        return "closed_early"
    # By name: importing asyncio for its CancelledError would cost more than all of recording.
    if isinstance(error, (KeyboardInterrupt, SystemExit)) or "CancelledError" in _names(error):
        return "cancelled"
    if "KeitoLimitReached" in _names(error):
        return "limit"
    return "error"


def may_have_cost(error: BaseException) -> bool:
    """Whether a provider may charge for a call that ended so: cut off, and not refused."""
    return status_of(error) != "error" or any("Timeout" in name for name in _names(error))


def _names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}
