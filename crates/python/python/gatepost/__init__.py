"""Verify access tokens, and guard APIs with them.

`Verifier` checks tokens with keys that are at hand and needs no network. `gatepost.fastapi` guards an app and fetches the
keys itself. `gatepost.jose` verifies other signed texts.
"""

from gatepost._native import Claims, Organization, Verifier
from gatepost.errors import (
    AlgorithmRefused,
    BadSignature,
    ClaimInvalid,
    ClaimMissing,
    ClaimsMismatch,
    ExpiredToken,
    GatepostError,
    IssuedInFuture,
    IssuerMismatch,
    IssuerUnreachable,
    KeyIdMissing,
    KeyRefused,
    MalformedToken,
    NotYetValid,
    ProofRefused,
    ProofRequired,
    TokenError,
    TokenTooLarge,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongType,
)

__all__ = [
    "AlgorithmRefused",
    "BadSignature",
    "ClaimInvalid",
    "ClaimMissing",
    "Claims",
    "ClaimsMismatch",
    "ExpiredToken",
    "GatepostError",
    "IssuedInFuture",
    "IssuerMismatch",
    "IssuerUnreachable",
    "KeyIdMissing",
    "KeyRefused",
    "MalformedToken",
    "NotYetValid",
    "Organization",
    "ProofRefused",
    "ProofRequired",
    "TokenError",
    "TokenTooLarge",
    "UnknownKey",
    "Verifier",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
    "__version__",
]

__version__ = "0.1.0"
