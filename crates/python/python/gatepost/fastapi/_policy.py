"""`require(…)`: the rules of a route, checked when they are written and not when the first request comes."""

from __future__ import annotations

import difflib
import inspect
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from typing_extensions import Never

from gatepost._native import Claims as User
from gatepost.fastapi._organization import active_organization
from gatepost.fastapi._refusals import Forbidden, Refusal, lacking_scope, no_second_factor, too_old

_log = logging.getLogger("gatepost")

Names = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several names. Not a lone string, which is a sequence of letters."""

_Check = Callable[[User, int, Any], None]
"""A rule, of the caller, the time and the ASGI scope."""

_CLOCK_SKEW = 60
"""An issuer's clock may run ahead of ours by these seconds; a sign-in later than that is no evidence of anything."""


@dataclass(frozen=True)
class Policy:
    """Every rule of one `require(…)`. All of them must hold."""

    checks: tuple[_Check, ...]
    scopes: tuple[str, ...]
    asks_for_organization: bool
    notes: dict[str, Any]
    """The rules other than scopes, for the OpenAPI document."""

    def enforce(self, user: User, now: int, scope: Any) -> None:
        """Raises what the caller is told, if a rule does not hold. The log is told what was asked for."""
        try:
            for check in self.checks:
                check(user, now, scope)
        except Refusal as refusal:
            asked = {**self.notes, **({"scope": " ".join(self.scopes)} if self.scopes else {})}
            _log.info("refused %s: %s; asked for is %s", user.id, refusal.code, asked, extra={"refusal": refusal.code})
            raise


def policy(
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
    unknown: Mapping[str, Never] = {},
) -> Policy:
    """The policy these keywords mean. `TypeError` or `ValueError` for what cannot be meant."""
    for name in unknown:
        near = difflib.get_close_matches(name, _KEYWORDS, n=1)
        hint = f"; did you mean {near[0]}=" if near else f"; it knows {', '.join(word + '=' for word in _KEYWORDS)}"
        raise TypeError(f"require() has no keyword {name}={hint}")
    checks: list[_Check] = []
    notes: dict[str, Any] = {}
    scopes: tuple[str, ...] = ()
    # The order is the order of the answers: where the token belongs, what it may be used for, what the user may do, and last
    # how and how long ago the user signed in, since signing in again cannot repair any of the others.
    if credential is not None:
        if credential not in ("token", "api_key", "client"):
            raise ValueError(f"credential={credential!r}: it is 'token', 'api_key' or 'client'")
        notes["credential"] = credential
        checks.append(_of_kind(credential))
    if realm is not None:
        notes["realm"] = one("realm", realm)
        checks.append(_of_realm(realm))
    if organization is not None:
        notes["organization"] = organization if organization is True else one("organization", organization)
        checks.append(_for_organization(organization))
    if scope is not None:
        scopes = _scopes(scope)
        checks.append(_has_scopes(scopes))
    if role is not None:
        notes["role"] = one("role", role)
        checks.append(_has_role(role))
    if any_role is not None:
        notes["any_role"] = _several("any_role", any_role)
        checks.append(_has_any_role(frozenset(any_role)))
    if all_roles is not None:
        notes["all_roles"] = _several("all_roles", all_roles)
        checks.append(_has_all_roles(frozenset(all_roles)))
    if permission is not None:
        notes["permission"] = one_permission("permission", permission)
        checks.append(_can_all((permission,)))
    if any_permission is not None:
        notes["any_permission"] = [one_permission("any_permission", name) for name in _several("any_permission", any_permission)]
        checks.append(_can_any(tuple(any_permission)))
    if all_permissions is not None:
        notes["all_permissions"] = [
            one_permission("all_permissions", name) for name in _several("all_permissions", all_permissions)
        ]
        checks.append(_can_all(tuple(all_permissions)))
    if check is not None:
        notes["check"] = named(check, "the user")
        checks.append(_holds(check))
    if mfa is not None:
        if mfa is not True:
            raise TypeError(f"mfa={mfa!r} asks for nothing: write mfa=True, or leave it out")
        notes["mfa"] = True
        checks.append(_has_second_factor)
    if fresh is not None:
        notes["fresh"] = fresh
        checks.append(_is_fresh(_seconds(fresh)))
    if not checks:
        raise TypeError("require() without a rule would only ask for a signed-in user; write signed_in if that is meant")
    return Policy(tuple(checks), scopes, organization is not None, notes)


def membership() -> Policy:
    """Whoever asks is a member of the organization that the request is for."""
    of_organization = policy(organization=True)
    return replace(of_organization, checks=(*of_organization.checks, _is_member))


_KEYWORDS = tuple(name for name in inspect.signature(policy).parameters if name != "unknown")


def one(keyword: str, name: object) -> str:
    """The name, if it can be one."""
    if not isinstance(name, str):
        raise TypeError(f"{keyword}= takes one string, not {type(name).__name__}{_plural(keyword)}")
    if not name:
        raise ValueError(f"{keyword}= is empty")
    if name != name.strip():
        raise ValueError(f"{keyword}={name!r}: names are compared exactly; remove the blank at the end")
    return name


def _plural(keyword: str) -> str:
    return {
        "role": "; for several write any_role=[…] or all_roles=[…]",
        "organization": "; write organization=True for any, or the identifier of one",
    }.get(keyword, "")


def _several(keyword: str, names: object) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"{keyword}={names!r} is a sequence of letters; write {keyword}=[{names!r}]")
    if not isinstance(names, list | tuple | set | frozenset):
        raise TypeError(f"{keyword}= takes a list, tuple or set of strings, not {type(names).__name__}")
    if not names:
        raise ValueError(f"{keyword}= is empty; leave it out, or name at least one")
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{keyword}= takes strings that say something, and one of them is {name!r}")
    return list(names) if isinstance(names, list | tuple) else sorted(names)


def one_permission(keyword: str, name: object) -> str:
    """The permission, if it can be one. What follows the last colon is the action; a resource may have colons of its own."""
    if not isinstance(name, str):
        raise TypeError(f"{keyword}= takes one string, not {type(name).__name__}; for several write any_permission=[…]")
    if not re.fullmatch(r"[^\s:]+(:[^\s:]+)+", name):
        raise ValueError(f"{keyword}={name!r}: a permission is written resource:action, such as notes:write")
    return name


def _scopes(scope: object) -> tuple[str, ...]:
    if not isinstance(scope, str):
        raise TypeError(f"scope= takes one string of words, such as 'notes read', not {type(scope).__name__}")
    words = tuple(scope.split(" "))
    if not all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", word) for word in words):
        raise ValueError(f"scope={scope!r}: scopes are words of ASCII with one blank between two (RFC 6749 section 3.3)")
    return words


def _seconds(fresh: object) -> int:
    written = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", fresh) if isinstance(fresh, str) else None
    if written is None:
        raise ValueError(f"fresh={fresh!r}: write a number and a unit, such as '30s', '10m', '1h' or '7d'")
    return int(written[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[written[2]]


def named(check: object, takes: str) -> str:
    """The name of a function that answers at once."""
    if not callable(check):
        raise TypeError(f"check= takes a function of {takes} that answers True or False, not {type(check).__name__}")
    if inspect.iscoroutinefunction(check) or inspect.iscoroutinefunction(getattr(check, "__call__", None)):
        raise TypeError("check= takes a plain function: what needs await belongs in a dependency of its own")
    return str(getattr(check, "__name__", type(check).__name__))


def truth(check: object, held: object) -> bool:
    """What a `check=` answered."""
    if inspect.isawaitable(held):
        # It would count as true whatever it came to say.
        if inspect.iscoroutine(held):
            held.close()
        raise TypeError(f"check={getattr(check, '__name__', check)} answered an awaitable; it must be a plain function")
    return bool(held)


def _of_kind(credential: str) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if user.credential != credential:
            raise Forbidden("wrong_credential")

    return check


def _of_realm(realm: str) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if user.realm != realm:
            raise Forbidden("wrong_realm")

    return check


def _has_scopes(scopes: tuple[str, ...]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        for scope in scopes:
            if not user.has_scope(scope):
                raise lacking_scope(scopes)

    return check


def _has_role(role: str) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if not user.has_role(role):
            raise Forbidden("missing_role")

    return check


def _has_any_role(roles: frozenset[str]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if roles.isdisjoint(user.roles):
            raise Forbidden("missing_role")

    return check


def _has_all_roles(roles: frozenset[str]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if not roles.issubset(user.roles):
            raise Forbidden("missing_role")

    return check


def _can_any(permissions: tuple[str, ...]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if not any(user.can(permission) for permission in permissions):
            raise Forbidden("missing_permission")

    return check


def _can_all(permissions: tuple[str, ...]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        for permission in permissions:
            if not user.can(permission):
                raise Forbidden("missing_permission")

    return check


def _holds(rule: Callable[[User], bool]) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        if not truth(rule, rule(user)):
            raise Forbidden("forbidden")

    return check


def _for_organization(asked: Literal[True] | str) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        active = active_organization(user, request)
        if asked is not True and active.id != asked:
            raise Forbidden("organization_required")

    return check


def _is_member(user: User, now: int, request: Any) -> None:
    # An organization is no member of itself: this is its key.
    if user.organization is not None and user.id == user.organization.id:
        raise Forbidden("organization_required")


def _has_second_factor(user: User, now: int, request: Any) -> None:
    if "mfa" not in user.amr:
        raise no_second_factor()


def _is_fresh(max_age: int) -> _Check:
    def check(user: User, now: int, request: Any) -> None:
        signed_in = user.auth_time
        if signed_in is None or not -_CLOCK_SKEW <= now - signed_in <= max_age:
            raise too_old(max_age)

    return check
