"""requests-oauthlib, whose oauthlib reads answers strictly."""

from __future__ import annotations

import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, InvalidScopeError
from requests_oauthlib import OAuth2Session

from conftest import MACHINE

Metadata = dict[str, str]


def machine(scope: str) -> OAuth2Session:
    return OAuth2Session(client=BackendApplicationClient(client_id=MACHINE.id, scope=scope))


def test_a_program_gets_a_token_of_its_own(metadata: Metadata) -> None:
    session = machine("notes:read")
    token = session.fetch_token(metadata["token_endpoint"], client_secret=MACHINE.secret)
    assert token["scope"] == ["notes:read"]
    assert token["expires_in"] > 0


def test_a_refusal_is_an_error_of_its_own_class(metadata: Metadata) -> None:
    with pytest.raises(InvalidScopeError):
        machine("no:such").fetch_token(metadata["token_endpoint"], client_secret=MACHINE.secret)
    with pytest.raises(InvalidClientError):
        machine("notes:read").fetch_token(metadata["token_endpoint"], client_secret="wrong, but long enough to be one")
