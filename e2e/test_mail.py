"""What people do with mail, in Chromium: `gatepost dev` keeps every letter, and shows it."""

import collections.abc

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from server import Dev
from test_pages import TAGS

NAME, ADDRESS, PASSWORD = "Mary Somerville", "mary@example.com", "the connexion of the sciences"


@pytest.fixture(scope="module")
def dev() -> collections.abc.Iterator[str]:
    with Dev() as server:
        yield server.url


def open_letter(page: Page, url: str, subject: str) -> None:
    """The newest letter with this subject; it may take a moment."""
    for _ in range(50):
        page.goto(f"{url}/dev/mail")
        found = page.locator("#letters a", has_text=subject)
        if found.count():
            found.first.click()
            expect(page.get_by_role("heading", level=1)).to_have_text(subject)
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no letter {subject!r}")


def test_one_confirms_an_address_and_replaces_a_lost_password(open_browser, dev: str) -> None:
    page = open_browser()
    page.goto(f"{dev}/sign-up")
    page.fill("#name", NAME)
    page.fill("#username", ADDRESS)
    page.fill("#password", PASSWORD)
    page.click("#signup-submit")
    page.wait_for_url("**/account/profile")
    expect(page.locator("main")).to_contain_text("Not verified")
    # The link is opened in the letter, as a mail program shows it.
    open_letter(page, dev, "Confirm your e-mail for default")
    page.click("#open-html")
    page.click("text=Confirm my e-mail")
    page.wait_for_url("**/verify-email?token=*")
    page.click("#link-submit")
    page.wait_for_url("**/account/profile")
    expect(page.get_by_role("status")).to_have_text("Your e-mail is confirmed.")
    expect(page.locator("main")).to_contain_text("Verified")

    # The password is lost, and there is another browser.
    other = open_browser(java_script_enabled=False)
    other.goto(f"{dev}/sign-in")
    other.click("text=Forgot your password?")
    other.fill("#username", ADDRESS)
    other.click("#recover-submit")
    expect(other.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    open_letter(other, dev, "Choose a new password for default")
    other.click("#open-link")
    link = other.url
    other.fill("#new_password", "short")
    other.click("#password-submit")
    expect(other.locator("#new_password")).to_have_attribute("aria-invalid", "true")
    other.fill("#new_password", "molecular and microscopic science")
    other.click("#password-submit")
    expect(other.get_by_role("heading", level=1)).to_have_text("Your password is changed")
    # Everybody is signed out, and the link is used up.
    page.goto(f"{dev}/account/profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    other.goto(link)
    expect(other.get_by_role("heading", level=1)).to_have_text("This link doesn’t work any more")
    other.click("text=ask for another")
    expect(other.get_by_role("heading", level=1)).to_have_text("Forgot your password?")
    page.fill("#username", ADDRESS)
    page.fill("#password", "molecular and microscopic science")
    page.click("#login-submit")
    page.wait_for_url("**/account/profile")
    open_letter(page, dev, "Your default password was changed")

    # Another address, and taking it back.
    page.goto(f"{dev}/account/profile")
    page.click("#email-change")
    page.fill("#email", "mary@new.example.com")
    page.click("#email-submit")
    page.wait_for_url("**/account/profile")
    expect(page.locator("#email-awaited")).to_contain_text("mary@new.example.com")
    open_letter(page, dev, "Confirm your new e-mail for default")
    page.click("#open-link")
    page.click("#link-submit")
    page.wait_for_url("**/account/profile")
    expect(page.locator("main")).to_contain_text("mary@new.example.com")
    open_letter(other, dev, "Your e-mail for default was changed")
    other.click("#open-link")
    expect(other.get_by_role("heading", level=1)).to_have_text("Take the change back?")
    other.click("#link-submit")
    expect(other.get_by_role("heading", level=1)).to_have_text("The change is taken back")
    page.goto(f"{dev}/account/profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_and_letters_are_accessible(open_browser, axe: Axe, dev: str, scheme: str) -> None:
    page = open_browser(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.goto(f"{dev}/recover")
    seen = []

    def look(name: str) -> None:
        found = axe.run(page, options={"runOnly": TAGS})
        seen.extend(f"{name}: {violation['id']} {node['html'][:120]}" for violation in found["violations"]
                    for node in violation["nodes"])

    look("recover")
    page.fill("#username", "ada@")
    page.click("#recover-submit")
    look("recover, refused")
    page.fill("#username", "grace@example.com")
    page.click("#recover-submit")
    look("sent")
    open_letter(page, dev, "Choose a new password for default")
    look("a letter")
    page.click("#open-link")
    look("a new password")
    page.goto(f"{dev}/verify-email?token=nonsense")
    look("a link that is not good")
    assert seen == []
