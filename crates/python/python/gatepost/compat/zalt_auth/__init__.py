"""What applications import from `zalt_auth`, over a realm of Gatepost with the profile `zalt`.

`ZaltClient` and `ZaltAsyncClient` sign people in and deal with their accounts; `zalt_auth.integrations.fastapi` guards the routes of an
application. A client keeps nobody's tokens unless it is told to: an application has one for all its callers.
"""

from gatepost.compat.zalt_auth._answers import (
    AuthResult,
    MFAConfirmed,
    MFASetup,
    MFAStatus,
    Profile,
    Registration,
    SMSRisk,
    SMSSent,
    SMSSetup,
    Tenant,
    Tokens,
    User,
)
from gatepost.compat.zalt_auth._asynchronous import ZaltAsyncClient
from gatepost.compat.zalt_auth._client import ZaltClient
from gatepost.compat.zalt_auth._errors import (
    AuthenticationError,
    ConflictError,
    MFARequiredError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ValidationError,
    ZaltAPIError,
    ZaltError,
)

__all__ = [
    "AuthResult",
    "AuthenticationError",
    "ConflictError",
    "MFAConfirmed",
    "MFARequiredError",
    "MFASetup",
    "MFAStatus",
    "NetworkError",
    "NotFoundError",
    "PermissionDeniedError",
    "Profile",
    "RateLimitError",
    "Registration",
    "SMSRisk",
    "SMSSent",
    "SMSSetup",
    "ServerError",
    "Tenant",
    "Tokens",
    "User",
    "ValidationError",
    "ZaltAPIError",
    "ZaltAsyncClient",
    "ZaltClient",
    "ZaltError",
]
