"""`require(…)` refuses at import what cannot be meant, and says what to write instead. AZ-01."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.fastapi import Gatepost, User, require


class AsyncCheck:
    async def __call__(self, user: User) -> bool:
        return False


async def async_check(user: User) -> bool:
    return False


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        ({}, TypeError, "write signed_in"),
        ({"any_role": "admin"}, TypeError, r"write any_role=\['admin'\]"),
        ({"all_roles": "admin"}, TypeError, r"write all_roles=\['admin'\]"),
        ({"any_permission": "notes:read"}, TypeError, r"write any_permission=\['notes:read'\]"),
        ({"all_permissions": "notes:read"}, TypeError, r"write all_permissions=\['notes:read'\]"),
        ({"any_role": []}, ValueError, "any_role= is empty"),
        ({"all_roles": ()}, ValueError, "all_roles= is empty"),
        ({"any_permission": set()}, ValueError, "any_permission= is empty"),
        ({"all_permissions": frozenset()}, ValueError, "all_permissions= is empty"),
        ({"any_role": (name for name in ["admin"])}, TypeError, "list, tuple or set"),
        ({"any_role": {"admin": True}}, TypeError, "list, tuple or set"),
        ({"any_role": ["admin", ""]}, TypeError, "''"),
        ({"any_role": ["admin", 1]}, TypeError, "1"),
        ({"role": ["admin"]}, TypeError, "any_role="),
        ({"role": ""}, ValueError, "role= is empty"),
        ({"role": "admin "}, ValueError, "remove the blank"),
        ({"realm": ""}, ValueError, "realm= is empty"),
        ({"permission": "notes"}, ValueError, "resource:action"),
        ({"permission": "notes.write"}, ValueError, "resource:action"),
        ({"permission": ":write"}, ValueError, "resource:action"),
        ({"permission": "notes:"}, ValueError, "resource:action"),
        ({"permission": "shop::refund"}, ValueError, "resource:action"),
        ({"permission": "shop:orders:"}, ValueError, "resource:action"),
        ({"permission": "notes: write"}, ValueError, "resource:action"),
        ({"permission": ["notes:write"]}, TypeError, "any_permission="),
        ({"any_permission": ["notes:read", "notes"]}, ValueError, "resource:action"),
        ({"scope": ""}, ValueError, "RFC 6749"),
        ({"scope": "a  b"}, ValueError, "RFC 6749"),
        ({"scope": 'a"b'}, ValueError, "RFC 6749"),
        ({"scope": ["a"]}, TypeError, "one string"),
        ({"fresh": "10"}, ValueError, "'10m'"),
        ({"fresh": "0m"}, ValueError, "'10m'"),
        ({"fresh": "-1m"}, ValueError, "'10m'"),
        ({"fresh": 600}, ValueError, "'10m'"),
        ({"fresh": "10 m"}, ValueError, "'10m'"),
        ({"check": "admin"}, TypeError, "a function of the user"),
        ({"check": async_check}, TypeError, "plain function"),
        ({"check": AsyncCheck()}, TypeError, "plain function"),
        ({"roles": ["admin"]}, TypeError, "did you mean (role|all_roles)="),
        ({"permissions": ["a:b"]}, TypeError, "did you mean"),
        ({"organization": False}, TypeError, "write organization=True"),
        ({"organization": ""}, ValueError, "organization= is empty"),
        ({"organization": ["org_acme"]}, TypeError, "write organization=True"),
        ({"mfa": False}, TypeError, "write mfa=True"),
        ({"mfa": "mfa"}, TypeError, "write mfa=True"),
        ({"credential": "session"}, ValueError, "it is .token., .api_key. or .client."),
        ({"credential": True}, ValueError, "it is .token., .api_key. or .client."),
        ({"zzz": 1}, TypeError, "it knows role=, any_role="),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_where_it_is_written(
    rule: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        require(**rule)
    with pytest.raises(error, match=says):
        Gatepost("https://auth.example.com", audience="notes-api").require(**rule)


def test_rules_are_keywords_only() -> None:
    with pytest.raises(TypeError):
        require("admin")  # type: ignore[call-arg]


def test_a_check_that_answers_an_awaitable_opens_nothing() -> None:
    import inspect

    from gatepost.fastapi._policy import policy

    rules = policy(check=lambda user: async_check(user))  # type: ignore[arg-type, return-value]
    nobody: Any = None
    with pytest.raises(TypeError, match="awaitable"):
        rules.enforce(nobody, 0, {})
    assert inspect.iscoroutinefunction(async_check)
