"""`protect=`: whole prefixes, decided before any route is looked for. AZ-03, AZ-04."""

from typing import Any

import pytest
from conftest import Issuer
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from gatepost.fastapi import AuthedRequest, CurrentUser
from gatepost.fastapi._protection import Protection


@pytest.fixture
def closed(make_auth: Any) -> FastAPI:
    app = FastAPI()
    make_auth().install(app, protect=["/api"], public=["/api/health"])

    @app.get("/api/fast")
    async def fast(request: AuthedRequest) -> str:
        return request.user.id

    @app.get("/api/both")
    async def both(request: AuthedRequest, user: CurrentUser) -> bool:
        return request.user is user

    @app.post("/api/notes")
    async def create(note: dict[str, Any]) -> str:
        return "made"

    @app.get("/api/health")
    async def health() -> str:
        return "well"

    @app.get("/api/health-internal")
    @app.get("/api/health/deep")
    async def internal() -> str:
        return "secret"

    @app.get("/apiary")
    @app.get("/")
    async def open_route() -> str:
        return "open"

    return app


def test_behind_a_closed_prefix_the_request_has_a_user(closed: FastAPI, issuer: Issuer) -> None:
    client = TestClient(closed)
    assert client.get("/api/fast", headers=issuer.bearer()).json() == "usr_ada"
    assert client.get("/api/both", headers=issuer.bearer()).json() is True


@pytest.mark.parametrize("path", ["/api/fast", "/api", "/api/", "/api/none", "/api/health-internal", "/api/health/deep"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "TRACE", "PUT", "BREW"])
def test_az_03_every_method_and_path_below_the_prefix_is_closed(closed: FastAPI, path: str, method: str) -> None:
    answer = TestClient(closed).request(method, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_bad_token_is_refused_at_the_prefix(closed: FastAPI, issuer: Issuer) -> None:
    answer = TestClient(closed).get("/api/fast", headers=issuer.bearer(aud="other"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("path", ["/", "/apiary", "/api/health", "/nothing"])
def test_az_04_what_is_open_is_open_and_does_not_look_at_credentials(closed: FastAPI, path: str) -> None:
    answer = TestClient(closed).get(path, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == (404 if path == "/nothing" else 200)


def test_a_refusal_comes_before_the_body_is_read(closed: FastAPI, issuer: Issuer) -> None:
    client = TestClient(closed)
    assert client.post("/api/notes", content=b"not json").status_code == 401
    assert client.post("/api/notes", content=b"not json", headers=issuer.bearer()).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "//api/secret.txt",
        "/x/../api/secret.txt",
        "/./api/secret.txt",
        "/API/secret.txt",
        "/%61pi/secret.txt",
        "/%2561pi/secret.txt",
        "/api;v=1/secret.txt",
        "/;x/../api/secret.txt",
        "/\\api/secret.txt",
        "\\api\\secret.txt",
        "/api//secret.txt",
        "/ api/secret.txt",
        "/api\x00/secret.txt",
    ],
)
def test_az_03_no_other_spelling_of_a_path_gets_past(path: str) -> None:
    scope = {"type": "http", "path": path, "root_path": ""}
    assert Protection(["/api"], []).closes(scope)


def test_az_03_files_served_from_the_root_are_not_reached_around_the_prefix(make_auth: Any, tmp_path: Any) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "secret.txt").write_text("secret")
    (tmp_path / "open.txt").write_text("open")
    app = FastAPI()
    make_auth().install(app, protect=["/api"])
    app.mount("/", StaticFiles(directory=tmp_path))
    client = TestClient(app)
    assert client.get("/open.txt").text == "open"
    for path in ["/api/secret.txt", "//api/secret.txt", "/x/%2e%2e/api/secret.txt", "/%2fapi/secret.txt", "/./api/secret.txt"]:
        assert "secret" not in client.get("http://testserver" + path).text, path


@pytest.mark.parametrize(
    ("path", "root", "closed"),
    [
        ("/v1/api/x", "/v1", True),
        ("/v1/api/health", "/v1", False),
        ("/api/x", "/v1", True),
        ("/api/health", "/v1", False),
        ("/v1/other", "/v1", False),
        ("/v1", "/v1", False),
        ("/v1x/api", "/v1", False),
        ("/api/x", "/api", True),
    ],
)
def test_a_root_path_does_not_open_anything(path: str, root: str, closed: bool) -> None:
    protection = Protection(["/api"], ["/api/health"])
    assert protection.closes({"type": "http", "path": path, "root_path": root}) is closed


def test_everything_can_be_closed(make_auth: Any, issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app, protect="all", public=["/health", "/docs"])

    @app.get("/health")
    @app.get("/other")
    async def answer(request: Request) -> str:
        return "here"

    client = TestClient(app)
    assert [client.get(path).status_code for path in ["/health", "/docs", "/other", "/openapi.json", "/", "/docsx"]] == [
        200,
        200,
        401,
        401,
        401,
        401,
    ]
    assert client.get("/other", headers=issuer.bearer()).status_code == 200
    assert client.get("//health").status_code == 401


def test_cors_answers_a_preflight_and_covers_refusals(make_auth: Any) -> None:
    for cors_first in [True, False]:
        app = FastAPI()
        if cors_first:
            app.add_middleware(CORSMiddleware, allow_origins=["https://web.example"])
        make_auth().install(app, protect="all")
        if not cors_first:
            app.add_middleware(CORSMiddleware, allow_origins=["https://web.example"])
        client = TestClient(app)
        origin = {"Origin": "https://web.example", "Access-Control-Request-Method": "GET"}
        assert client.options("/x", headers=origin).status_code == 200
        refused = client.get("/x", headers={"Origin": "https://web.example"})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://web.example")


def test_refusals_at_a_prefix_can_be_problems(make_auth: Any) -> None:
    app = FastAPI()
    make_auth().install(app, protect="all", errors="problem")
    answer = TestClient(app).get("/x")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:gatepost:problem:unauthenticated"


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"protect": "/api"}, TypeError, r"write protect=\['/api'\]"),
        ({"protect": ["api"]}, ValueError, "begin with a slash"),
        ({"protect": ["/"]}, ValueError, "protect='all'"),
        ({"protect": ["/api/"]}, ValueError, "write '/api'"),
        ({"protect": ["/a//b"]}, ValueError, "plainly"),
        ({"protect": ["/a/../b"]}, ValueError, "plainly"),
        ({"protect": ["/api"], "public": "/api/x"}, TypeError, "sequence of letters"),
        ({"protect": ["/api"], "public": ["/other"]}, ValueError, "open anyway"),
        ({"public": ["/x"]}, ValueError, "without effect"),
        ({"errors": "html"}, TypeError, "'detail' or 'problem'"),
    ],
)
def test_a_protection_that_cannot_be_meant_is_refused(
    make_auth: Any, settings: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        make_auth().install(FastAPI(), **settings)
