"""Contacts: the people at a client."""

from __future__ import annotations

from typing import ClassVar

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import FORBID_UNKNOWN, Id, Instant, PageChoice
from ._model import Model, Moment
from .common import IdName


class Contact(Model):
    """A person at a client."""

    collection: ClassVar[str] = "contacts"

    id: str
    client: IdName | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    email: str | None = None
    phone_office: str | None = None
    phone_mobile: str | None = None
    fax: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class ContactCreate(TypedDict):
    """The body that creates a contact."""

    client_id: Id
    first_name: str
    last_name: NotRequired[str]
    title: NotRequired[str]
    email: NotRequired[str]
    phone_office: NotRequired[str]
    phone_mobile: NotRequired[str]
    fax: NotRequired[str]


@with_config(FORBID_UNKNOWN)
class ContactFilter(PageChoice, total=False):
    """Which contacts to list."""

    client_id: Id
    updated_since: Instant
