"""`require(…)`: the rules of a route, checked when they are written and not when the first request comes."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typing_extensions import Never

from gatepost._native import Claims as User
from gatepost.fastapi._refusals import Forbidden, lacking_scope, too_old

Names = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several names. Not a lone string, which is a sequence of letters."""

_Check = Callable[[User, int], None]


@dataclass(frozen=True)
class Policy:
    """Every rule of one `require(…)`. All of them must hold."""

    checks: tuple[_Check, ...]
    scopes: tuple[str, ...]
    notes: dict[str, Any]
    """The rules other than scopes, for the OpenAPI document."""

    def enforce(self, user: User, now: int) -> None:
        """Raises what the caller is told, if a rule does not hold."""
        for check in self.checks:
            check(user, now)


def policy(
    *,
    role: str | None,
    any_role: Names | None,
    all_roles: Names | None,
    permission: str | None,
    any_permission: Names | None,
    all_permissions: Names | None,
    scope: str | None,
    realm: str | None,
    fresh: str | None,
    check: Callable[[User], bool] | None,
    unknown: dict[str, Never],
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
    # how long ago the user signed in, since signing in again cannot repair any of the others.
    if realm is not None:
        notes["realm"] = _one("realm", realm)
        checks.append(_of_realm(realm))
    if scope is not None:
        scopes = _scopes(scope)
        checks.append(_has_scopes(scopes))
    if role is not None:
        notes["role"] = _one("role", role)
        checks.append(_has_role(role))
    if any_role is not None:
        notes["any_role"] = _several("any_role", any_role)
        checks.append(_has_any_role(frozenset(any_role)))
    if all_roles is not None:
        notes["all_roles"] = _several("all_roles", all_roles)
        checks.append(_has_all_roles(frozenset(all_roles)))
    if permission is not None:
        notes["permission"] = _permission("permission", permission)
        checks.append(_can_all((permission,)))
    if any_permission is not None:
        notes["any_permission"] = [_permission("any_permission", name) for name in _several("any_permission", any_permission)]
        checks.append(_can_any(tuple(any_permission)))
    if all_permissions is not None:
        notes["all_permissions"] = [
            _permission("all_permissions", name) for name in _several("all_permissions", all_permissions)
        ]
        checks.append(_can_all(tuple(all_permissions)))
    if check is not None:
        notes["check"] = _named(check)
        checks.append(_holds(check))
    if fresh is not None:
        notes["fresh"] = fresh
        checks.append(_is_fresh(_seconds(fresh)))
    if not checks:
        raise TypeError("require() without a rule would only ask for a signed-in user; write signed_in if that is meant")
    return Policy(tuple(checks), scopes, notes)


_KEYWORDS = tuple(name for name in inspect.signature(policy).parameters if name != "unknown")


def _one(keyword: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{keyword}= takes one string, not {type(name).__name__}{_plural(keyword)}")
    if not name:
        raise ValueError(f"{keyword}= is empty")
    return name


def _plural(keyword: str) -> str:
    return {"role": "; for several write any_role=[…] or all_roles=[…]"}.get(keyword, "")


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


def _permission(keyword: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{keyword}= takes one string, not {type(name).__name__}; for several write any_permission=[…]")
    resource, colon, action = name.partition(":")
    if not (colon and resource and action):
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


def _named(check: object) -> str:
    if not callable(check):
        raise TypeError(f"check= takes a function of the user that answers True or False, not {type(check).__name__}")
    if inspect.iscoroutinefunction(check) or inspect.iscoroutinefunction(getattr(check, "__call__", None)):
        raise TypeError("check= takes a plain function: what needs await belongs in a dependency of its own")
    return str(getattr(check, "__name__", type(check).__name__))


def _of_realm(realm: str) -> _Check:
    def check(user: User, now: int) -> None:
        if user.realm != realm:
            raise Forbidden("wrong_realm")

    return check


def _has_scopes(scopes: tuple[str, ...]) -> _Check:
    def check(user: User, now: int) -> None:
        for scope in scopes:
            if not user.has_scope(scope):
                raise lacking_scope(scopes)

    return check


def _has_role(role: str) -> _Check:
    def check(user: User, now: int) -> None:
        if not user.has_role(role):
            raise Forbidden("missing_role")

    return check


def _has_any_role(roles: frozenset[str]) -> _Check:
    def check(user: User, now: int) -> None:
        if roles.isdisjoint(user.roles):
            raise Forbidden("missing_role")

    return check


def _has_all_roles(roles: frozenset[str]) -> _Check:
    def check(user: User, now: int) -> None:
        if not roles.issubset(user.roles):
            raise Forbidden("missing_role")

    return check


def _can_any(permissions: tuple[str, ...]) -> _Check:
    def check(user: User, now: int) -> None:
        if not any(user.can(permission) for permission in permissions):
            raise Forbidden("missing_permission")

    return check


def _can_all(permissions: tuple[str, ...]) -> _Check:
    def check(user: User, now: int) -> None:
        for permission in permissions:
            if not user.can(permission):
                raise Forbidden("missing_permission")

    return check


def _holds(rule: Callable[[User], bool]) -> _Check:
    def check(user: User, now: int) -> None:
        held = rule(user)
        if inspect.isawaitable(held):
            # It would count as true whatever it came to say.
            if inspect.iscoroutine(held):
                held.close()
            raise TypeError(f"check={_named(rule)} answered an awaitable; it must be a plain function")
        if not held:
            raise Forbidden("forbidden")

    return check


def _is_fresh(max_age: int) -> _Check:
    def check(user: User, now: int) -> None:
        signed_in = user.auth_time
        if signed_in is None or now - signed_in > max_age:
            raise too_old(max_age)

    return check
