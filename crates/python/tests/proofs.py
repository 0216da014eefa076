"""Keys that tokens are bound to, and the proofs of who has them (RFC 9449)."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import jwt
from conftest import NOW, b64
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

PUBLIC_URL = "https://api.example.com/notes"
"""The address of the API: a proxy takes the prefix off."""


class ClientKey:
    """The key of a client."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.jwk: dict[str, Any] = {name: public[name] for name in ("kty", "crv", "x", "y")}

    @property
    def thumbprint(self) -> str:
        """RFC 7638"""
        return b64(sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest())

    def proof(self, path: str, token: str, jti: str = "1", **claims: Any) -> str:
        """A good proof for `GET` of a path, but for the claims that are given."""
        return Proof(claims={"jti": jti, **claims}).made(self, self, path, token)


@dataclass
class Proof:
    """How a proof differs from a good one."""

    text: str | None = None
    """What is sent in its place."""
    joined: bool = False
    """Whether it is sent twice in one header."""
    claims: dict[str, Any] = field(default_factory=dict)
    """None removes one."""
    header: dict[str, Any] = field(default_factory=dict)
    age: int = 0
    """How many seconds ago it was made."""
    key: str | None = None
    """Whose it is: another key than the token is bound to."""
    signed_by: str | None = None
    private: bool = False
    """Whether the private half of the key stands in it."""

    def made(self, own: ClientKey, other: ClientKey, path: str, token: str) -> str:
        if self.text is not None:
            return token if self.text == "the token" else self.text
        shown = other if self.key else own
        signing = other if self.signed_by else shown
        claims = {
            "jti": "1",
            "htm": "GET",
            "htu": PUBLIC_URL + path,
            "iat": NOW - self.age,
            "ath": b64(sha256(token.encode()).digest()),
            **self.claims,
        }
        header: dict[str, Any] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": dict(shown.jwk), **self.header}
        if self.private:
            header["jwk"]["d"] = b64(shown.private.private_numbers().private_value.to_bytes(32, "big"))
        parts = [{name: value for name, value in part.items() if value is not None} for part in (header, claims)]
        signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
        r, s = decode_dss_signature(signing.private.sign(signed.encode(), ec.ECDSA(SHA256())))
        proof = f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        return f"{proof}, {proof}" if self.joined else proof
