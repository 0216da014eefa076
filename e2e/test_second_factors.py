"""An authenticator app and recovery codes, as people set them up and sign in with them."""

import pathlib

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from server import ADA, PASSWORD, set_up_app, totp
from sms import NUMBER, TEXTED, world

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def first_step(page: Page, url: str, username: str, base: str = "") -> None:
    page.goto(f"{url}{base}/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")


def holds(page: Page, axe: Axe) -> None:
    """No axe violation, and nothing is wider than a small phone."""
    result = axe.run(page, options={"runOnly": TAGS})
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in result["violations"]] == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    page.set_viewport_size({"width": 1280, "height": 800})


def test_one_sets_an_app_up_signs_in_with_it_and_with_a_recovery_code(open_browser, url: str, axe: Axe) -> None:
    username = "two-steps@example.com"
    here = open_browser(accept_downloads=True)
    first_step(here, url, username)
    here.wait_for_url("**/account/profile")
    here.click("nav >> text=Security")
    here.wait_for_url("**/account/security")
    holds(here, axe)
    here.click("#totp-begin")
    expect(here.locator("#code")).to_have_attribute("autocomplete", "one-time-code")
    holds(here, axe)
    key = here.locator("#totp-key").text_content()
    here.fill("#code", "000000")
    here.click("#totp-submit")
    expect(here.locator("#code")).to_be_focused()
    expect(here.locator("#code")).to_have_accessible_description("That code didn’t work. Type the newest one from your app.")
    here.fill("#code", totp(key, -1))
    here.keyboard.press("Enter")
    expect(here.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    holds(here, axe)
    codes = here.locator("#codes li").all_text_contents()
    assert len(set(codes)) == 10
    with here.expect_download() as download:
        here.click("#codes-download")
    assert download.value.suggested_filename == "default-recovery-codes.txt"
    assert all(code in pathlib.Path(download.value.path()).read_text() for code in codes)
    here.click("#codes-saved")
    # Not without the tick.
    expect(here.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    here.check("input[name=saved]")
    here.click("#codes-saved")
    here.wait_for_url("**/account/security")
    expect(here.get_by_role("status")).to_have_text("The authenticator app is on.")
    expect(here.locator("main")).to_contain_text("10 of 10 left")
    holds(here, axe)

    there = open_browser()
    first_step(there, url, username)
    expect(there.get_by_role("heading", level=1)).to_have_text("Enter your code")
    expect(there.locator("#code")).to_be_focused()
    holds(there, axe)
    there.keyboard.type(totp(key))
    there.keyboard.press("Enter")
    there.wait_for_url("**/account/profile")

    lost = open_browser()
    first_step(lost, url, username)
    lost.click("#mfa-other")
    expect(lost.get_by_role("heading", level=1)).to_have_text("Use a recovery code")
    holds(lost, axe)
    lost.fill("#recovery_code", codes[0].lower())
    lost.click("#mfa-submit")
    lost.wait_for_url("**/account/profile")
    lost.goto(f"{url}/account/security")
    expect(lost.locator("main")).to_contain_text("9 of 10 left")
    lost.click("#totp-manage")
    holds(lost, axe)
    lost.click("#totp-remove")
    lost.wait_for_url("**/account/security")
    expect(lost.get_by_role("status")).to_have_text("The authenticator app is off.")


def test_it_works_without_script(open_browser, url: str) -> None:
    username = "no-script@example.com"
    page = open_browser(java_script_enabled=False)
    first_step(page, url, username)
    page.wait_for_url("**/account/profile")
    key = set_up_app(page, url)
    assert page.locator("[data-copy]").is_hidden() and page.locator("[data-print]").is_hidden()
    page.check("input[name=saved]")
    page.click("#codes-saved")
    page.wait_for_url("**/account/security")
    other = open_browser(java_script_enabled=False)
    first_step(other, url, username)
    other.fill("#code", totp(key))
    other.click("#mfa-submit")
    other.wait_for_url("**/account/profile")


def test_where_it_is_required_it_is_set_up_before_anything_else(open_browser, url: str, axe: Axe) -> None:
    page = open_browser()
    first_step(page, url, ADA, "/r/strict")
    expect(page.locator("main")).to_contain_text("Strict Sailing asks for a second step.")
    assert page.locator("#mfa-later").count() == 0
    holds(page, axe)
    page.click("#mfa-app")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up an authenticator app")
    holds(page, axe)
    step = page.url
    page.goto(f"{url}/r/strict/account/profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(step)
    page.fill("#code", totp(page.locator("#totp-key").text_content(), -1))
    page.click("#totp-submit")
    page.wait_for_selector("#codes")
    page.check("input[name=saved]")
    page.click("#codes-saved")
    page.wait_for_url("**/r/strict/account/profile")


def test_where_it_will_be_required_one_says_later_with_and_without_script(open_browser, url: str, axe: Axe) -> None:
    for options in [{}, {"java_script_enabled": False}]:
        page = open_browser(**options)
        first_step(page, url, ADA, "/r/gentle")
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second step")
        expect(page.locator("main")).to_contain_text("Gentle Giants asks for a second step from")
        if not options:
            holds(page, axe)
        page.click("#mfa-later")
        page.wait_for_url("**/r/gentle/account/profile")
        page.goto(f"{url}/r/gentle/account/security")
        expect(page.locator("#asked")).to_contain_text("Set one up by")
        if not options:
            holds(page, axe)


def test_who_belongs_to_an_organization_that_asks_is_led_there_and_may_say_later(open_browser, url: str, axe: Axe) -> None:
    page = open_browser()
    first_step(page, url, ADA, "/r/guild")
    expect(page.locator("main")).to_contain_text("Analytical Engines and Difference Machinery asks its members for a second step from")
    holds(page, axe)
    page.click("#mfa-later")
    page.wait_for_url("**/r/guild/account/profile")
    page.goto(f"{url}/r/guild/account/security")
    expect(page.locator("#asked")).to_contain_text("after that nobody works there without one.")
    holds(page, axe)


def test_one_has_codes_sent_as_text_messages_and_signs_in_with_one(open_browser, running, tmp_path: pathlib.Path, axe: Axe) -> None:
    url, sender = world(running, tmp_path / "sms")
    here = open_browser(java_script_enabled=False)
    first_step(here, url, TEXTED)
    here.goto(f"{url}/account/security")
    here.click("#sms-begin")
    expect(here.locator("#phone")).to_be_focused()
    here.fill("#phone", NUMBER)
    here.click("#sms-send")
    expect(here.locator("#sms_code")).to_have_attribute("autocomplete", "one-time-code")
    here.fill("#sms_code", sender.code())
    here.keyboard.press("Enter")
    expect(here.get_by_role("heading", level=1)).to_have_text("Your recovery codes")

    other = open_browser()
    first_step(other, url, TEXTED)
    expect(other.get_by_role("heading", level=1)).to_have_text("Get a code by text message")
    holds(other, axe)
    assert len(sender.messages) == 1, "nothing is sent before it is asked for"
    other.click("#sms-send")
    expect(other.locator("#sms_code")).to_be_focused()
    holds(other, axe)
    other.fill("#sms_code", "00")
    other.keyboard.press("Enter")
    expect(other.locator("#sms_code")).to_have_accessible_description(
        "That code didn’t work. Type the one in the newest message. It works for 5 minutes, and only the newest does.")
    other.click("#sms-again")
    expect(other.get_by_role("status")).to_have_text("Another code is on its way.")
    other.fill("#sms_code", sender.code())
    other.keyboard.press("Enter")
    other.wait_for_url("**/account/profile")
    for path in ("/account/security", "/account/sms", "/account/sms?number"):
        other.goto(url + path)
        holds(other, axe)
