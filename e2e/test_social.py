"""A second Gatepost signs people in to the first, in a real browser."""

import contextlib
import pathlib
import re

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect
from provider import Provider, serve
from server import ADA, PASSWORD
from test_second_factors import holds

ADA_HERE = f"""
[[realm.user]]
email = "{ADA}"
name = "Ada Lovelace"
password = "{PASSWORD}"
email_verified = true
"""


def test_a_provider_signs_the_same_person_in_without_a_second_account(
    open_browser, running: contextlib.ExitStack, tmp_path: pathlib.Path, axe: Axe
) -> None:
    harbour = Provider("harbour", "Harbour Office", "Ada Lovelace", ADA, PASSWORD, "tideline", "Tideline")
    # On loopback any port will do.
    harbour.start(running, tmp_path, "http://127.0.0.1")
    issuer = harbour.issuer
    url = serve(running, tmp_path / "realm", harbour.connected() + ADA_HERE, "--listen", "127.0.0.1:0")
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
