"""What is raised, under the names that applications catch."""

from __future__ import annotations

from http import HTTPStatus

__all__ = [
    "ScalekitBadRequestException",
    "ScalekitConflictException",
    "ScalekitException",
    "ScalekitForbiddenException",
    "ScalekitGatewayTimeoutException",
    "ScalekitInternalServerException",
    "ScalekitNotFoundException",
    "ScalekitNotImplementedException",
    "ScalekitServerException",
    "ScalekitServiceUnavailableException",
    "ScalekitTooManyRequestsException",
    "ScalekitUnauthorizedException",
    "ScalekitUnknownException",
    "ScalekitValidateTokenFailureException",
    "WebhookVerificationError",
]


class ScalekitException(Exception):
    """Everything that is raised here for a reason of the server's, a token's or the network's."""


class WebhookVerificationError(ScalekitException):
    """A payload was not signed with the secret, or not just now."""


class ScalekitValidateTokenFailureException(ScalekitException):
    """A token is not good. `__cause__` is the `gatepost.TokenError` that says which check refused it."""


class ScalekitServerException(ScalekitException):
    """The server refused. The status decides the class."""

    def __init__(self, status: int, error: str | None = None, description: str | None = None) -> None:
        said = ": ".join(each for each in (error, description) if each)
        super().__init__(f"the server answered {status}{f' ({said})' if said else ''}")
        self.http_status = HTTPStatus(status) if status in _STATUSES else HTTPStatus.INTERNAL_SERVER_ERROR
        """The status of the answer."""
        self.error_code = error
        """`error` of the answer (RFC 6749 section 5.2)."""
        self.message = description
        """`error_description` of the answer."""


class ScalekitBadRequestException(ScalekitServerException):
    """400: the code or refresh token is not good any more, for one."""


class ScalekitUnauthorizedException(ScalekitServerException):
    """401: the client id or secret is not right."""


class ScalekitForbiddenException(ScalekitServerException):
    """403"""


class ScalekitNotFoundException(ScalekitServerException):
    """404: the address is not that of a realm, for one."""


class ScalekitConflictException(ScalekitServerException):
    """409"""


class ScalekitTooManyRequestsException(ScalekitServerException):
    """429: too often."""


class ScalekitInternalServerException(ScalekitServerException):
    """500"""


class ScalekitNotImplementedException(ScalekitServerException):
    """501"""


class ScalekitServiceUnavailableException(ScalekitServerException):
    """503: worth trying again."""


class ScalekitGatewayTimeoutException(ScalekitServerException):
    """504"""


class ScalekitUnknownException(ScalekitServerException):
    """Any other status."""


_STATUSES = {status.value for status in HTTPStatus}
_BY_STATUS: dict[int, type[ScalekitServerException]] = {
    400: ScalekitBadRequestException,
    401: ScalekitUnauthorizedException,
    403: ScalekitForbiddenException,
    404: ScalekitNotFoundException,
    409: ScalekitConflictException,
    429: ScalekitTooManyRequestsException,
    500: ScalekitInternalServerException,
    501: ScalekitNotImplementedException,
    503: ScalekitServiceUnavailableException,
    504: ScalekitGatewayTimeoutException,
}


def _refused(status: int, error: str | None, description: str | None) -> ScalekitServerException:
    """The exception for an answer."""
    return _BY_STATUS.get(status, ScalekitUnknownException)(status, error, description)
