# Generated from tests/client/_async/test_pages.py: change that, then run `make fix`.
"""Lists: lazy, one page or all of them, one page ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from keito import (
    Keito,
    KeitoApiError,
    KeitoInputError,
    KeitoServerError,
    KeitoValidationError,
    RequestOptions,
)
from tests.client.script import Script, entry

Connect = Callable[[Script], Keito]


class Book(Script):
    """A server with as many entries as wanted, newest first, in pages."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total
        self.growing = 0
        self.broken_page = 0
        self.first = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        page = int(request.url.params.get("page", 1))
        size = int(request.url.params.get("per_page", 100))
        if page == self.broken_page:
            return httpx.Response(400, json={"error": "broken page"})
        numbers = range(self.total)[(page - 1) * size : page * size]
        answer = httpx.Response(200, json=self._envelope(page, size, list(numbers)))
        self.total += self.growing
        self.first -= self.growing
        return answer

    def _envelope(self, page: int, size: int, numbers: list[int]) -> dict[str, object]:
        return {
            "page": page,
            "per_page": size,
            "total_pages": -(-self.total // size),
            "total_entries": self.total,
            "links": {"first": "f", "next": None, "previous": None, "last": "l"},
            "time_entries": [entry(id=f"te_{self.first + number}") for number in numbers],
        }

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [dict(request.url.params) for request in self.requests]


def test_a_list_asks_for_nothing_until_it_is_used(keito_of: Connect) -> None:
    book = Book(3)

    keito_of(book).time_entries.list()

    assert book.asked == []


def test_one_page_is_of_the_apis_own_size(keito_of: Connect) -> None:
    book = Book(250)

    page = keito_of(book).time_entries.list()

    assert len(page.data) == 100
    assert (page.page, page.per_page, page.total_pages, page.total_entries) == (1, 100, 3, 250)
    assert page.links.last == "l"
    assert page.http.status == 200
    assert "/api/v2/time_entries" in repr(page)
    assert book.asked == [{}]


def test_pages_are_turned_one_by_one(keito_of: Connect) -> None:
    page = keito_of(Book(250)).time_entries.list()

    second = page.next_page()
    third = second.next_page()

    assert (second.page, third.page) == (2, 3)
    assert third.data[-1].id == "te_249"
    assert [page.has_next_page(), second.has_next_page(), third.has_next_page()] == [
        True,
        True,
        False,
    ]


def test_there_is_no_page_after_the_last(keito_of: Connect) -> None:
    page = keito_of(Book(1)).time_entries.list()

    with pytest.raises(KeitoInputError, match="last page"):
        page.next_page()


def test_iterating_reads_everything_in_the_largest_pages(keito_of: Connect) -> None:
    book = Book(4500)

    ids = [found.id for found in keito_of(book).time_entries.list()]

    assert ids == [f"te_{number}" for number in range(4500)]
    assert book.asked == [
        {"per_page": "2000"},
        {"per_page": "2000", "page": "2"},
        {"per_page": "2000", "page": "3"},
    ]


def test_objects_made_while_a_list_is_read_make_none_of_it_come_twice(
    keito_of: Connect,
) -> None:
    book = Book(10)
    book.growing = 1

    ids = [found.id for found in keito_of(book).time_entries.list(per_page=4)]

    assert ids == [f"te_{number}" for number in range(10)]


def test_a_page_size_that_is_asked_for_is_kept(keito_of: Connect) -> None:
    book = Book(5)

    ids = [found.id for found in keito_of(book).time_entries.list(per_page=2)]

    assert len(ids) == 5
    assert [asked["per_page"] for asked in book.asked] == ["2", "2", "2"]


def test_iterating_from_a_page_leaves_the_ones_before_out(keito_of: Connect) -> None:
    entries = keito_of(Book(250)).time_entries.list(page=3)

    ids = [found.id for found in entries]

    assert ids == [f"te_{number}" for number in range(200, 250)]


def test_the_same_list_can_be_read_again(keito_of: Connect) -> None:
    entries = keito_of(Book(3)).time_entries.list()

    first = [found.id for found in entries]
    second = [found.id for found in entries]

    assert first == second


def test_an_empty_list_is_empty(keito_of: Connect) -> None:
    entries = keito_of(Book(0)).time_entries.list()

    assert [found for found in entries] == []


def test_a_page_that_fails_raises_after_the_entries_before_it(
    keito_of: Connect,
) -> None:
    book = Book(6)
    book.broken_page = 2
    seen = []

    with pytest.raises(KeitoValidationError, match="broken page"):
        for found in keito_of(book).time_entries.list(per_page=3):
            seen.append(found.id)

    assert seen == ["te_0", "te_1", "te_2"]


def test_stopping_early_asks_for_no_more_than_one_page_ahead(
    keito_of: Connect,
) -> None:
    book = Book(100)

    for _found in keito_of(book).time_entries.list(per_page=2):
        break

    assert len(book.asked) <= 2


def test_filters_are_sent_under_the_apis_names(keito_of: Connect) -> None:
    book = Book(0)

    page = keito_of(book).time_entries.list(
        from_date="2026-03-01", to_date="2026-03-31", source=["agent", "api"], is_billed=False
    )

    assert page.data == []
    assert book.asked == [
        {"from": "2026-03-01", "to": "2026-03-31", "source": "agent,api", "is_billed": "false"}
    ]


def test_without_totals_the_links_say_whether_there_is_more(
    keito_of: Connect,
) -> None:
    first = {"time_entries": [entry(id="a")], "links": {"next": "n"}}
    last = {"time_entries": [entry(id="b")], "links": {"next": None}}
    script = Script(httpx.Response(200, json=first), httpx.Response(200, json=last))

    ids = [found.id for found in keito_of(script).time_entries.list()]

    assert ids == ["a", "b"]


def test_a_row_without_an_id_is_an_error_and_not_left_out(keito_of: Connect) -> None:
    body = {"time_entries": [entry(), {"hours": 1}], "total_pages": 1}
    script = Script(httpx.Response(200, json=body))
    once = RequestOptions(max_retries=0)

    with pytest.raises(KeitoApiError, match="unreadable answer"):
        (keito_of(script).time_entries.list(request_options=once)).data


def test_an_odd_row_does_not_hide_the_others(keito_of: Connect) -> None:
    rows = [entry(id=f"te_{number}") for number in range(120)]
    rows[60]["hours"] = "many"
    script = Script(httpx.Response(200, json={"time_entries": rows, "total_pages": 1}))

    page = keito_of(script).time_entries.list()

    assert [found.id for found in page.data] == [f"te_{number}" for number in range(120)]
    assert page.data[60].hours is None


def test_an_iteration_survives_a_passing_failure(
    keito_of: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(seconds: float) -> None: ...

    monkeypatch.setattr("keito._sync.sender.sleep", pause)
    rows = {"time_entries": [entry()], "total_pages": 1}
    script = Script(503, httpx.Response(200, json=rows))

    assert [found.id for found in keito_of(script).time_entries.list()] == ["te_1"]


def test_pages_with_the_same_entries_are_equal(keito_of: Connect) -> None:
    keito = keito_of(Book(2))

    one = keito.time_entries.list()
    other = keito.time_entries.list()

    assert one == other


def test_a_failure_while_reading_a_page_is_raised(keito_of: Connect) -> None:
    once = RequestOptions(max_retries=0)

    with pytest.raises(KeitoServerError):
        (keito_of(Script(500)).time_entries.list(request_options=once)).data
