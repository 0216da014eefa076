"""The native half of the package. Import its classes from `gatepost` and `gatepost.jose`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, final

_T = TypeVar("_T")

@final
class Organization:
    """An organization, as tokens name it. Equal to another of the same identifier."""

    @property
    def id(self) -> str:
        """The identifier (`org_id`): what to store beside what belongs to the organization."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Claims:
    """What a verified token says. Frozen, and made by verifying a token only.

    It holds no request and no connection, so it may be passed to background tasks and other threads. One object serves every
    request that brings the same token.
    """

    @property
    def id(self) -> str:
        """Whom the token speaks for (`sub`)."""

    @property
    def issuer(self) -> str:
        """Who issued the token (`iss`)."""

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom the token is for (`aud`)."""

    @property
    def expires_at(self) -> int:
        """When the token ends (`exp`), in Unix seconds."""

    @property
    def issued_at(self) -> int:
        """When the token was made (`iat`), in Unix seconds."""

    @property
    def not_before(self) -> int | None:
        """When the token begins (`nbf`), in Unix seconds."""

    @property
    def auth_time(self) -> int | None:
        """When the user last signed in (`auth_time`), in Unix seconds."""

    @property
    def token_id(self) -> str | None:
        """The token's own name (`jti`)."""

    @property
    def client_id(self) -> str | None:
        """The client that the token was issued to."""

    @property
    def session_id(self) -> str | None:
        """The session that the token belongs to (`sid`)."""

    @property
    def email(self) -> str | None:
        """The user's e-mail address. See `email_verified`."""

    @property
    def email_verified(self) -> bool | None:
        """Whether the address was verified; None if the token does not say."""

    @property
    def name(self) -> str | None:
        """The user's name, for display."""

    @property
    def realm(self) -> str | None:
        """The realm that the user belongs to (`realm_id`)."""

    @property
    def organization(self) -> Organization | None:
        """The organization that the token was issued for (`org_id`).

        A request may name another one, and must then be refused: ask for `CurrentMember` where it matters.
        """

    @property
    def acr(self) -> str | None:
        """How strongly the user was authenticated, as a class (`acr`)."""

    @property
    def amr(self) -> tuple[str, ...]:
        """The methods the user signed in with (`amr`, RFC 8176)."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The user's roles."""

    @property
    def permissions(self) -> tuple[str, ...]:
        """The user's permissions, such as `notes:write`, as granted. Ask with `can`, which knows `notes:*`."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the client may use of what the user may do (`scope`)."""

    @property
    def credential(self) -> Literal["token", "api_key", "client"]:
        """What the caller presented: a token for which a user signed in, or an API key (or a token that one became)."""

    @property
    def claims(self) -> dict[str, Any]:
        """Every claim, as a new dict at each access. Keep it in a variable to read it twice."""

    def has_role(self, role: str) -> bool:
        """Whether the user has exactly this role."""

    def can(self, permission: str) -> bool:
        """Whether the user has this permission, or the one for every action on the resource (`notes:*`)."""

    def has_scope(self, scope: str) -> bool:
        """Whether the token has exactly this scope."""

    def read(self, model: type[_T]) -> _T:
        """The claims as a type of your own: a pydantic model, a dataclass, a TypedDict or a msgspec Struct.

        A new object at each call. Raises `ClaimsMismatch` if the claims do not fit.
        """

@final
class Verifier:
    """Verifies access tokens of one issuer, for one audience, with keys that are at hand.

    Make one and keep it: keys are parsed once and verified tokens are remembered. Safe to share between threads.
    """

    def __new__(
        cls,
        *,
        issuer: str,
        audience: str,
        jwks: Mapping[str, Any],
        algorithms: Sequence[str] | None = None,
        leeway: int = 30,
        typ: str = "at+jwt",
    ) -> Verifier:
        """`jwks` is the issuer's key set as a dict; `leeway` is in seconds.

        Without `algorithms`, every asymmetric one is allowed, each only with keys made for it. Raises `KeyRefused` if the key
        set cannot be used.
        """

    def verify(self, token: str, now: int | None = None) -> Claims:
        """The claims of a good token. Raises a `TokenError` otherwise.

        `now` is in Unix seconds; the machine's clock is read without it.
        """

    @property
    def issuer(self) -> str:
        """The issuer whose tokens are good."""

    @property
    def audience(self) -> str:
        """The audience that a token must name."""

def verify_compact(jws: str, jwks: Mapping[str, Any], algorithms: Sequence[str]) -> bytes:
    """The payload of a compact JWS (RFC 7515), if a key of the set signed it with one of the algorithms.

    Only the signature is checked. For access tokens use `Verifier`, which checks what they say as well: a signature does not
    tell an access token from another text signed with the same key. Raises a `TokenError` otherwise.
    """

@final
class Issuers:
    """The core of `gatepost.fastapi.Gatepost`: private to the package."""

    def __new__(
        cls,
        *,
        issuers: Sequence[str],
        audience: str,
        algorithms: Sequence[str] | None,
        typ: str,
        leeway: int,
        cooldown: int,
        fresh_for: int,
        max_age: int,
        api_keys: bool,
        dpop: str | None = None,
        dpop_only: bool = False,
    ) -> Issuers: ...
    def authenticate(
        self, headers: Iterable[tuple[bytes, bytes]], now: int, request: tuple[str, str] | None = None
    ) -> Claims | None: ...
    @staticmethod
    def proof_algorithms() -> str: ...
    def verify(self, token: str, now: int) -> Claims: ...
    def presented(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None: ...
    def asked_of(self, token: str) -> int | None: ...
    def should_fetch(self, issuer: int, reason: Literal["never", "unknown_kid", "stale"], now: int) -> bool: ...
    def fetched(self, issuer: int, now: int, document: bytes) -> int: ...
    def failed(self, issuer: int, now: int) -> None: ...
    def key_state(self, issuer: int, now: int) -> Literal["empty", "fresh", "stale", "expired"]: ...
    def retry_after(self, issuer: int, now: int) -> int: ...

@final
class Subject:
    """What is exchanged, as a digest: private to the package."""

    @staticmethod
    def api_key(key: str) -> Subject: ...
    @staticmethod
    def organization(token: str, organization: str) -> Subject: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Exchanges:
    """The exchanges of one API: private to the package."""

    def __new__(cls, issuers: Issuers) -> Exchanges: ...
    def known(self, subject: Subject, now: int) -> Claims | Literal[False, "second_factor"] | None: ...
    def was_good(self, subject: Subject, now: int) -> bool: ...
    def take(
        self,
        subject: Subject,
        issuer: int,
        token: str,
        now: int,
        *,
        organization: str | None = None,
        user: str | None = None,
    ) -> Claims | None: ...
    def refuse(self, subject: Subject, now: int) -> None: ...
    def refuse_without_second_factor(self, subject: Subject, now: int) -> None: ...

__all__ = ["Claims", "Exchanges", "Issuers", "Organization", "Subject", "Verifier", "verify_compact"]
