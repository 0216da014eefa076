"""The dependencies of a route: one object is security scheme, authentication and policy at once."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, overload

from fastapi import Depends, Security
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlows
from fastapi.security import OAuth2
from starlette.requests import HTTPConnection, Request
from typing_extensions import Never

from gatepost._native import Claims as User
from gatepost.errors import TokenError
from gatepost.fastapi._organization import Member
from gatepost.fastapi._policy import Names, Policy, membership, policy
from gatepost.fastapi._refusals import ASK_ISSUER, INSTANCE, REFUSAL, Refusal, invalid, missing
from gatepost.fastapi._resource import Ownership, Resource

if TYPE_CHECKING:
    from gatepost.fastapi._gatepost import Gatepost

_R = TypeVar("_R")

_NO_INSTANCE = "no Gatepost in this app: call auth.install(app) on it or on the app it is mounted in"


class Guard(OAuth2):
    """A dependency that answers with the caller, and a scheme that FastAPI documents.

    A subclass of `OAuth2` because older FastAPI documents the scopes of no other scheme; what stands in the document in the
    end is written by `Gatepost.document`.
    """

    model = OAuth2Model(flows=OAuthFlows())
    scheme_name = "gatepost"

    # Real annotations and no strings: older FastAPI cannot resolve the string annotations of a callable object, and would
    # make a query parameter of `conn`. HTTPConnection fits requests and WebSockets.
    __signature__ = inspect.Signature(
        [inspect.Parameter("conn", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection)]
    )

    def __init__(
        self,
        instance: Gatepost | None = None,
        rules: Policy | None = None,
        *,
        optional: bool = False,
        model: type[Any] | None = None,
    ) -> None:
        # OAuth2.__init__ is not called: it only makes `model` and `scheme_name`, which are here already.
        self._instance = instance
        self._enforce = None if rules is None else rules.enforce
        self._asks_for_organization = rules is not None and rules.asks_for_organization
        self._optional = optional
        self._model = model
        if instance is not None:
            self.scheme_name = instance.scheme_name

    # async, because FastAPI runs a plain function in its thread pool, at many times the cost.
    async def __call__(self, conn: HTTPConnection) -> Any:
        scope = conn.scope
        instance = self._instance or scope.get(INSTANCE)
        if instance is None:
            raise RuntimeError(_NO_INSTANCE)
        try:
            try:
                user = instance.caller(scope)
            except ASK_ISSUER as error:
                user = await instance.caller_by_asking(scope, error)
            if user is None:
                if self._optional:
                    return None
                raise missing()
            if self._enforce is not None:
                if self._asks_for_organization and instance.may_be_member(user, scope):
                    user = await instance.as_member(user, scope)
                self._enforce(user, instance.now(), scope)
                if not self._asks_for_organization:
                    instance.note_held(self._enforce, scope)
            if self._model is not None:
                return _read(user, self._model)
        except Refusal as refusal:
            if scope["type"] == "websocket":
                scope[REFUSAL] = refusal
            raise
        return user


def _read(user: User, model: type[Any]) -> Any:
    try:
        return user.read(model)
    except TokenError as error:
        raise invalid(error) from None


def dependency(guard: Guard, note: dict[str, Any], scopes: tuple[str, ...] = ()) -> Any:
    """The dependency to write into a signature, or into `dependencies=[…]`.

    Rules travel to the OpenAPI document among the scopes, which every FastAPI version copies into the operation. They begin
    with a blank, which no scope can hold, and `Gatepost.document` takes them out again.
    """
    return Security(guard, scopes=[*scopes, " " + json.dumps(note, sort_keys=True)])


class Guards:
    """The guards of one instance, or of whichever is installed where the route is."""

    def __init__(self, instance: Gatepost | None = None) -> None:
        self._instance = instance

    def user(self) -> Any:
        """The caller. 401 without a good credential."""
        return dependency(Guard(self._instance), {"required": True})

    def optional_user(self) -> Any:
        """The caller, or None without a credential. A bad one is still 401."""
        return dependency(Guard(self._instance, optional=True), {"optional": True})

    def member(self) -> Any:
        """The caller, who acts for an organization. 403 without one, or if the request names one the caller is no member of."""
        rules = membership()
        return dependency(Guard(self._instance, rules), {"required": True, **rules.notes})

    def require(
        self,
        *,
        role: str | None = None,
        any_role: Names | None = None,
        all_roles: Names | None = None,
        permission: str | None = None,
        any_permission: Names | None = None,
        all_permissions: Names | None = None,
        scope: str | None = None,
        realm: str | None = None,
        organization: Literal[True] | str | None = None,
        fresh: str | None = None,
        mfa: Literal[True] | None = None,
        credential: Literal["token", "api_key", "client"] | None = None,
        check: Callable[[User], bool] | None = None,
        **unknown: Never,
    ) -> Any:
        """The caller, if every rule given holds."""
        rules = policy(
            role=role,
            any_role=any_role,
            all_roles=all_roles,
            permission=permission,
            any_permission=any_permission,
            all_permissions=all_permissions,
            scope=scope,
            realm=realm,
            organization=organization,
            fresh=fresh,
            mfa=mfa,
            credential=credential,
            check=check,
            unknown=unknown,
        )
        return dependency(Guard(self._instance, rules), {"required": True, **rules.notes}, rules.scopes)

    @overload
    def resource(
        self,
        load: Callable[..., Awaitable[_R | None]],
        *,
        owner: str | None = None,
        organization: str | None = None,
        or_role: str | None = None,
        or_permission: str | None = None,
        check: Callable[[User, _R], bool] | None = None,
        hide: bool = False,
    ) -> Any: ...

    @overload
    def resource(
        self,
        load: Callable[..., Iterator[_R | None]] | Callable[..., AsyncIterator[_R | None]],
        *,
        owner: str | None = None,
        organization: str | None = None,
        or_role: str | None = None,
        or_permission: str | None = None,
        check: Callable[[User, _R], bool] | None = None,
        hide: bool = False,
    ) -> Any: ...

    @overload
    def resource(
        self,
        load: Callable[..., _R | None],
        *,
        owner: str | None = None,
        organization: str | None = None,
        or_role: str | None = None,
        or_permission: str | None = None,
        check: Callable[[User, _R], bool] | None = None,
        hide: bool = False,
    ) -> Any: ...

    def resource(
        self,
        load: Callable[..., Any],
        *,
        owner: str | None = None,
        organization: str | None = None,
        or_role: str | None = None,
        or_permission: str | None = None,
        check: Callable[[User, Any], bool] | None = None,
        hide: bool = False,
    ) -> Any:
        """What `load` finds, if the caller may have it: `MyNote = Annotated[Note, resource(load_note, owner="owner_id")]`.

        `load` is a dependency as FastAPI knows them: it takes its key from the path, and answers None if there is nothing of
        that key. It is not called for strangers (401). Then: 404 for None, 403 `not_yours` for who may not have it.

        - `owner`: the attribute that holds the identifier of the user whose it is
        - `organization`: the attribute that holds the identifier of an organization; the request must be for that one
        - `check`: a function of the user and the resource that answers True
        - `or_role`, `or_permission`: lets in who has it and is not the owner or does not pass the check. A role is one in the
          active organization: it opens nothing of another
        - `hide`: answers 404 in place of 403, so that nobody can tell what is there
        """
        ownership = Ownership(
            load,
            owner=owner,
            organization=organization,
            or_role=or_role,
            or_permission=or_permission,
            check=check,
            hide=hide,
        )
        rules = policy(organization=True) if ownership.needs_organization else None
        notes = {"required": True, **(rules.notes if rules else {}), "resource": ownership.note}
        return Depends(Resource(dependency(Guard(self._instance, rules), notes), load, ownership, self._instance))

    def claims(self, model: type[Any]) -> Any:
        """The caller's claims as a type of your own. 401 if they do not fit."""
        return dependency(Guard(self._instance, model=model), {"required": True})


_guards = Guards()

CurrentUser = Annotated[User, _guards.user()]
"""Who is calling. 401 without a good credential."""

OptionalUser = Annotated[User | None, _guards.optional_user()]
"""Who is calling, or None without a credential. A bad credential is still 401, never anonymous."""

CurrentMember = Annotated[Member, _guards.member()]
"""Who is calling, for an organization: `member.organization.id`. 403 without one.

A request may name another of the caller's organizations in `X-Organization-ID`: the token is then exchanged at its issuer, and
roles and permissions are the caller's there. 403 for who is no member of it, which the organization's own API key is not either:
a route for programs of an organization asks with `require(organization=True)`. Write it before other dependencies on the caller.
"""

signed_in: Any = _guards.user()
"""A rule for `dependencies=[…]`: any signed-in user."""


def require(
    *,
    role: str | None = None,
    any_role: Names | None = None,
    all_roles: Names | None = None,
    permission: str | None = None,
    any_permission: Names | None = None,
    all_permissions: Names | None = None,
    scope: str | None = None,
    realm: str | None = None,
    organization: Literal[True] | str | None = None,
    fresh: str | None = None,
    mfa: Literal[True] | None = None,
    credential: Literal["token", "api_key", "client"] | None = None,
    check: Callable[[User], bool] | None = None,
    **unknown: Never,
) -> Any:
    """A rule for `dependencies=[…]`, or a policy with a name: `Admin = Annotated[User, require(role="admin")]`.

    All rules given must hold.

    - `role`: has it; `any_role`, `all_roles`: has one, or all, of them
    - `permission`, `any_permission`, `all_permissions`: the same for permissions such as `notes:write`
    - `scope`: the token has every word of it
    - `realm`: the token is of that realm
    - `organization`: the request is for an organization, or for the one of that identifier
    - `fresh`: signed in within that time, such as `"10m"` (RFC 9470)
    - `mfa`: signed in with a second factor (RFC 9470)
    - `credential`: `"token"` for users who signed in, `"api_key"` for programs with a key, `"client"` for clients on their own account
    - `check`: a function of the user that answers True; its name is shown in the OpenAPI document
    """
    return _guards.require(
        role=role,
        any_role=any_role,
        all_roles=all_roles,
        permission=permission,
        any_permission=any_permission,
        all_permissions=all_permissions,
        scope=scope,
        realm=realm,
        organization=organization,
        fresh=fresh,
        mfa=mfa,
        credential=credential,
        check=check,
        **unknown,
    )


resource = _guards.resource

def claims(model: type[Any]) -> Any:
    """The caller's claims as a type of your own: `MyPlan = Annotated[Plan, claims(Plan)]`. 401 if they do not fit."""
    return _guards.claims(model)


if TYPE_CHECKING:

    class AuthedRequest(Request):
        """A request behind `protect=`: `request.user` is the caller."""

        @property
        def user(self) -> User: ...

else:
    AuthedRequest = Request  # Starlette's own request.user reads what the middleware put into the scope.
