"""Passkeys with Chromium's virtual authenticator: added, shown with the button and by autofill, as a second step, named and removed."""

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from server import PASSWORD
from test_second_factors import first_step, holds

GRACE = "passkey@example.com"
NO_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


@pytest.fixture
def local(url: str) -> str:
    """Passkeys are made for a domain: on loopback that is localhost."""
    return url.replace("127.0.0.1", "localhost")


def plug_in(page: Page, **options: object):
    """An authenticator in this browser that confirms everything at once. Its commands, and its id."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable", {"enableUI": False})
    added = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True, **options}})
    return cdp, added["authenticatorId"]


def sign_out(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-out")
    page.click("#logout-confirm")
    page.wait_for_load_state()


def test_one_adds_a_passkey_and_signs_in_with_it_in_every_way(open_browser, local: str, axe: Axe) -> None:
    page = open_browser()
    cdp, authenticator = plug_in(page)
    first_step(page, local, GRACE)
    page.wait_for_url("**/account/profile")
    page.click("nav >> text=Security")
    page.click("#passkey-add")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    holds(page, axe)
    page.click("#passkey-submit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    page.check("input[name=saved]")
    page.click("#codes-saved")
    page.wait_for_url("**/account/security")
    expect(page.get_by_role("status")).to_have_text("The passkey is added.")
    holds(page, axe)
    made = cdp.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert len(made) == 1 and made[0]["isResidentCredential"] and made[0]["rpId"] == "localhost"
    assert made[0]["userName"] == GRACE and made[0]["userDisplayName"] == "Grace Hopper"

    # The browser offers it in the field for the user name. An authenticator that confirms at once takes the offer.
    sign_out(page, local)
    page.goto(f"{local}/sign-in")
    page.wait_for_url("**/account/profile")

    # With the button.
    button = open_browser()
    button.add_init_script(NO_AUTOFILL)
    commands, other = plug_in(button)
    commands.send("WebAuthn.addCredential", {"authenticatorId": other, "credential": cdp.send(
        "WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"][0]})
    button.goto(f"{local}/sign-in")
    expect(button.locator("#passkey-submit")).to_have_text("Sign in with a passkey")
    holds(button, axe)
    commands.send("WebAuthn.setUserVerified", {"authenticatorId": other, "isUserVerified": False})
    button.click("#passkey-submit")
    expect(button.get_by_role("alert")).to_have_text("No passkey was used. Try again, or sign in another way.")
    holds(button, axe)
    commands.send("WebAuthn.setUserVerified", {"authenticatorId": other, "isUserVerified": True})
    button.check("input[type=checkbox][name=remember]")
    button.click("#passkey-submit")
    button.wait_for_url("**/account/profile")
    kept = [cookie for cookie in button.context.cookies() if cookie["name"] == "__Host-gatepost-default"]
    assert kept[0]["expires"] > 0, "the box counts for the passkey too"

    # The same device makes no second one.
    button.goto(f"{local}/account/passkeys/new")
    button.click("#passkey-submit")
    expect(button.get_by_role("alert")).to_have_text("This device has a passkey for your account already.")
    holds(button, axe)

    # After the password.
    sign_out(button, local)
    first_step(button, local, GRACE)
    expect(button.get_by_role("heading", level=1)).to_have_text("Use your passkey")
    expect(button.locator("[data-no-passkey]")).to_be_hidden()
    holds(button, axe)
    button.click("#passkey-submit")
    button.wait_for_url("**/account/profile")

    # It is given a name, and removed.
    button.goto(f"{local}/account/security")
    button.click("a[aria-label='Manage Passkey']")
    holds(button, axe)
    button.fill("#name", "The blue key on the lanyard in the instrument room, next to the barometer")
    button.click("#passkey-rename")
    expect(button.get_by_role("status")).to_have_text("The passkey has its new name.")
    holds(button, axe)
    button.click("text=Manage")
    button.click("#passkey-remove")
    expect(button.get_by_role("status")).to_have_text("The passkey is removed.")
    sign_out(button, local)
    button.goto(f"{local}/sign-in")
    button.click("#passkey-submit")
    expect(button.locator("#problem")).to_contain_text("That passkey doesn’t work here.")


def test_where_there_are_no_passkeys_there_is_no_button(open_browser, url: str, local: str) -> None:
    for options, at in [({"java_script_enabled": False}, local), ({}, url)]:
        page = open_browser(**options)
        page.goto(f"{at}/sign-in")
        page.wait_for_load_state()
        assert page.locator("#passkey-submit").is_hidden()
        first_step(page, at, "ada@example.com")
        page.wait_for_url("**/account/profile")
        page.goto(f"{at}/account/passkeys/new")
        assert page.locator("#passkey-submit").is_hidden()
        expect(page.locator("[data-no-passkey]")).to_be_visible()


def test_where_a_second_factor_is_required_a_passkey_is_set_up_at_the_sign_in(open_browser, local: str, axe: Axe) -> None:
    page = open_browser()
    cdp, authenticator = plug_in(page)
    first_step(page, local, GRACE, "/r/strict")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second step")
    expect(page.locator("[data-no-passkey]")).to_be_hidden()
    holds(page, axe)
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.click("#passkey-submit")
    expect(page.get_by_role("alert")).to_have_text("No passkey was made. Try again, or use another device.")
    holds(page, axe)
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    page.click("#passkey-submit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    assert page.locator("#codes li").count() == 10
    page.check("input[name=saved]")
    page.click("#codes-saved")
    page.wait_for_url("**/r/strict/account/profile")
    made = cdp.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert len(made) == 1 and made[0]["userName"] == GRACE

    # From then on it signs in alone.
    page.goto(f"{local}/r/strict/sign-out")
    page.click("#logout-confirm")
    page.wait_for_load_state()
    page.goto(f"{local}/r/strict/sign-in")
    page.wait_for_url("**/r/strict/account/profile")
