"""What every answer's type shares: it is frozen, keeps unknown fields, and survives odd ones."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
)

log = logging.getLogger("keito")

M = TypeVar("M", bound="Model")

_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Http:
    """The HTTP answer that an object came in.

    Attributes:
        status: The HTTP status.
        headers: The headers, names in lower case.
    """

    status: int
    headers: Mapping[str, str]


def _aware(moment: datetime) -> datetime:
    # The API's times are UTC; one without a zone could not be compared with the others.
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


Moment = Annotated[datetime, AfterValidator(_aware)]


class Model(BaseModel):
    """An object that Keito returned.

    Fields that this version doesn't know are kept in `model_extra`. A known field whose value
    has a type it should not have reads as absent: an answer to a successful write must not
    become an error because of a field that nobody asked about.
    """

    __slots__ = ("_http",)
    # Built at first use: two dozen of them would hold up each import of the client.
    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=(), defer_build=True)

    collection: ClassVar[str] = ""
    """The name under which a page of these objects holds them."""

    if TYPE_CHECKING:
        _http: Http = PrivateAttr()

    @property
    def http(self) -> Http:
        """The HTTP answer that this object came in; only objects read from one have it."""
        if not hasattr(self, "_http"):
            raise AttributeError(f"this {type(self).__name__} was not read from an HTTP answer")
        return self._http

    def with_http(self: M, http: Http) -> M:
        """Attach the HTTP answer that this object came in, and return the object."""
        object.__setattr__(self, "_http", http)
        return self

    @classmethod
    def read(cls: type[M], data: object, http: Http) -> M:
        """Read an object from parsed JSON.

        Raises:
            ValueError: It is no object, or an id is missing.
        """
        try:
            model = cls.model_validate(data)
        except ValidationError as error:
            model = cls.model_validate(_without_odd_fields(data, error, cls))
        return model.with_http(http)

    @classmethod
    def read_rows(cls: type[M], rows: list[object], http: Http) -> list[M]:
        """Read a page's objects, emptying the list of rows on the way.

        Thousands of parsed rows and models that live side by side cost the garbage collector
        a third of the time, so the rows go as the models come.
        """
        rows.reverse()
        models: list[M] = []
        while rows:
            chunk = rows[: -_CHUNK - 1 : -1]
            del rows[-_CHUNK:]
            models += cls._read_chunk(chunk, http)
        return models

    @classmethod
    def _read_chunk(cls: type[M], rows: list[object], http: Http) -> list[M]:
        try:
            models: list[M] = _rows_of(cls).validate_python(rows)
        except ValidationError:
            return [cls.read(row, http) for row in rows]
        attach = object.__setattr__
        for model in models:
            attach(model, "_http", http)
        return models

    # pydantic copies and pickles its own slots only; an object is no less an answer for it.

    def __copy__(self: M) -> M:
        return self._like(super().__copy__())

    def __deepcopy__(self: M, memo: dict[int, Any] | None = None) -> M:
        return self._like(super().__deepcopy__(memo))

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "_http": getattr(self, "_http", None)}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        http = state.pop("_http", None)
        super().__setstate__(state)
        if http is not None:
            self.with_http(http)

    def _like(self: M, copied: M) -> M:
        return copied.with_http(self._http) if hasattr(self, "_http") else copied

    def __hash__(self) -> int:
        # Metadata is a dict, which has no hash; equal objects have equal ids.
        return hash((type(self), getattr(self, "id", None)))


@cache
def _rows_of(cls: type[Model]) -> TypeAdapter[Any]:
    # One adapter for each type: making one takes a millisecond.
    return TypeAdapter(list[cls])  # type: ignore[valid-type]  # pyright: ignore[reportInvalidTypeForm]


def _without_odd_fields(data: object, error: ValidationError, cls: type[Model]) -> object:
    """Drop what can't be read, as little as possible, until the rest can be.

    Raises:
        ValueError: What would have to go is needed.
    """
    data = copy.deepcopy(data)
    while True:
        # One at a time: the others may be about the same field, and gone with it.
        problem = error.errors(include_url=False, include_input=False)[0]
        path = problem["loc"][:-1] if problem["type"] == "missing" else problem["loc"]
        if not _drop(data, path):
            raise ValueError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}")
        _say_once(cls.__name__, str(path[0]))
        try:
            cls.model_validate(data)
        except ValidationError as further:
            error = further
        else:
            return data


def _drop(data: object, path: Sequence[str | int]) -> bool:
    """Remove the innermost named field on a path; False if there is none to remove.

    A step that leads nowhere ends the path: it names a branch of a union.
    """
    innermost: tuple[dict[str, object], str] | None = None
    for step in path:
        if isinstance(data, dict) and isinstance(step, str) and step in data:
            innermost = (data, step)
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            break
    if innermost is not None:
        del innermost[0][innermost[1]]
    return innermost is not None


@cache
def _say_once(cls: str, field: str) -> None:
    log.warning("Keito sent %s.%s in a form it should not have; it reads as absent", cls, field)
