"""The ids and names of other objects, which the rows of a list repeat."""

from __future__ import annotations

import pytest

from keito.types import TimeEntry, common
from keito.types.common import IdName

IDS = {"id": "te_1", "user_id": "u_1", "project_id": "p_1", "task_id": "t_1"}


def project(**fields: object) -> IdName | None:
    return TimeEntry.model_validate({**IDS, "project": fields}).project


def test_a_name_that_repeats_is_read_once() -> None:
    assert project(id="p_1", name="Support") is project(id="p_1", name="Support")


def test_a_new_name_of_the_same_object_is_read_anew() -> None:
    renamed = project(id="p_1", name="Support, second year")

    assert renamed == IdName(id="p_1", name="Support, second year")


@pytest.mark.parametrize("fields", [{"id": "p_1"}, {"id": "p_1", "name": None}], ids=str)
def test_an_object_without_a_name_has_none(fields: dict[str, object]) -> None:
    assert project(**fields) == IdName(id="p_1")


def test_what_this_version_does_not_know_is_kept() -> None:
    found = project(id="p_1", name="Support", code="SUP")

    assert found is not None
    assert found.model_extra == {"code": "SUP"}


def test_no_more_names_are_kept_than_a_page_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "_MOST_READ", 2)

    for number in range(5):
        project(id=f"p_{number}", name="Support")

    assert len(common._read) <= 2
