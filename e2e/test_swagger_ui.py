"""The button "Authorize" of Swagger UI, which FastAPI shows at `/docs`, signs in at the doors that FastAPI applications come by."""

import http.server
import json
import os
import pathlib
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from server import ADA, PASSWORD, Server

PAGE = b"""<!doctype html><meta charset=utf-8><title>Docs</title><link rel=icon href=data:,><link rel=stylesheet href=swagger-ui.css>
<div id=swagger-ui></div><script src=swagger-ui-bundle.js></script>
<script>SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui"})</script>"""
REALMS = """
[[realm]]
name = "runbook"
profile = "runbook"
allowed_origins = ["{origin}"]
[[realm.user]]
email = "ada@example.com"
username = "ada"
password = "the engine weaves algebra"

[[realm]]
name = "module04"
profile = "module04"
allowed_origins = ["{origin}"]
[[realm.role]]
name = "editor"
permissions = ["posts:read"]
[[realm.user]]
email = "ada@example.com"
password = "the engine weaves algebra"
roles = ["editor"]
"""


def described(url: str, token: str, scopes: dict[str, str]) -> bytes:
    """What FastAPI says of an API with `OAuth2PasswordBearer(tokenUrl=…)`."""
    flow = {"password": {"scopes": scopes, "tokenUrl": url + token}}
    me = {"summary": "Me", "operationId": "me", "responses": {"200": {"description": "OK"}},
          "security": [{"OAuth2PasswordBearer": list(scopes)}]}
    return json.dumps({
        "openapi": "3.1.0", "info": {"title": "FastAPI", "version": "0.1.0"}, "servers": [{"url": url}],
        "paths": {"/users/me": {"get": me}},
        "components": {"securitySchemes": {"OAuth2PasswordBearer": {"type": "oauth2", "flows": flow}}},
    }).encode()


class Docs(http.server.BaseHTTPRequestHandler):
    """The page of an application."""

    files: dict[str, bytes] = {}

    def do_GET(self) -> None:
        body = self.files.get(self.path, b"")
        kind = {"js": "text/javascript", "css": "text/css", "json": "application/json"}
        self.send_response(200 if body else 404)
        self.send_header("content-type", kind.get(self.path.rpartition(".")[2], "text/html"))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def docs() -> Iterator[str]:
    if (at := os.environ.get("GATEPOST_SWAGGER_UI")) is None:
        pytest.skip("there is no npm to install Swagger UI with")
    dist = pathlib.Path(at)
    Docs.files = {f"/{name}": (dist / name).read_bytes() for name in ("swagger-ui-bundle.js", "swagger-ui.css")}
    Docs.files["/"] = PAGE
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Docs)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def server(docs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    realms = tmp_path_factory.mktemp("docs") / "realms.toml"
    realms.write_text(REALMS.format(origin=docs))
    with Server(realms) as running:
        yield running.url


@pytest.mark.parametrize(("realm", "token", "username", "scopes"), [
    ("runbook", "/token", "ada", {}),
    ("module04", "/auth/token", ADA, {"posts:read": "Read posts"}),
])
def test_authorize_signs_in(open_browser, docs: str, server: str, realm: str, token: str, username: str, scopes: dict) -> None:
    Docs.files["/openapi.json"] = described(f"{server}/r/{realm}", token, scopes)
    page = open_browser()
    page.goto(docs)
    page.click(".scheme-container .authorize")
    page.fill("#oauth_username", username)
    page.fill("#oauth_password", "not the password")
    for scope in scopes:
        page.locator(".scopes label", has_text=scope).first.click()
    page.click(".auth-btn-wrapper .authorize")
    expect(page.locator(".modal-ux .errors")).to_contain_text("Unauthorized")
    page.fill("#oauth_password", PASSWORD)
    page.click(".auth-btn-wrapper .authorize")
    expect(page.locator(".modal-ux")).to_contain_text("Authorized")
    page.click(".btn-done")
    page.click("#operations-default-me .opblock-summary-control")
    page.click(".try-out__btn")
    page.click(".execute")
    answered = page.locator(".live-responses-table")
    expect(answered.locator("tr.response td.response-col_status").first).to_contain_text("200")
    expect(answered).to_contain_text(ADA)
