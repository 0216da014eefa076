"""What is raised for a reason of the server's, a sign-in's or the network's. What is set up wrongly is a `gatepost.GatepostError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ZaltError(Exception):
    """Everything that is raised here."""


class NetworkError(ZaltError):
    """The server could not be reached, or did not answer in time. What was asked of it may have been done."""


class MFARequiredError(ZaltError):
    """Nobody is signed in yet: the account has a second factor. Go on with `client.mfa.verify(code, error.session_id)`, and where the
    code came by text message with `client.sms.verify(code, error.session_id)`."""

    def __init__(
        self,
        session_id: str,
        methods: tuple[str, ...],
        expires_in: int | None,
        sms_sent: bool | None = None,
        phone_number: str | None = None,
    ) -> None:
        super().__init__(
            "a second factor is needed: ask for a code, and go on with mfa.verify(code, error.session_id), "
            "or with sms.verify where it came by text message"
        )
        self.session_id = self.mfa_session_id = session_id
        """What the second step is for. Keep it to the person: it stands for their password."""
        self.methods = self.mfa_methods = methods
        """What the account has set up, such as `totp`, `sms` and `backup_code`."""
        self.expires_in = expires_in
        """Seconds for which the sign-in waits."""
        self.sms_sent = sms_sent
        """Whether a code was sent by text message. None where none is sent unasked, as with an app beside the number: ask for it with
        `client.sms.send(error.session_id)`, as after False."""
        self.phone_number = phone_number
        """The last two digits of where it was sent."""


class ZaltAPIError(ZaltError):
    """The server refused. The status decides the class."""

    def __init__(
        self,
        status_code: int,
        code: str | None = None,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        said = ": ".join(each for each in (code, message) if each)
        super().__init__(f"the server answered {status_code}{f' ({said})' if said else ''}")
        self.status_code = status_code
        """The status of the answer."""
        self.code = code
        """Which refusal it is, such as `INVALID_CREDENTIALS`; None where the answer is none of the contract."""
        self.message = message
        """The same as a sentence, for a person."""
        self.details = dict(details or {})
        """What else a program may want to know."""
        self.request_id = request_id
        """What the request is called in the server's log."""
        self.retry_after = retry_after
        """Seconds after which it is worth asking again, where the server said so."""


class ValidationError(ZaltAPIError):
    """400: a value is not what is asked for. Of a password, `details["errors"]` says what is wrong with it."""


class AuthenticationError(ZaltAPIError):
    """401: password, code or token are not good."""


class PermissionDeniedError(ZaltAPIError):
    """403: the account may not, or not yet: `REVERIFICATION_REQUIRED`, `MFA_SETUP_REQUIRED`."""


class NotFoundError(ZaltAPIError):
    """404: there is no such thing, or no such realm (`REALM_NOT_FOUND`)."""


class ConflictError(ZaltAPIError):
    """409: there is one already, for one an account with this address (`USER_EXISTS`)."""


class RateLimitError(ZaltAPIError):
    """429: tried too often. `retry_after` says for how long to wait."""


class ServerError(ZaltAPIError):
    """500 and above."""


_BY_STATUS: dict[int, type[ZaltAPIError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}


def of_status(status: int) -> type[ZaltAPIError]:
    """The class for a status."""
    return ServerError if status >= 500 else _BY_STATUS.get(status, ZaltAPIError)
