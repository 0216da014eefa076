"""`resource(…)`: what a route loads before it runs, and who may have it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from gatepost._native import Claims as User
from gatepost.fastapi._policy import named, one, one_permission, truth
from gatepost.fastapi._refusals import INSTANCE, REFUSAL, Forbidden, NotFound, Refusal

if TYPE_CHECKING:
    from gatepost.fastapi._gatepost import Gatepost


class Ownership:
    """Who may have a resource."""

    def __init__(
        self,
        load: Callable[..., Any],
        *,
        owner: str | None,
        organization: str | None,
        or_role: str | None,
        or_permission: str | None,
        check: Callable[[User, Any], bool] | None,
        hide: bool,
    ) -> None:
        if not callable(load):
            raise TypeError(f"resource() takes the function that loads, not {type(load).__name__}: resource(load_note, …)")
        self._call = f"resource({getattr(load, '__name__', type(load).__name__)})"
        if owner is None and organization is None and check is None:
            raise TypeError(
                f"{self._call} would be for every signed-in user; write whose it is: owner='owner_id', organization='org_id' "
                "or check=a function of the user and the resource"
            )
        if (or_role is not None or or_permission is not None) and owner is None and check is None:
            raise TypeError(
                f"{self._call}: or_role= and or_permission= let in who is not the owner=, or does not pass the check=; write one "
                "of these too, or require(role=…) for a role that everybody needs"
            )
        self._owner = None if owner is None else self._attribute("owner", owner)
        self._organization = None if organization is None else self._attribute("organization", organization)
        self._role = None if or_role is None else one("or_role", or_role)
        self._permission = None if or_permission is None else one_permission("or_permission", or_permission)
        self._check = check
        self.hides = hide
        rules = {
            "owner": owner,
            "organization": organization,
            "or_role": or_role,
            "or_permission": or_permission,
            "check": None if check is None else named(check, "the user and the resource"),
            "hide": hide or None,
        }
        self.note = {name: value for name, value in rules.items() if value is not None}

    @property
    def needs_organization(self) -> bool:
        """Whether the request must be for an organization."""
        return self._organization is not None

    def holds(self, user: User, found: Any) -> bool:
        """Whether the user may have what was loaded."""
        # All of it is read before anything is decided: a name that is not there is a mistake whoever asks.
        owner = None if self._owner is None else self._text(found, "owner", self._owner)
        organization = None if self._organization is None else self._text(found, "organization", self._organization)
        if self._organization is not None:
            # A role is one in the active organization, so none opens another's.
            active = user.organization
            if active is None or organization != active.id:
                return False
        if self._owner is None or owner == user.id:
            if self._check is None or truth(self._check, self._check(user, found)):
                return True
        if self._role is not None and user.has_role(self._role):
            return True
        return self._permission is not None and user.can(self._permission)

    def _attribute(self, keyword: str, name: object) -> str:
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"{self._call}: {keyword}={name!r} is the name of an attribute of what is loaded, such as 'owner_id'")
        return name

    def _text(self, found: Any, keyword: str, name: str) -> str | None:
        """The attribute. What is no text can equal no identifier: a mistake, which a refusal would hide."""
        kind = type(found).__name__
        try:
            value = getattr(found, name)
        except AttributeError:
            if isinstance(found, Mapping):
                hint = f"it is a mapping: write check=lambda user, found: found[{name!r}] == user.id"
            else:
                near = difflib.get_close_matches(name, dir(found), n=1)
                hint = f"did you mean {keyword}={near[0]!r}?" if near else "name the one that holds the identifier"
            raise AttributeError(f"{self._call}: {keyword}={name!r}, but {kind} has no such attribute; {hint}") from None
        if value is None or isinstance(value, str):
            return value
        raise TypeError(
            f"{self._call}: {keyword}={name!r}, but {kind}.{name} is {type(value).__name__} and identifiers are text; store "
            f"them as text, or write check=lambda user, found: str(found.{name}) == user.id"
        )


class Resource:
    """A dependency that answers with what was loaded, if the caller may have it."""

    def __init__(
        self, user: Any, load: Callable[..., Any], ownership: Ownership, instance: Gatepost | None
    ) -> None:
        self._ownership = ownership
        self._instance = instance
        # Dependencies are resolved in this order, and the first to refuse ends it: nothing is loaded for strangers. Real
        # annotations, as in `Guard`.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter("conn", kind, annotation=HTTPConnection),
                inspect.Parameter("user", kind, annotation=User, default=user),
                inspect.Parameter("found", kind, annotation=Any, default=Depends(load)),
            ]
        )

    async def __call__(self, conn: HTTPConnection, user: User, found: Any) -> Any:
        scope = conn.scope

        def enforce(user: User, now: int, scope: Any) -> None:
            if found is None or not self._ownership.holds(user, found):
                raise NotFound() if found is None or self._ownership.hides else Forbidden("not_yours")

        instance = self._instance or scope[INSTANCE]
        try:
            enforce(user, instance.now(), scope)
        except Refusal as refusal:
            if scope["type"] == "websocket":
                scope[REFUSAL] = refusal
            raise
        instance.note_held(enforce, scope)
        return found
