"""A second Gatepost signs people in to the first, in a real browser."""

import os
import pathlib
import re
import socket
import subprocess

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect
from server import ADA, BIN, PASSWORD
from test_second_factors import holds

PROVIDER = """
[[realm]]
name = "default"
display_name = "Harbour Office"
[[realm.client]]
id = "tideline"
secret = "what the two harbours know of each other"
name = "Tideline"
redirect_uris = ["http://127.0.0.1/sign-in/with/harbour/callback"]
scopes = ["openid", "profile", "email"]
[[realm.user]]
email = "ada@example.com"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
"""

REALM = """
[[realm]]
name = "default"
display_name = "Tideline"
[[realm.user]]
email = "ada@example.com"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
[[realm.provider]]
id = "harbour"
name = "Harbour Office"
issuer = "{issuer}"
client_id = "tideline"
client_secret = "what the two harbours know of each other"
trust_email = true
"""


@pytest.fixture
def start(tmp_path: pathlib.Path):
    """Starts servers, of which each has a host name of its own: a port does not keep cookies apart."""
    running = []

    def serve(name: str, text: str, *options: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "realm.toml").write_text(text)
        process = subprocess.Popen(
            [BIN, "serve", "--apply", str(folder / "realm.toml"), "--data-dir", str(folder / "data"), "--log-level", "warn", *options],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "GATEPOST_OUTGOING__PRIVATE_ADDRESSES": "true"})
        running.append(process)
        for line in process.stdout:
            if found := re.search(r"gatepost ready on (http://\S+)", line):
                return found[1]
        raise RuntimeError("the server ended without saying where it is ready")

    yield serve
    for process in running:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_provider_signs_the_same_person_in_without_a_second_account(open_browser, start, axe: Axe) -> None:
    port = free_port()
    issuer = f"http://localhost:{port}"
    start("provider", PROVIDER, "--listen", f"127.0.0.1:{port}", "--public-url", issuer)
    url = start("realm", REALM.format(issuer=issuer), "--listen", "127.0.0.1:0")
    here = open_browser()
    here.goto(f"{url}/sign-in")
    expect(here.get_by_role("link", name="Continue with Harbour Office")).to_be_visible()
    holds(here, axe)
    here.click("#with-harbour")
    here.wait_for_url(f"{issuer}/sign-in*")
    here.fill("#username", ADA)
    here.fill("#password", PASSWORD)
    here.click("#login-submit")
    here.click("#consent-approve")
    here.wait_for_url(f"{url}/account/profile")
    expect(here.locator("header")).to_contain_text("Ada Lovelace", use_inner_text=False)
    # Connected with the account that was there: its password is still good, and shows it.
    here.click("nav >> text=Security")
    connected = here.get_by_role("button", name="Disconnect Harbour Office")
    expect(connected).to_be_visible()
    holds(here, axe)
    again = open_browser()
    again.goto(f"{url}/sign-in")
    again.fill("#username", ADA)
    again.fill("#password", PASSWORD)
    again.click("#login-submit")
    again.wait_for_url("**/account/profile")
    again.goto(f"{url}/account/security")
    again.get_by_role("button", name="Disconnect Harbour Office").click()
    expect(again.get_by_role("status")).to_have_text("The account is disconnected. It no longer signs you in.")
    # Connected anew by whoever is signed in.
    again.click("#connect-harbour")
    again.wait_for_url(f"{issuer}/sign-in*")
    again.fill("#username", ADA)
    again.fill("#password", PASSWORD)
    again.click("#login-submit")
    again.wait_for_url(f"{url}/account/security")
    expect(again.get_by_role("status")).to_have_text("The account is connected. It signs you in from now on.")
    # Whoever stops there is told so, and can go on.
    stranger = open_browser()
    stranger.goto(f"{url}/sign-in")
    stranger.click("#with-harbour")
    state = re.search(r"flow=([^&]+)", stranger.url)
    assert state
    stranger.goto(f"{url}/sign-in/with/harbour/callback?error=access_denied&state=x")
    expect(stranger.get_by_role("heading", level=1)).to_be_visible()
