"""Tokens and keys made by other libraries are good here."""

from __future__ import annotations

import jwt
import pytest
from conftest import AUDIENCE, NOW, Key, key
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwk
from joserfc import jwt as joserfc_jwt

import gatepost

ISSUER = "https://auth.example.com"
PAYLOAD = {"iss": ISSUER, "sub": "usr_ada", "aud": [AUDIENCE, ISSUER], "iat": NOW, "exp": NOW + 60, "roles": ["admin"]}


def _check(token: str, public: dict[str, object], algorithm: str) -> None:
    verifier = gatepost.Verifier(issuer=ISSUER, audience=AUDIENCE, jwks={"keys": [public]}, algorithms=[algorithm])
    claims = verifier.verify(token, NOW)
    assert (claims.id, claims.roles, claims.audience) == ("usr_ada", ("admin",), (AUDIENCE, ISSUER))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_pyjwt_signs_and_gatepost_verifies(algorithm: str) -> None:
    by: Key = key(f"py-{algorithm}", algorithm)
    made = jwt.encode(PAYLOAD, by.private, algorithm=algorithm, headers={"kid": by.kid, "typ": "at+jwt"})
    _check(made, by.jwk, algorithm)


# joserfc would rather have the newer name Ed25519 (RFC 9864); tokens of today say EdDSA.
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"])
def test_joserfc_signs_and_gatepost_verifies(algorithm: str) -> None:
    private: jwk.RSAKey | jwk.ECKey | jwk.OKPKey
    if algorithm == "EdDSA":
        private = jwk.OKPKey.import_key(ed25519.Ed25519PrivateKey.generate())
    elif algorithm.startswith("ES"):
        curve = ec.SECP256R1() if algorithm == "ES256" else ec.SECP384R1()
        private = jwk.ECKey.import_key(ec.generate_private_key(curve))
    else:
        private = jwk.RSAKey.import_key(rsa.generate_private_key(65537, 2048))
    header = {"alg": algorithm, "kid": "j-1", "typ": "at+jwt"}
    made = joserfc_jwt.encode(header, dict(PAYLOAD), private, algorithms=[algorithm])
    _check(made, {**private.as_dict(private=False), "kid": "j-1", "alg": algorithm, "use": "sig"}, algorithm)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_secrets_are_good_only_where_their_algorithm_is_named(algorithm: str) -> None:
    from conftest import b64

    secret = bytes(range(64))
    made = jwt.encode(PAYLOAD, secret, algorithm=algorithm, headers={"kid": "h-1", "typ": "at+jwt"})
    public = {"kty": "oct", "k": b64(secret), "kid": "h-1", "alg": algorithm, "use": "sig"}
    _check(made, public, algorithm)
    with pytest.raises((gatepost.AlgorithmRefused, gatepost.UnknownKey, gatepost.KeyRefused)):
        gatepost.Verifier(issuer=ISSUER, audience=AUDIENCE, jwks={"keys": [public]}).verify(made, NOW)
