"""What every notes application answers to tokens that are bound to a key (RFC 9449), once it knows its own address."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from conftest import COMMAND
from issuers import WORKER_SECRET, Issuer, base64url
from processes import Program

PUBLIC_URL = "https://notes.example.com/v1"


class Key:
    """The key of a program."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        claims: dict[str, object] = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": self._public})


@pytest.fixture(scope="module")
def public(environment: dict[str, str], folder: Path) -> Iterator[httpx.Client]:
    """The application where clients reach it behind a proxy that takes a prefix off."""
    own = {"NOTES_PUBLIC_URL": PUBLIC_URL, "NOTES_DATABASE": str(folder / "public.db")}
    program = Program(COMMAND, folder / "public.log", {**environment, **own})
    with httpx.Client(base_url=program.url, timeout=30) as client:
        yield client
    program.stop()


@pytest.fixture
def key() -> Key:
    return Key()


@pytest.fixture
def token(issuer: Issuer, key: Key) -> str:
    """A token of a program, bound to its key."""
    endpoint = f"{issuer.url}/oauth/token"
    form = {"grant_type": "client_credentials", "client_id": "worker", "client_secret": WORKER_SECRET}
    answer = httpx.post(endpoint, data=form, headers={"DPoP": key.proof("POST", endpoint)}, timeout=30)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP"), answer.text
    return str(answer.json()["access_token"])


def ask(public: httpx.Client, token: str, *proofs: str, scheme: str = "DPoP") -> tuple[int, str]:
    headers = [("authorization", f"{scheme} {token}"), *(("dpop", proof) for proof in proofs)]
    answer = public.get("/me", headers=headers)
    body = answer.json()
    code = body.get("code") or body.get("type", "").rpartition(":")[2]
    return answer.status_code, body["id"] if answer.status_code == 200 else code


def test_a_bound_token_is_good_with_a_proof_for_this_request_and_once(public: httpx.Client, key: Key, token: str) -> None:
    proof = key.proof("GET", f"{PUBLIC_URL}/me", token)
    assert ask(public, token, proof) == (200, "worker")
    assert ask(public, token, proof) == (401, "invalid_dpop_proof")
    assert ask(public, token, key.proof("GET", f"{PUBLIC_URL}/me", token)) == (200, "worker")


def test_jwt_14_a_bound_token_is_good_in_no_other_way(public: httpx.Client, key: Key, token: str) -> None:
    good = key.proof("GET", f"{PUBLIC_URL}/me", token)
    other = Key().proof("GET", f"{PUBLIC_URL}/me", token)
    assert ask(public, token, scheme="Bearer") == (401, "invalid_token")
    assert ask(public, token, good, scheme="Bearer") == (401, "invalid_token")
    assert ask(public, token, other) == (401, "invalid_token")
    for proofs in [
        [],
        [good, key.proof("GET", f"{PUBLIC_URL}/me", token)],
        [key.proof("POST", f"{PUBLIC_URL}/me", token)],
        [key.proof("GET", f"{PUBLIC_URL}/notes", token)],
        [key.proof("GET", str(public.base_url.join("/me")), token)],
        [key.proof("GET", f"{PUBLIC_URL}/me", token + "x")],
        [key.proof("GET", f"{PUBLIC_URL}/me")],
    ]:
        assert ask(public, token, *proofs) == (401, "invalid_dpop_proof")
    challenge = public.get("/me", headers={"authorization": f"DPoP {token}"}).headers["www-authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof", algs=')


def test_who_does_not_know_its_address_takes_none(anybody: httpx.Client, key: Key, token: str) -> None:
    headers = {"authorization": f"DPoP {token}", "dpop": key.proof("GET", f"{PUBLIC_URL}/me", token)}
    answer = anybody.get("/me", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
