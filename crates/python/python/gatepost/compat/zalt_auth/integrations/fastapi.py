"""Guards for FastAPI.

    app = FastAPI()
    zalt = ZaltFastAPI(app, realm_id="acme", api_url="https://auth.example.com/r/acme")

    @app.get("/me")
    async def me(user: User = Depends(get_current_user)):
        return user.email

A token is read from the header `Authorization`, and from nowhere else. It is verified here, and then the server is asked for its
account, once for each request. One that is not good is 401, also where a caller is optional.
"""

# No string annotations: FastAPI reads those of the dependencies.
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Optional

from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.middleware import Middleware as Layer
from starlette.requests import HTTPConnection

from gatepost.compat.zalt_auth._answers import User
from gatepost.compat.zalt_auth._base import TIMEOUT
from gatepost.compat.zalt_auth._server import Server
from gatepost.compat.zalt_auth.integrations._guarding import GUARDING, Caller, Guarding, Middleware
from gatepost.errors import GatepostError
from gatepost.fastapi._protection import Protection
from gatepost.fastapi._refusals import Forbidden, missing

__all__ = ["ZaltFastAPI", "get_current_user", "get_optional_user", "require_permissions"]

_log = logging.getLogger("gatepost")


class ZaltFastAPI:
    """Makes an app, and every app mounted in it, take the tokens of a realm.

    `base_url` and `api_url` are the realm's URL, under either name; without one it is that of the variable `ZALT_API_URL`. `publishable_key`
    and `realm_id` name the realm; one is enough. Tokens of another realm than `realm_id` are refused.

    `public_paths` closes everything but these paths, each exactly: a request for any other needs a good token, whatever its route asks for.
    Without it a route is closed by what it asks for, and one that asks for nothing is open. `debug` has the log say why a token
    was refused. `issuer` and `audience` are what a realm says of itself with `token_issuer` and `audience`.
    """

    def __init__(
        self,
        app: FastAPI,
        publishable_key: str | None = None,
        realm_id: str | None = None,
        base_url: str | None = None,
        public_paths: Sequence[str] | None = None,
        debug: bool = False,
        *,
        api_url: str | None = None,
        issuer: str = "zalt.io",
        audience: str = "zalt.io",
        timeout: float = TIMEOUT,
    ) -> None:
        if app.middleware_stack is not None:
            raise GatepostError("the app has started already; make its ZaltFastAPI right after it")
        if any(isinstance(layer.kwargs.get("guarding"), Guarding) for layer in app.user_middleware):
            raise GatepostError("the app has a ZaltFastAPI already")
        server = Server(base_url, api_url, publishable_key, realm_id, timeout)
        self._guarding = Guarding(server, realm_id, issuer, audience)
        protection = None if public_paths is None else Protection("all", public_paths)
        # Innermost: CORS answers and the headers of other middleware are around the refusals too.
        app.user_middleware.append(Layer(Middleware, guarding=self._guarding, protection=protection))
        if debug:
            _log.setLevel(logging.DEBUG)
            if not _log.hasHandlers():
                _log.addHandler(logging.StreamHandler())


class _Bearer(HTTPBearer):
    """In the OpenAPI document. What is in the headers is read by `Guarding`, more strictly than here."""

    async def __call__(self, request: HTTPConnection) -> Optional[HTTPAuthorizationCredentials]:
        return None


_bearer = _Bearer(scheme_name="zalt", bearerFormat="JWT", auto_error=False)


# Plain functions: FastAPI runs them in threads, where they may wait for the server.
def _optional(connection: HTTPConnection, _: object = Depends(_bearer)) -> Optional[Caller]:
    guarding: Optional[Guarding] = connection.scope.get(GUARDING)
    if guarding is None:
        raise RuntimeError("no ZaltFastAPI in this app: make one for it, or for the app it is mounted in")
    return guarding.caller(connection.scope)


def _required(caller: Optional[Caller] = Depends(_optional)) -> Caller:
    if caller is None:
        raise missing()
    return caller


def get_current_user(caller: Caller = Depends(_required)) -> User:
    """Who is calling: `user: User = Depends(get_current_user)`. 401 without a good token."""
    return caller.user


def get_optional_user(caller: Optional[Caller] = Depends(_optional)) -> Optional[User]:
    """Who is calling, or None without a token. A bad token is still 401, never nobody."""
    return None if caller is None else caller.user


def require_permissions(*permissions: str | Iterable[str]) -> Callable[..., User]:
    """Who is calling, if they may do all of it: `Depends(require_permissions("settings:read"))`. 401 without a good token, 403 otherwise.

    Permissions are names, or lists of them. Those count that the caller has in the organization that the token is for, and in the
    realm where it is for none: not those in every organization of theirs.
    """
    wanted: list[str] = []
    for each in permissions:
        wanted += [each] if isinstance(each, str) else each
    if not wanted:
        raise TypeError("require_permissions() asks for nothing; write Depends(get_current_user) if any signed-in user is meant")
    for name in wanted:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"a permission is a word such as 'settings:read', and one of these is {name!r}")

    def allowed(caller: Caller = Depends(_required)) -> User:
        if not all(caller.can(name) for name in wanted):
            raise Forbidden("missing_permission")
        return caller.user

    return allowed
