"""What somebody sees and changes of their own account."""

from server import ADA, LONG

from .second_steps import GRACE, TWO, local


def wrong_password(page, url):
    page.goto(f"{url}/account/password")
    page.fill("#current_password", "not the password")
    page.fill("#new_password", "a wholly different sentence")
    page.click("#password-submit")
    page.wait_for_selector("#current_password-error")


def saved(page, url):
    page.goto(f"{url}/account/profile")
    page.click("#profile-submit")
    page.wait_for_selector(".good")


def menu(page, url):
    page.goto(f"{url}/account/sessions")
    page.click("header summary")


def totp_set_up(page, url):
    page.goto(f"{url}/account/security")
    page.click("#totp-begin")
    page.wait_for_selector("#totp-submit")
    page.click("summary:has-text('scan')")


def codes(page, url):
    page.goto(f"{url}/account/recovery-codes")
    page.click("#codes-make")
    page.wait_for_selector("#codes")


def passkey(page, url):
    local("/account/security")(page, url)
    page.click("a[href*='/account/passkeys/psk_']")
    page.wait_for_selector("#passkey-rename")


# Name: who is signed in, and a path or what leads there.
PAGES = {
    "profile": (ADA, "/account/profile"),
    "profile-saved": (ADA, saved),
    "profile-long": (LONG, "/account/profile"),
    "password": (ADA, "/account/password"),
    "password-error": (ADA, wrong_password),
    "sessions": (LONG, "/account/sessions"),
    "sessions-menu": (LONG, menu),
    "sessions-ar": ("amal@example.com", "/account/sessions?language=ar"),
    "applications-none": (ADA, "/account/applications"),
    "security-none": (LONG, "/account/security"),
    "totp-set-up": (LONG, totp_set_up),
    "security": (TWO, "/account/security"),
    "security-de": (TWO, "/account/security?language=de"),
    "totp": (TWO, "/account/totp"),
    "codes-new": (TWO, "/account/recovery-codes"),
    "codes": (TWO, codes),
    "security-passkey": (GRACE, local("/account/security")),
    "security-passkey-ar": (GRACE, local("/account/security?language=ar")),
    "passkey-new": (GRACE, local("/account/passkeys/new")),
    "passkey": (GRACE, passkey),
}

# The same of `gatepost dev`.
ACTIVITY = {
    "activity": (TWO, "/account/activity"),
    "activity-ar": (TWO, "/account/activity?language=ar"),
    "activity-de": (TWO, "/account/activity?language=de"),
}
