"""Guards for FastAPI.

    app = FastAPI()
    auth = Gatepost("https://auth.example.com", audience="notes-api")
    auth.install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

`CurrentUser`, `OptionalUser`, `CurrentMember`, `require`, `resource`, `claims` and `signed_in` find the installed instance through the request, so modules
with routes need not import the one that made it.
"""

from gatepost._native import Claims as User
from gatepost._native import Organization
from gatepost.errors import GatepostError
from gatepost.fastapi._gatepost import Gatepost
from gatepost.fastapi._guard import (
    AuthedRequest,
    CurrentMember,
    CurrentUser,
    OptionalUser,
    claims,
    require,
    resource,
    signed_in,
)
from gatepost.fastapi._organization import Member
from gatepost.fastapi._refusals import Forbidden, IssuerUnavailable, NotAuthenticated, NotFound

__all__ = [
    "AuthedRequest",
    "CurrentMember",
    "CurrentUser",
    "Forbidden",
    "Gatepost",
    "GatepostError",
    "IssuerUnavailable",
    "Member",
    "NotAuthenticated",
    "NotFound",
    "OptionalUser",
    "Organization",
    "User",
    "claims",
    "require",
    "resource",
    "signed_in",
]
