"""The active organization of a request: what the token says, held against what the request says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatepost._native import Claims as User
from gatepost._native import Organization
from gatepost.fastapi._refusals import Forbidden

_HEADER = b"x-organization-id"


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
