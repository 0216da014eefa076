"""What is asked of the server, and how its answer is read. Nothing is sent here: both clients send the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gatepost.compat.zalt_auth import _answers
from gatepost.compat.zalt_auth._answers import (
    AuthResult,
    MFAConfirmed,
    MFASetup,
    MFAStatus,
    Registration,
    SMSRisk,
    SMSSent,
    SMSSetup,
    Tokens,
    User,
)
from gatepost.compat.zalt_auth._errors import MFARequiredError, ZaltError

T = TypeVar("T")

PROFILE = ("first_name", "last_name", "avatar_url", "phone_number", "metadata")
_MFA = "/v1/auth/mfa"


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request."""

    method: str
    path: str
    read: Callable[[Mapping[str, Any]], T]
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """The access token of whoever it is about."""


def register(email: str, password: str, profile: Mapping[str, Any]) -> Call[Registration]:
    body = {"email": email, "password": password, **({"profile": profile} if profile else {})}
    return Call("POST", "/register", _answers.registered, body)


def login(email: str, password: str) -> Call[AuthResult]:
    return Call("POST", "/login", _signed_in_or_asked, {"email": email, "password": password})


def refresh(refresh_token: str) -> Call[Tokens]:
    return Call("POST", "/refresh", _answers.tokens_of, {"refresh_token": refresh_token})


def logout(token: str) -> Call[None]:
    return Call("POST", "/logout", _answers.nothing, token=token)


def fetch_user(token: str) -> Call[User]:
    return Call("GET", "/me", _answers.user_of, token=token)


def update_profile(token: str, profile: Mapping[str, Any]) -> Call[User]:
    return Call("PATCH", "/me/profile", _answers.user_of, profile, token)


def change_password(token: str, current: str, new: str) -> Call[None]:
    body = {"current_password": current, "new_password": new}
    return Call("POST", "/me/password", _answers.nothing, body, token)


def request_password_reset(email: str) -> Call[None]:
    return Call("POST", "/password/reset", _answers.nothing, {"email": email})


def confirm_password_reset(mailed: str, new: str) -> Call[None]:
    body = {"token": mailed, "new_password": new}
    return Call("POST", "/password/reset/confirm", _answers.nothing, body)


def mfa_setup(token: str) -> Call[MFASetup]:
    return Call("POST", f"{_MFA}/setup", _answers.mfa_setup, {"method": "totp"}, token)


def mfa_confirm(token: str, code: str) -> Call[MFAConfirmed]:
    return Call("POST", f"{_MFA}/verify", _answers.mfa_confirmed, {"code": code}, token)


def mfa_finish(session: str, code: str) -> Call[AuthResult]:
    return Call("POST", f"{_MFA}/login/verify", _answers.signed_in, {"mfa_session_id": session, "code": code})


def mfa_disable(token: str, code: str | None, password: str | None) -> Call[None]:
    return Call("POST", f"{_MFA}/disable", _answers.nothing, _shown(code, password), token)


def mfa_status(token: str) -> Call[MFAStatus]:
    return Call("GET", f"{_MFA}/status", _answers.mfa_status, token=token)


def sms_setup(token: str, phone_number: str) -> Call[SMSSetup]:
    return Call("POST", f"{_MFA}/sms/setup", _answers.sms_setup, {"phone_number": phone_number}, token)


def sms_send(token: str) -> Call[SMSSent]:
    return Call("POST", f"{_MFA}/sms/send", _answers.sms_sent, token=token)


def sms_send_for(session: str) -> Call[SMSSent]:
    return Call("POST", f"{_MFA}/sms/send", _answers.sms_sent, {"mfa_session_id": session})


def sms_confirm(token: str, code: str) -> Call[MFAConfirmed]:
    return Call("POST", f"{_MFA}/sms/verify", _answers.mfa_confirmed, {"code": code}, token)


def sms_finish(session: str, code: str) -> Call[AuthResult]:
    body = {"mfa_session_id": session, "code": code}
    return Call("POST", f"{_MFA}/sms/login/verify", _answers.signed_in, body)


def sms_disable(token: str, code: str | None, password: str | None) -> Call[None]:
    return Call("POST", f"{_MFA}/sms/disable", _answers.nothing, _shown(code, password) or None, token)


def _shown(code: str | None, password: str | None) -> dict[str, str]:
    return {name: value for name, value in (("code", code), ("password", password)) if value is not None}


def sms_risk_warning(token: str) -> Call[SMSRisk]:
    return Call("GET", f"{_MFA}/sms/risk-warning", _answers.sms_risk, token=token)


def profile_of(given: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a profile, as a mapping or by name. A `TypeError` for one that is none: the server would pass it over."""
    members = {**(given or {}), **named}
    for name in members:
        if name not in PROFILE:
            raise TypeError(f"a profile has no {name!r}; it has {', '.join(PROFILE)}")
    return members


def _signed_in_or_asked(said: Mapping[str, Any]) -> AuthResult:
    if not said.get("mfa_required"):
        return _answers.signed_in(said)
    session, seconds = said.get("mfa_session_id"), said.get("mfa_expires_in")
    if not isinstance(session, str) or not session:
        raise ZaltError("the server asks for a second factor, and not for which sign-in")
    methods, sent, number = _answers.names(said.get("mfa_methods")), said.get("sms_sent"), said.get("phone_number")
    raise MFARequiredError(
        session,
        methods,
        seconds if isinstance(seconds, int) else None,
        sent if isinstance(sent, bool) else None,
        number if isinstance(number, str) else None,
    )
