"""A client signs people in with Chromium: there, and back with what it asked for."""

import http.server
import queue
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from server import ADA, PASSWORD, VERIFIER, asked, asking, sign_in


class Callback(http.server.BaseHTTPRequestHandler):
    """The client's redirect URI. It keeps what came, from the address or from a form."""

    def do_GET(self) -> None:
        self.came(urllib.parse.urlsplit(self.path).query)

    def do_POST(self) -> None:
        self.came(self.rfile.read(int(self.headers["content-length"])).decode())

    def came(self, encoded: str) -> None:
        if self.path.startswith("/callback"):
            self.server.got.put(dict(urllib.parse.parse_qsl(encoded)))
        body = b"<!doctype html><title>Reef Atlas</title><link rel=icon href=data:,><p>Welcome"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    server.got = queue.Queue()
    server.uri = f"http://127.0.0.1:{server.server_port}/callback"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("script", [True, False])
def test_a_person_signs_in_for_a_client(open_browser, url: str, client, mode: str, script: bool) -> None:
    page = open_browser(java_script_enabled=script)
    page.goto(url + asking(client.uri, response_mode=mode, nonce="n-1", login_hint=ADA))
    expect(page.locator(".head")).to_contain_text("Reef Atlas")
    expect(page.locator("#username")).to_have_value(ADA)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reef Atlas would like to use your Tideline account")
    page.click("#consent-approve")
    if mode == "form_post" and not script:
        page.click("button[type=submit]")
    page.wait_for_url("**/callback**")
    got = client.got.get(timeout=5)
    assert (got["state"], got["iss"]) == ("s-1", url)
    tokens = asked(url, "/oauth/token", grant_type="authorization_code", code=got["code"], client_id="reef",
                   code_verifier=VERIFIER, redirect_uri=client.uri)
    assert tokens["token_type"] == "Bearer" and tokens["id_token"].count(".") == 2
    page.goto(f"{url}/account/applications")
    expect(page.locator("main")).to_contain_text("Reef Atlas")


def test_who_does_not_agree_comes_back_with_that(page: Page, url: str, client) -> None:
    sign_in(page, url)
    page.goto(url + asking(client.uri))
    page.click("#consent-deny")
    page.wait_for_url("**/callback**")
    assert client.got.get(timeout=5)["error"] == "access_denied"


def test_another_account_is_chosen(page: Page, url: str, client) -> None:
    sign_in(page, url, "amal@example.com")
    page.goto(url + asking(client.uri, prompt="select_account"))
    page.get_by_role("link", name="Use another account").click()
    page.fill("#username", ADA)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    expect(page.locator(".account")).to_contain_text("Ada Lovelace")
    page.click("#consent-approve")
    page.wait_for_url("**/callback**")
    assert "code" in client.got.get(timeout=5)
