"""In, out and up; and what applications and devices ask for."""

from server import LONG, asking, device_code


def wrong_sign_in(page, url):
    page.goto(f"{url}/sign-in")
    page.fill("#username", LONG)
    page.fill("#password", "not the password")
    page.click("#login-submit")
    page.wait_for_selector("#problem")


def wrong_sign_up(page, url):
    page.goto(f"{url}/sign-up")
    page.fill("#username", "ada@")
    page.fill("#password", "short")
    page.click("#signup-submit")
    page.wait_for_selector("#username-error")


def provider_refused(page, url):
    """The company's address does not answer."""
    page.goto(f"{url}/r/saffron/sign-in")
    page.click("#with-company")
    page.wait_for_selector("#problem")


def error(page, url):
    page.goto(f"{url}/sign-in?flow=x")
    page.click("summary:has-text('developer')")


def sign_in_for_client(page, url):
    page.goto(url + asking("http://localhost/callback"))


def asked_wrongly(page, url):
    page.goto(url + asking("https://evil.example/callback"))
    page.click("summary:has-text('developer')")


def consent(page, url):
    page.goto(url + asking("http://localhost/callback"))
    page.wait_for_selector("#consent-approve")


def consent_ar(page, url):
    page.goto(url + asking("http://localhost/callback", ui_locales="ar"))
    page.wait_for_selector("#consent-approve")


def choose(page, url):
    page.goto(url + asking("http://localhost/callback", prompt="select_account"))


def device_confirm(page, url):
    page.goto(f"{url}/device")
    page.fill("#user_code", device_code(url))
    page.click("#device-submit")
    page.wait_for_selector("#device-approve")


def device_connected(page, url):
    device_confirm(page, url)
    page.click("#device-approve")
    page.wait_for_load_state()


# Name: who is signed in, and a path or what leads there.
PAGES = {
    "sign-in": (None, "/sign-in"),
    "sign-in-error": (None, wrong_sign_in),
    "sign-in-saffron": (None, "/r/saffron/sign-in"),
    "sign-in-ar": (None, "/sign-in?language=ar"),
    "sign-in-de": (None, "/sign-in?language=de"),
    "sign-up": (None, "/sign-up"),
    "sign-in-provider-refused": (None, provider_refused),
    "sign-up-error": (None, wrong_sign_up),
    "sign-up-closed": (None, "/r/saffron/sign-up"),
    "sign-out": (LONG, "/sign-out"),
    "signed-out": (None, "/sign-out"),
    "not-found": (None, "/nowhere"),
    "error": (None, error),
    "sign-in-for-client": (None, sign_in_for_client),
    "asked-wrongly": (None, asked_wrongly),
    "consent": (LONG, consent),
    "consent-ar": ("amal@example.com", consent_ar),
    "choose": (LONG, choose),
    "device": (LONG, "/device"),
    "device-confirm": (LONG, device_confirm),
    "device-connected": (LONG, device_connected),
}
