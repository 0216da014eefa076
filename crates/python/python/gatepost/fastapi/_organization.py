"""The active organization of a request: what the token says, or the request, which is held against what the issuer says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gatepost._native import Claims as User
from gatepost._native import Organization
from gatepost.fastapi._refusals import Forbidden

_HEADER = b"x-organization-id"

_ORGANIZATION = re.compile(rb"org_[A-Za-z0-9_-]{1,60}")


def named(scope: Any) -> str | None:
    """The organization in the header, if it can be one of Gatepost's: nothing else is worth asking an issuer about."""
    names = [value for name, value in scope["headers"] if name.lower() == _HEADER]
    if len(names) != 1 or _ORGANIZATION.fullmatch(names[0]) is None:
        return None
    return str(names[0].decode())


def names_another(user: User, scope: Any) -> bool:
    """Whether the request names an organization other than the one the user acts for, which only the issuer can allow."""
    organization = named(scope)
    if organization is None:
        return False
    return user.organization is None or user.organization.id != organization


def active_organization(user: User, scope: Any) -> Organization:
    """The organization that the request is for: that of the token, which the request may name and not contradict."""
    organization = user.organization
    # As bytes: what is not text is no organization's name. Twice the right one is refused too, as nobody who means one says two.
    named = [value for name, value in scope["headers"] if name.lower() == _HEADER]
    if organization is None or (named and named != [organization.id.encode()]):
        raise Forbidden("organization_required")
    return organization


if TYPE_CHECKING:

    class Member(User):  # type: ignore[misc]
        """A user who acts for an organization."""

        @property
        def organization(self) -> Organization:
            """The organization that the request is for."""
            ...

else:
    Member = User  # A user whose token names an organization; that it does was checked.
