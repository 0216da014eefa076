"""What the server answers, as objects whose values are attributes and items. None of them shows a secret in its `repr`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatepost.compat.zalt_auth._errors import ZaltError


class _Readable:
    """`user["email"]` beside `user.email`, and `dict(user)`."""

    def keys(self) -> list[str]:
        return [each.name for each in dataclasses.fields(self)]  # type: ignore[arg-type]

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name) if name in self.keys() else default


@dataclass(frozen=True)
class Profile(_Readable):
    """What somebody says of themselves."""

    first_name: str | None = None
    last_name: str | None = None
    avatar_url: str | None = None
    phone_number: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)
    """Always empty: the server keeps none."""


@dataclass(frozen=True)
class Tenant(_Readable):
    """An organization that somebody belongs to, and what they are and may do there."""

    tenant_id: str
    tenant_name: str | None = None
    role: str | None = None
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class User(_Readable):
    """An account."""

    id: str
    email: str
    realm_id: str | None = None
    email_verified: bool = False
    profile: Profile = field(default_factory=Profile)
    status: str | None = None
    """`active`, `suspended` or `pending_verification`."""
    mfa_enabled: bool = False
    roles: tuple[str, ...] = ()
    """In the realm. Those in an organization are in `tenants`."""
    permissions: tuple[str, ...] = ()
    """In the realm. Those in an organization are in `tenants`."""
    tenants: tuple[Tenant, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None
    last_login: str | None = None


@dataclass(frozen=True)
class Tokens(_Readable):
    """An access token, and what the next one is obtained with."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    """Seconds for which the access token is good."""
    token_type: str = "Bearer"


@dataclass(frozen=True)
class AuthResult(_Readable):
    """Somebody has signed in."""

    user: User
    tokens: Tokens
    backup_codes: tuple[str, ...] = field(default=(), repr=False)
    """Shown this once, where the sign-in set an authenticator app up."""


@dataclass(frozen=True)
class Registration(_Readable):
    """An account was made, or the answer is what it would be."""

    user: User
    tokens: Tokens | None = None
    """None where something is asked for before the first sign-in: a confirmed address, a second factor."""


@dataclass(frozen=True)
class MFASetup(_Readable):
    """An authenticator app that counts once `mfa.verify` has its first code."""

    secret: str = field(repr=False)
    otpauth_url: str = field(repr=False)
    qr_code: str = field(repr=False)
    """A picture of it, as a `data:` URL."""
    backup_codes: tuple[str, ...] = field(default=(), repr=False)
    """Empty: they come when the app is confirmed, with `mfa.verify`."""


@dataclass(frozen=True)
class MFAConfirmed(_Readable):
    """The app counts from now on."""

    success: bool
    backup_codes: tuple[str, ...] = field(repr=False)
    """To be written down: they are shown this once."""


@dataclass(frozen=True)
class MFAStatus(_Readable):
    """What the account has set up."""

    enabled: bool
    methods: tuple[str, ...]
    """Such as `totp`, `sms` and `webauthn`."""
    backup_codes_remaining: int
    phone_number: str | None = None
    """Its last two digits, where codes are sent to one."""


@dataclass(frozen=True)
class SMSSetup(_Readable):
    """A telephone that counts once `sms.verify` has the code that was sent to it."""

    phone_number: str
    """Its last two digits."""
    verification_required: bool


@dataclass(frozen=True)
class SMSSent(_Readable):
    """A code that is on its way, and good for five minutes."""

    phone_number: str
    """The last two digits of where it goes."""


@dataclass(frozen=True)
class SMSRisk(_Readable):
    """What to tell people before they choose text messages."""

    warning: str
    recommended_methods: tuple[str, ...]
    """What is safer: `webauthn`, `totp`."""
    sms_allowed: bool
    """Whether the realm sends any."""


def user_of(said: Mapping[str, Any]) -> User:
    """The account that an answer shows."""
    about = _object(said, "user")
    return User(
        id=_text(about, "id"),
        email=_text(about, "email"),
        realm_id=_text_or_none(about, "realm_id"),
        email_verified=about.get("email_verified") is True,
        profile=_profile(about.get("profile")),
        status=_text_or_none(about, "status"),
        mfa_enabled=about.get("mfa_enabled") is True,
        roles=names(about.get("roles")),
        permissions=names(about.get("permissions")),
        tenants=_tenants(about.get("tenants")),
        created_at=_text_or_none(about, "created_at"),
        updated_at=_text_or_none(about, "updated_at"),
        last_login=_text_or_none(about, "last_login"),
    )


def tokens_of(said: Mapping[str, Any]) -> Tokens:
    """The tokens of an answer."""
    pair = _object(said, "tokens")
    return Tokens(
        access_token=_text(pair, "access_token"),
        refresh_token=_text(pair, "refresh_token"),
        expires_in=_number(pair, "expires_in"),
    )


def signed_in(said: Mapping[str, Any]) -> AuthResult:
    """Who signed in, with their tokens."""
    return AuthResult(user_of(said), tokens_of(said), names(said.get("backup_codes")))


def registered(said: Mapping[str, Any]) -> Registration:
    """Whose account was made."""
    return Registration(user_of(said), None if said.get("tokens") is None else tokens_of(said))


def mfa_setup(said: Mapping[str, Any]) -> MFASetup:
    """The app that is being set up."""
    codes = names(said.get("backup_codes"))
    return MFASetup(_text(said, "secret"), _text(said, "otpauth_url"), _text(said, "qr_code"), codes)


def mfa_confirmed(said: Mapping[str, Any]) -> MFAConfirmed:
    """The app that was set up."""
    return MFAConfirmed(said.get("success") is True, names(said.get("backup_codes")))


def mfa_status(said: Mapping[str, Any]) -> MFAStatus:
    """What is set up."""
    enabled = said.get("enabled")
    if not isinstance(enabled, bool):
        raise _unreadable("enabled")
    left, number = _number(said, "backup_codes_remaining"), _text_or_none(said, "phone_number")
    return MFAStatus(enabled, names(said.get("methods")), left, number)


def sms_setup(said: Mapping[str, Any]) -> SMSSetup:
    """The telephone that is being set up."""
    return SMSSetup(_text(said, "phone_number"), said.get("verification_required") is True)


def sms_sent(said: Mapping[str, Any]) -> SMSSent:
    """Where a code was sent."""
    return SMSSent(_text(said, "phone_number"))


def sms_risk(said: Mapping[str, Any]) -> SMSRisk:
    """What is said of text messages."""
    recommended = names(said.get("recommended_methods"))
    return SMSRisk(_text(said, "warning"), recommended, said.get("sms_allowed") is True)


def nothing(said: Mapping[str, Any]) -> None:
    """Of an answer that says no more than that it is done."""


def names(value: object) -> tuple[str, ...]:
    """A list of words. Text is none: `"admin" in "not-admin"` is true of it."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _profile(value: object) -> Profile:
    about = value if isinstance(value, Mapping) else {}
    metadata = about.get("metadata")
    return Profile(
        first_name=_text_or_none(about, "first_name"),
        last_name=_text_or_none(about, "last_name"),
        avatar_url=_text_or_none(about, "avatar_url"),
        phone_number=_text_or_none(about, "phone_number"),
        metadata=dict(metadata) if isinstance(metadata, Mapping) else {},
    )


def _tenants(value: object) -> tuple[Tenant, ...]:
    return tuple(
        Tenant(
            tenant_id=_text(each, "tenant_id"),
            tenant_name=_text_or_none(each, "tenant_name"),
            role=_text_or_none(each, "role"),
            permissions=names(each.get("permissions")),
        )
        for each in (value if isinstance(value, list) else [])
        if isinstance(each, Mapping)
    )


def _object(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name)
    if not isinstance(value, Mapping):
        raise _unreadable(name)
    return value


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise _unreadable(name)
    return value


def _text_or_none(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def _number(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unreadable(name)
    return value


def _unreadable(name: str) -> ZaltError:
    return ZaltError(f"the server's answer has no {name} of the right kind; is it a realm of the profile zalt?")
