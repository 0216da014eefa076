"""Mistakes that mypy must find: an ignore that is not needed is an error (`warn_unused_ignores`). It is not run."""

from __future__ import annotations

import gatepost
from gatepost.fastapi import AuthedRequest, Gatepost, User, require, resource

require(any_role="admin")  # type: ignore[arg-type]
require(role=["admin"])  # type: ignore[arg-type]
require(roles=["admin"])  # type: ignore[arg-type]
require("admin")  # type: ignore[call-arg]
require(mfa=False)  # type: ignore[arg-type]
require(organization=False)  # type: ignore[arg-type]
Gatepost("https://auth.example.com")  # type: ignore[call-arg]
Gatepost("https://auth.example.com", audience="a", api_keys="yes")  # type: ignore[arg-type]
require(credential="session")  # type: ignore[arg-type]
gatepost.Verifier(issuer="a", audience="b", jwks="{}")  # type: ignore[arg-type]


def wrong(user: User, request: AuthedRequest) -> None:
    user.id = "usr_eve"  # type: ignore[misc]
    request.user.organization.id  # type: ignore[union-attr]


async def load(note_id: int) -> str | None: ...


def about_numbers(user: User, note: int) -> bool:
    return note > 0


resource(load, owner=["owner_id"])  # type: ignore[call-overload]
resource(load, ownr="owner_id")  # type: ignore[call-overload]
resource(load, check=about_numbers)  # type: ignore[misc]
