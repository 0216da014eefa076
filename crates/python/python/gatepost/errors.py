"""What the package raises.

`TokenError` and its subclasses say that a token was refused, one class and one `code` for each reason. `GatepostError` says
that something was set up wrongly or cannot be reached, and that no token is to blame.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AlgorithmRefused",
    "BadSignature",
    "ClaimInvalid",
    "ClaimMissing",
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
    "ProofRefused",
    "ProofRequired",
    "TokenError",
    "TokenTooLarge",
    "UnknownKey",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
]


class GatepostError(Exception):
    """The set-up is wrong, or an issuer cannot be reached. The message names the thing and the remedy."""


class KeyRefused(GatepostError):
    """A key set cannot be used: not JSON, private keys inside, two keys of one name, a weak or broken key."""

    code: str
    """Why, as a stable snake_case word such as `duplicate_kid`."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class IssuerUnreachable(GatepostError):
    """An issuer's discovery document or keys could not be fetched. Worth trying again."""


class IssuerMismatch(GatepostError):
    """What answers at the URL says that it is another issuer, or is none. Trying again does not help."""


class TokenError(Exception):
    """A token was refused.

    `str(error)` is a fixed sentence that the sender of the token may read; `reason` is for the log; `code` is for programs.
    None of them holds a byte of the token.
    """

    code: ClassVar[str] = "token_refused"
    """The reason as a stable snake_case word."""

    reason: str
    """The reason as a sentence for the log. Do not send it to the caller: it tells an attacker which check refused."""

    def __init__(self, message: str = "The access token is not valid", reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason

    def __reduce__(self) -> tuple[type[TokenError], tuple[str, str]]:
        return type(self), (str(self), self.reason)


class MalformedToken(TokenError):
    """Not a compact JWS of strict base64url and strict JSON, or not exactly one credential."""

    code = "token_malformed"


class TokenTooLarge(TokenError):
    """Longer than 16 KiB."""

    code = "token_too_large"


class AlgorithmRefused(TokenError):
    """`alg` is not one that is allowed here, or not the one of the key."""

    code = "algorithm_refused"


class UnknownKey(TokenError):
    """No key for the token's `kid`. If the issuer rotated its keys, fetch them and try once more."""

    code = "unknown_key"


class KeyIdMissing(TokenError):
    """No `kid`, although there are several keys."""

    code = "key_id_missing"


class BadSignature(TokenError):
    """The signature does not fit the text and the key."""

    code = "bad_signature"


class ClaimMissing(TokenError):
    """A claim that every access token has is not there."""

    code = "claim_missing"


class ClaimInvalid(TokenError):
    """A claim has a wrong JSON type or an impossible value."""

    code = "claim_invalid"


class WrongType(TokenError):
    """`typ` says that it is another kind of token (RFC 8725 section 3.11)."""

    code = "wrong_type"


class WrongIssuer(TokenError):
    """`iss` is not the issuer expected, compared as a string."""

    code = "wrong_issuer"


class WrongAudience(TokenError):
    """`aud` does not hold the audience expected, compared as a string."""

    code = "wrong_audience"


class ExpiredToken(TokenError):
    """`exp` has passed, leeway included. The client should refresh."""

    code = "token_expired"


class NotYetValid(TokenError):
    """`nbf` is still to come, leeway included."""

    code = "token_not_yet_valid"


class IssuedInFuture(TokenError):
    """`iat` is in the future by more than the leeway."""

    code = "issued_in_future"


class ProofRequired(TokenError):
    """The token is bound to a key (`cnf`) and came without a proof of possession (RFC 9449, RFC 8705)."""

    code = "proof_required"


class ProofRefused(TokenError):
    """The header `DPoP` has no proof that was made for this request and token, just now and for the first time (RFC 9449)."""

    code = "proof_refused"


class ClaimsMismatch(TokenError):
    """The claims are not what the model given to `read` asks for; `reason` names the fields."""

    code = "claims_mismatch"


class _ApiKeyUnexchanged(Exception):
    """No refusal: the key must be exchanged at its issuer first. Callers never see it."""


_BY_CODE: dict[str, type[TokenError]] = {kind.code: kind for kind in TokenError.__subclasses__()}


def _token_error(code: str, message: str, reason: str) -> TokenError:
    """The exception for a refusal of the native module."""
    return _BY_CODE.get(code, TokenError)(message, reason)
