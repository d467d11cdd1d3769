"""What a developer hands in: wrong types fail where they are given."""

from __future__ import annotations

from keito.billing import Recorder, Target


def checked_recorder(given: Recorder | None) -> Recorder | None:
    """Return it if it is a recorder, or None.

    Raises:
        TypeError: It is neither, and no run would be recorded.
    """
    if given is not None and not isinstance(given, Recorder):
        raise TypeError("recorder: give a Recorder, or None")
    return given


def checked_target(given: Target | str | None) -> Target | str | None:
    """Return it if it is a target, the name of one, or None.

    Raises:
        TypeError: It is none of these, and no run would be recorded.
    """
    if given is not None and not isinstance(given, (Target, str)):
        raise TypeError("target: give a Target or the name of one")
    return given
