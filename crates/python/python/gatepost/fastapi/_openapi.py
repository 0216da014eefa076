"""Writes schemes, rules and refusals into an OpenAPI document."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatepost.fastapi._gatepost import Gatepost
    from gatepost.fastapi._protection import Protection

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_WORDS = {
    "role": "role",
    "any_role": "any role",
    "all_roles": "all roles",
    "permission": "permission",
    "any_permission": "any permission",
    "all_permissions": "all permissions",
    "realm": "realm",
    "organization": "organization",
    "fresh": "signed in within",
    "credential": "credential",
    "check": "check",
}


def documented(
    auth: Gatepost, schema: dict[str, Any], *, protection: Protection | None, errors: str
) -> dict[str, Any]:
    """A copy of the document in which the guarded operations say what they ask for."""
    schema = copy.deepcopy(schema)
    schemes = _schemes(auth)
    used: set[str] = set()
    for path, operation in _operations(schema):
        needs = _take_needs(operation, auth.scheme_name)
        if protection is not None and protection.documents(path):
            needs.closed = needs.required = True
        if not needs.found and not needs.closed:
            continue
        used.update(needs.scopes)
        _ask_for_credentials(operation, schemes, needs)
        _describe(operation, needs)
        _add_refusals(operation, needs, errors)
    components = schema.get("components", {}).get("securitySchemes", {})
    components.pop(auth.scheme_name, None)
    if used and (flows := schemes.get(auth.scheme_name, {}).get("flows")):
        for flow in flows.values():
            flow["scopes"] = dict.fromkeys(sorted(used), "")
    schema.setdefault("components", {}).setdefault("securitySchemes", {}).update(schemes)
    return schema


def operations_without_guard(schema: dict[str, Any]) -> Iterator[str]:
    """The operations that anybody may call, such as `GET /health`."""
    for path, item in schema.get("paths", {}).items():
        for method in _METHODS:
            if method in item and not item[method].get("security"):
                yield f"{method.upper()} {path}"


class _Needs:
    """What the guards of one operation ask for together."""

    def __init__(self) -> None:
        self.found = False
        self.closed = False
        self.required = False
        self.scopes: list[str] = []
        self.rules: dict[str, list[Any]] = {}


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, item[method]


def _take_needs(operation: dict[str, Any], scheme: str) -> _Needs:
    """Takes what the guards left in `security` out of the operation."""
    needs = _Needs()
    kept = []
    for alternative in operation.get("security", []):
        if scheme not in alternative:
            kept.append(alternative)
            continue
        needs.found = True
        for scope in alternative[scheme]:
            if not scope.startswith(" "):
                needs.scopes.append(scope)
                continue
            for rule, value in json.loads(scope).items():
                if rule == "required":
                    needs.required = True
                elif rule != "optional":
                    values = needs.rules.setdefault(rule, [])
                    if value not in values:
                        values.append(value)
    if needs.found:
        operation["security"] = kept
    return needs


def _schemes(auth: Gatepost) -> dict[str, Any]:
    """The ways to present a credential, by the name they have in the document."""
    schemes: dict[str, Any] = {}
    flows = _flows(auth)
    if flows:
        bound = " The token must be bound to a key, and is sent under the scheme DPoP (RFC 9449)." if auth.dpop_only else ""
        schemes[auth.scheme_name] = {
            "type": "oauth2",
            "description": f"Sign in at {auth.issuers[0]}.{bound}",
            "flows": flows,
        }
    if not auth.dpop_only:
        schemes[f"{auth.scheme_name}Token"] = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token for {auth.audience}.",
        }
    if auth.dpop is not None:
        schemes[f"{auth.scheme_name}Dpop"] = {
            "type": "http",
            "scheme": "DPoP",
            "description": f"An access token for {auth.audience} that is bound to a key, with a proof in the header `DPoP` (RFC 9449).",
        }
    if auth.api_keys:
        schemes[f"{auth.scheme_name}Key"] = {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": f"An API key made at {auth.issuers[0]}.",
        }
    return schemes


def _flows(auth: Gatepost) -> dict[str, Any]:
    metadata = auth.sources()[0].metadata
    if metadata is None:
        # Not fetched yet: the paths of Gatepost's own engine. The document is written anew once they are known.
        issuer = auth.issuers[0].rstrip("/")
        return {
            "authorizationCode": {
                "authorizationUrl": f"{issuer}/oauth/authorize",
                "tokenUrl": f"{issuer}/oauth/token",
                "scopes": {},
            }
        }
    flows: dict[str, Any] = {}
    if metadata.authorization_endpoint and metadata.token_endpoint:
        flows["authorizationCode"] = {
            "authorizationUrl": metadata.authorization_endpoint,
            "tokenUrl": metadata.token_endpoint,
            "scopes": {},
        }
    if metadata.password_grant and metadata.token_endpoint:
        flows["password"] = {"tokenUrl": metadata.token_endpoint, "scopes": {}}
    return flows


def _ask_for_credentials(operation: dict[str, Any], schemes: dict[str, Any], needs: _Needs) -> None:
    security = operation.setdefault("security", [])
    for name, scheme in schemes.items():
        security.append({name: needs.scopes if scheme["type"] == "oauth2" else []})
    if not needs.required:
        security.append({})


def _describe(operation: dict[str, Any], needs: _Needs) -> None:
    rules = {rule: values[0] if len(values) == 1 else values for rule, values in needs.rules.items()}
    if rules:
        operation["x-gatepost"] = rules
    said = [words for rule, values in needs.rules.items() for value in values for words in _said(rule, value)]
    if needs.scopes:
        said.append(f"scope: {' '.join(needs.scopes)}")
    if said:
        sentence = f"**Requires** {'; '.join(said)}."
        before = operation.get("description", "")
        operation["description"] = f"{before}\n\n{sentence}" if before else sentence


def _said(rule: str, value: Any) -> list[str]:
    if rule == "mfa":
        return ["a second factor"]
    if rule == "organization" and value is True:
        return ["an active organization"]
    if rule == "resource":
        return _said_of_resource(value)
    return [f"{_WORDS[rule]}: {_listed(value)}"]


def _said_of_resource(rules: dict[str, Any]) -> list[str]:
    said = []
    if "organization" in rules:
        said.append(f"the resource is of that organization (`{rules['organization']}`)")
    whose = []
    if "owner" in rules:
        whose.append(f"the resource is the caller's own (`{rules['owner']}`)")
    if "check" in rules:
        whose.append(f"check: {rules['check']}")
    if whose:
        others = [f"{kind}: {rules[f'or_{kind}']}" for kind in ("role", "permission") if f"or_{kind}" in rules]
        said.append(", or ".join([" and ".join(whose), *others]))
    return said


def _listed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _add_refusals(operation: dict[str, Any], needs: _Needs, errors: str) -> None:
    responses = operation.setdefault("responses", {})
    responses.setdefault("401", _refusal("No credential, or one that is not good", errors, challenge=True))
    resources = needs.rules.get("resource", [])
    # A hidden resource forbids nothing: it is not there.
    if needs.scopes or needs.rules.keys() - {"resource"} or any("hide" not in each for each in resources):
        responses.setdefault("403", _refusal("The credential is not enough", errors))
    if resources:
        responses.setdefault("404", _refusal("There is no such thing", errors))


def _refusal(description: str, errors: str, *, challenge: bool = False) -> dict[str, Any]:
    media_type, members = {
        "detail": ("application/json", {"detail": "string", "code": "string"}),
        "problem": (
            "application/problem+json",
            {"type": "string", "title": "string", "status": "integer", "detail": "string"},
        ),
    }[errors]
    refusal: dict[str, Any] = {
        "description": description,
        "content": {
            media_type: {
                "schema": {
                    "type": "object",
                    "properties": {name: {"type": kind} for name, kind in members.items()},
                    "required": list(members),
                }
            }
        },
    }
    if challenge:
        refusal["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750 section 3"}}
    return refusal
