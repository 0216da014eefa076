"""Guards for FastAPI.

    app = FastAPI()
    auth = Gatepost("https://auth.example.com", audience="notes-api")
    auth.install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

`CurrentUser`, `OptionalUser`, `require`, `claims` and `signed_in` find the installed instance through the request, so modules
with routes need not import the one that made it.
"""

from gatepost._native import Claims as User
from gatepost.errors import GatepostError
from gatepost.fastapi._gatepost import Gatepost
from gatepost.fastapi._guard import AuthedRequest, CurrentUser, OptionalUser, claims, require, signed_in
from gatepost.fastapi._refusals import Forbidden, IssuerUnavailable, NotAuthenticated

__all__ = [
    "AuthedRequest",
    "CurrentUser",
    "Forbidden",
    "Gatepost",
    "GatepostError",
    "IssuerUnavailable",
    "NotAuthenticated",
    "OptionalUser",
    "User",
    "claims",
    "require",
    "signed_in",
]
