"""`ZaltAsyncClient`, which waits for answers in threads, and never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, overload

from gatepost.compat.zalt_auth import _calls
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
from gatepost.compat.zalt_auth._base import Base
from gatepost.compat.zalt_auth._calls import Call, T, profile_of
from gatepost.compat.zalt_auth._errors import AuthenticationError, ZaltAPIError
from gatepost.compat.zalt_auth._server import PAUSES, pause_before_next


class ZaltAsyncClient(Base):
    """Signs people in to a realm, and deals with their accounts, with asyncio. Safe to share between tasks, unless it remembers somebody."""

    @property
    def mfa(self) -> MFA:
        """Second factors: authenticator apps."""
        return MFA(self)

    @property
    def sms(self) -> SMS:
        """Second factors: codes by text message. Where the realm has nobody who sends them, that is 403 `SMS_NOT_ALLOWED`."""
        return SMS(self)

    async def register(
        self, email: str, password: str, profile: Mapping[str, Any] | None = None, **named: Any
    ) -> Registration:
        """Makes an account. What is known of the person is a mapping, or named: `first_name="Ada"`."""
        return await self._ask(_calls.register(email, password, profile_of(profile, named)))

    async def login(self, email: str, password: str) -> AuthResult:
        """Signs in. Raises `MFARequiredError` where the account has a second factor: nobody is signed in before it was shown."""
        return await self._ask(_calls.login(email, password))

    async def refresh_token(self, refresh_token: str | None = None) -> Tokens:
        """The next pair of tokens. Keep the new refresh token: the one before is good for a moment longer."""
        return await self._ask(_calls.refresh(self._refreshing(refresh_token)))

    async def logout(self, access_token: str | None = None) -> None:
        """Ends the session."""
        token = self._access(access_token)
        try:
            await self._ask(_calls.logout(token))
        except AuthenticationError:
            self._forget(token)  # It had ended before.
            raise
        self._forget(token)

    async def fetch_user(self, access_token: str | None = None) -> User:
        """The account, as it is now."""
        return await self._ask(_calls.fetch_user(self._access(access_token)))

    async def update_profile(
        self, profile: Mapping[str, Any] | None = None, *, access_token: str | None = None, **named: Any
    ) -> User:
        """Changes what it says of the person, by a mapping or by name: `first_name="Ada"`. None clears a value."""
        return await self._ask(_calls.update_profile(self._access(access_token), profile_of(profile, named)))

    async def change_password(
        self, current_password: str, new_password: str, *, access_token: str | None = None
    ) -> None:
        """Replaces the password, and ends every other session."""
        await self._ask(_calls.change_password(self._access(access_token), current_password, new_password))

    async def request_password_reset(self, email: str) -> None:
        """Has a link mailed, if there is an account with the address. Nobody is told whether there is."""
        await self._ask(_calls.request_password_reset(email))

    async def confirm_password_reset(self, token: str, new_password: str) -> None:
        """Sets the password anew by what was mailed, and ends every session."""
        await self._ask(_calls.confirm_password_reset(token, new_password))

    async def _ask(self, call: Call[T]) -> T:
        answer = await self._ask_again(call)
        self._note(answer)
        return answer

    async def _ask_again(self, call: Call[T]) -> T:
        for pause in PAUSES:
            try:
                return await self._ask_once(call)
            except ZaltAPIError as refused:
                wait = pause_before_next(refused, pause)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
        return await self._ask_once(call)

    async def _ask_once(self, call: Call[T]) -> T:
        fetch = self._server.fetch()
        try:
            return await asyncio.to_thread(self._server.ask, call, fetch)
        except asyncio.CancelledError:
            fetch.give_up()  # So that the thread ends, too.
            raise


class MFA:
    """`client.mfa`"""

    def __init__(self, client: ZaltAsyncClient) -> None:
        self._client = client

    async def setup(self, *, access_token: str | None = None) -> MFASetup:
        """Begins to set an authenticator app up. It counts once `verify` has its first code."""
        return await self._client._ask(_calls.mfa_setup(self._client._access(access_token)))

    @overload
    async def verify(self, code: str, session_id: None = None, *, access_token: str | None = None) -> MFAConfirmed: ...
    @overload
    async def verify(self, code: str, session_id: str, *, access_token: None = None) -> AuthResult: ...
    async def verify(
        self, code: str, session_id: str | None = None, *, access_token: str | None = None
    ) -> MFAConfirmed | AuthResult:
        """With the session of a sign-in that waits, ends it: somebody has signed in. Without one, confirms the app that was set up."""
        if session_id is not None:
            return await self._client._ask(_calls.mfa_finish(session_id, code))
        return await self._client._ask(_calls.mfa_confirm(self._client._access(access_token), code))

    async def disable(
        self, code: str | None = None, *, password: str | None = None, access_token: str | None = None
    ) -> None:
        """Removes the app, with one of its codes, a backup code or the password. The sign-in must be of the last ten minutes."""
        await self._client._ask(_calls.mfa_disable(self._client._access(access_token), code, password))

    async def get_status(self, *, access_token: str | None = None) -> MFAStatus:
        """What the account has set up."""
        return await self._client._ask(_calls.mfa_status(self._client._access(access_token)))


class SMS:
    """`client.sms`"""

    def __init__(self, client: ZaltAsyncClient) -> None:
        self._client = client

    async def setup(self, phone_number: str, *, access_token: str | None = None) -> SMSSetup:
        """Sends a code to a telephone, which counts once `verify` has the code. The sign-in must be of the last ten minutes. The number is
        written with its country, `+4915112345678`."""
        return await self._client._ask(_calls.sms_setup(self._client._access(access_token), phone_number))

    @overload
    async def send(self, session_id: None = None, *, access_token: str | None = None) -> SMSSent: ...
    @overload
    async def send(self, session_id: str, *, access_token: None = None) -> SMSSent: ...
    async def send(self, session_id: str | None = None, *, access_token: str | None = None) -> SMSSent:
        """Sends a code in place of the one before. With the session of a sign-in that waits, one that ends it. Without one, to the number
        that is being set up, or else to the account's, for `disable`."""
        if session_id is not None:
            return await self._client._ask(_calls.sms_send_for(session_id))
        return await self._client._ask(_calls.sms_send(self._client._access(access_token)))

    @overload
    async def verify(self, code: str, session_id: None = None, *, access_token: str | None = None) -> MFAConfirmed: ...
    @overload
    async def verify(self, code: str, session_id: str, *, access_token: None = None) -> AuthResult: ...
    async def verify(
        self, code: str, session_id: str | None = None, *, access_token: str | None = None
    ) -> MFAConfirmed | AuthResult:
        """With the session of a sign-in that waits, ends it: somebody has signed in. Without one, confirms the telephone."""
        if session_id is not None:
            return await self._client._ask(_calls.sms_finish(session_id, code))
        return await self._client._ask(_calls.sms_confirm(self._client._access(access_token), code))

    async def disable(
        self, code: str | None = None, *, password: str | None = None, access_token: str | None = None
    ) -> None:
        """Removes the telephone. The sign-in must be of the last ten minutes, with every factor of the account. A code (of a text message,
        or a backup code) or the password may be given beside it, not both, and has to be right."""
        await self._client._ask(_calls.sms_disable(self._client._access(access_token), code, password))

    async def risk_warning(self, *, access_token: str | None = None) -> SMSRisk:
        """What to tell people before they set a telephone up."""
        return await self._client._ask(_calls.sms_risk_warning(self._client._access(access_token)))
