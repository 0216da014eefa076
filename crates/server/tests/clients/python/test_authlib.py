"""Authlib, over requests."""

from __future__ import annotations

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from conftest import AUDIENCE, MACHINE

Metadata = dict[str, str]


def machine(**more: str) -> OAuth2Session:
    return OAuth2Session(MACHINE.id, MACHINE.secret, **more)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_program_gets_a_token_of_its_own(metadata: Metadata, method: str) -> None:
    session = machine(token_endpoint_auth_method=method)
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="notes:read")
    assert token["token_type"] == "Bearer"
    assert token["scope"] == "notes:read"
    assert not token.is_expired()
    found = session.introspect_token(metadata["introspection_endpoint"], token["access_token"]).json()
    assert found["active"] is True
    assert found["client_id"] == MACHINE.id


def test_the_token_is_verified_with_the_published_keys(metadata: Metadata) -> None:
    token = machine().fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    decoded = jwt.decode(token["access_token"], keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt"
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]}, aud={"essential": True, "value": AUDIENCE}
    )
    rules.validate(decoded.claims)
    with pytest.raises(JoseError):
        jwt.JWTClaimsRegistry(aud={"essential": True, "value": "another-api"}).validate(decoded.claims)


def test_a_refusal_carries_its_code(metadata: Metadata) -> None:
    with pytest.raises(OAuthError) as refused:
        machine().fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="no:such")
    assert refused.value.error == "invalid_scope"
    impostor = OAuth2Session(MACHINE.id, "the wrong one, but long enough to be one")
    with pytest.raises(OAuthError) as refused:
        impostor.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert refused.value.error == "invalid_client"
