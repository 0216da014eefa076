"""Pictures of every page: light and dark, on a phone and on a desk, with the longest names, in Arabic. For people to look at.

    python e2e/shots.py FOLDER [--only NAME]
"""

import argparse
import pathlib

from playwright.sync_api import sync_playwright
from server import ADA, CHROMIUM, LONG, PASSWORD, Dev, Server, asking, device_code, set_up_app, sign_in, totp

SIZES = {"phone": (390, 844), "desk": (1280, 800)}


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


def error(page, url):
    page.goto(f"{url}/sign-in?flow=x")
    page.click("summary:has-text('developer')")


def menu(page, url):
    page.goto(f"{url}/account/sessions")
    page.click("header summary")


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


def sign_in_for_client(page, url):
    page.goto(url + asking("http://localhost/callback"))


def asked_wrongly(page, url):
    page.goto(url + asking("https://evil.example/callback"))
    page.click("summary:has-text('developer')")


TWO = "two-steps@example.com"


def password_of_two(page, url):
    page.goto(f"{url}/sign-in")
    page.fill("#username", TWO)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_selector("#mfa-submit")


def second_step(page, url):
    password_of_two(page, url)


def second_step_wrong(page, url):
    password_of_two(page, url)
    page.fill("#code", "00")
    page.click("#mfa-submit")
    page.wait_for_selector("#code-error")


def second_step_ar(page, url):
    password_of_two(page, url)
    page.goto(f"{page.url}&language=ar")


def recovery_code(page, url):
    password_of_two(page, url)
    page.click("#mfa-other")


def first_of_two(page, url, realm, username=LONG):
    here = url.replace("127.0.0.1", "localhost")
    page.goto(f"{here}/r/{realm}/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_selector("#mfa-app")


def set_up_passkey(page, url):
    first_of_two(page, url, "strict")


def set_up_at_sign_in(page, url):
    first_of_two(page, url, "strict")
    page.click("#mfa-app")
    page.wait_for_selector("#totp-submit")


def set_up_later(page, url):
    first_of_two(page, url, "gentle")


def set_up_later_app(page, url):
    first_of_two(page, url, "gentle")
    page.click("#mfa-app")
    page.wait_for_selector("#totp-submit")


def set_up_later_in(language):
    def what(page, url):
        first_of_two(page, url, "gentle")
        page.goto(f"{page.url}&language={language}")

    return what


def set_up_for_organization(page, url):
    first_of_two(page, url, "guild", ADA)


def security_asked(realm, username):
    def what(page, url):
        first_of_two(page, url, realm, username)
        page.click("#mfa-later")
        page.wait_for_url("**/account/profile")
        page.goto(page.url.replace("/profile", "/security"))

    return what


def totp_set_up(page, url):
    page.goto(f"{url}/account/security")
    page.click("#totp-begin")
    page.wait_for_selector("#totp-submit")
    page.click("summary:has-text('scan')")


def codes(page, url):
    page.goto(f"{url}/account/recovery-codes")
    page.click("#codes-make")
    page.wait_for_selector("#codes")


GRACE = "passkey@example.com"


def local(path):
    """Passkeys are of localhost, and not of the address it stands for."""
    return lambda page, url: page.goto(url.replace("127.0.0.1", "localhost") + path)


def passkey(page, url):
    local("/account/security")(page, url)
    page.click("a[href*='/account/passkeys/psk_']")
    page.wait_for_selector("#passkey-rename")


def second_step_passkey(page, url):
    local("/sign-in")(page, url)
    page.fill("#username", GRACE)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_selector("#mfa-other")


def add_passkey(page, url) -> None:
    """Signs in at localhost and adds a passkey; after that the session is of both factors."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable", {"enableUI": False})
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}})
    here = url.replace("127.0.0.1", "localhost")
    sign_in(page, here, GRACE)
    page.goto(f"{here}/account/passkeys/new")
    page.click("#passkey-submit")
    page.wait_for_selector("#codes")
    page.context.clear_cookies()
    # It is offered in the field for the user name, and confirmed at once.
    page.goto(f"{here}/sign-in")
    page.wait_for_url("**/account/profile")


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
    "profile": (ADA, "/account/profile"),
    "profile-saved": (ADA, saved),
    "profile-long": (LONG, "/account/profile"),
    "password": (ADA, "/account/password"),
    "password-error": (ADA, wrong_password),
    "sessions": (LONG, "/account/sessions"),
    "sessions-menu": (LONG, menu),
    "sessions-ar": ("amal@example.com", "/account/sessions?language=ar"),
    "sign-in-for-client": (None, sign_in_for_client),
    "asked-wrongly": (None, asked_wrongly),
    "consent": (LONG, consent),
    "consent-ar": ("amal@example.com", consent_ar),
    "choose": (LONG, choose),
    "device": (LONG, "/device"),
    "device-confirm": (LONG, device_confirm),
    "device-connected": (LONG, device_connected),
    "applications-none": (ADA, "/account/applications"),
    "security-none": (LONG, "/account/security"),
    "totp-set-up": (LONG, totp_set_up),
    "second-step": (None, second_step),
    "second-step-wrong": (None, second_step_wrong),
    "second-step-ar": (None, second_step_ar),
    "second-step-recovery": (None, recovery_code),
    "second-set-up": (None, set_up_at_sign_in),
    "second-set-up-passkey": (None, set_up_passkey),
    "second-set-up-later": (None, set_up_later),
    "second-set-up-later-app": (None, set_up_later_app),
    "second-set-up-later-de": (None, set_up_later_in("de")),
    "second-set-up-later-ar": (None, set_up_later_in("ar")),
    "second-set-up-organization": (None, set_up_for_organization),
    "security-asked": (None, security_asked("gentle", LONG)),
    "security-asked-organization": (None, security_asked("guild", ADA)),
    "security": (TWO, "/account/security"),
    "security-de": (TWO, "/account/security?language=de"),
    "totp": (TWO, "/account/totp"),
    "codes-new": (TWO, "/account/recovery-codes"),
    "codes": (TWO, codes),
    "sign-in-passkey": (None, local("/sign-in")),
    "security-passkey": (GRACE, local("/account/security")),
    "security-passkey-ar": (GRACE, local("/account/security?language=ar")),
    "passkey-new": (GRACE, local("/account/passkeys/new")),
    "passkey": (GRACE, passkey),
    "second-step-passkey": (None, second_step_passkey),
}


def letter(page, url, subject):
    for _ in range(50):
        page.goto(f"{url}/dev/mail")
        found = page.locator("#letters a", has_text=subject)
        if found.count():
            found.first.click()
            page.wait_for_selector("#text")
            return
        page.wait_for_timeout(100)


def recover(page, url):
    page.goto(f"{url}/recover")
    page.fill("#username", LONG)
    page.click("#recover-submit")
    page.wait_for_selector("#send-again")


def recover_error(page, url):
    page.goto(f"{url}/recover")
    page.fill("#username", "ada@")
    page.click("#recover-submit")
    page.wait_for_selector("#username-error")


def ask_for(page, url, path):
    page.request.post(url + path, data={"email": "grace@example.com"})


def new_password(page, url):
    ask_for(page, url, "/api/v1/recover")
    letter(page, url, "Choose a new password")
    page.click("#open-link")


def recover_letter(page, url):
    ask_for(page, url, "/api/v1/recover")
    letter(page, url, "Choose a new password")


def recover_html(page, url):
    recover_letter(page, url)
    page.click("#open-html")


def verify(page, url):
    letter(page, url, "Confirm your e-mail")
    page.click("#open-link")


def verify_html_ar(page, url):
    letter(page, url, "أكّد")
    page.click("#open-html")


def email_awaited(page, url):
    page.goto(f"{url}/account/email")
    page.fill("#email", "ada.lovelace@analytical.example.com")
    page.click("#email-submit")
    page.wait_for_load_state()
    page.goto(f"{url}/account/profile")


def by_mail_wrong(page, url):
    page.goto(f"{url}/sign-in/email")
    page.fill("#username", "ada@")
    page.click("#by-mail-submit")
    page.wait_for_selector("#username-error")


def by_mail_sent(page, url):
    page.goto(f"{url}/sign-in/email")
    page.fill("#username", LONG)
    page.click("#by-mail-submit")
    page.wait_for_selector("#code")


def by_mail_code_wrong(page, url):
    by_mail_sent(page, url)
    page.fill("#code", "1234")
    page.click("#code-submit")
    page.wait_for_selector("#code-error")


def by_mail_letter(page, url):
    """Asked for by a page, so that it has a link, and read in the same browser."""
    page.goto(f"{url}/sign-in/email")
    page.fill("#username", "grace@example.com")
    page.click("#by-mail-submit")
    page.wait_for_selector("#code")
    letter(page, url, "Sign in to")


def by_mail_open(page, url):
    by_mail_letter(page, url)
    page.click("#open-link")
    page.wait_for_selector("#link-submit")


def by_mail_elsewhere(page, url):
    by_mail_letter(page, url)
    link = page.locator("#open-link").get_attribute("href")
    page.context.clear_cookies()
    page.goto(link)


def by_mail_html(page, url):
    by_mail_letter(page, url)
    page.click("#open-html")


def second_step_trust(page, url):
    password_of_two(page, url)
    page.check("#trust")


def second_step_trust_ar(page, url):
    password_of_two(page, url)
    page.goto(f"{page.url}&language=ar")


# Those of mail and of trusted devices, of `gatepost dev`.
MAIL = {
    "by-mail": (None, "/sign-in/email"),
    "by-mail-ar": (None, "/sign-in/email?language=ar"),
    "by-mail-error": (None, by_mail_wrong),
    "by-mail-sent": (None, by_mail_sent),
    "by-mail-code-error": (None, by_mail_code_wrong),
    "by-mail-open": (None, by_mail_open),
    "by-mail-elsewhere": (None, by_mail_elsewhere),
    "by-mail-refused": (None, "/sign-in/email/open?token=x"),
    "by-mail-letter": (None, by_mail_html),
    "second-step-trust": (None, second_step_trust),
    "second-step-trust-ar": (None, second_step_trust_ar),
    "security-trusted": (TWO, "/account/security"),
    "security-trusted-de": (TWO, "/account/security?language=de"),
    "activity": (TWO, "/account/activity"),
    "activity-ar": (TWO, "/account/activity?language=ar"),
    "activity-de": (TWO, "/account/activity?language=de"),
    "recover": (None, "/recover"),
    "recover-error": (None, recover_error),
    "recover-sent": (None, recover),
    "recover-ar": (None, "/recover?language=ar"),
    "new-password": (None, new_password),
    "verify": (None, verify),
    "link-refused": (None, "/verify-email?token=x"),
    "email": (ADA, "/account/email"),
    "email-awaited": (ADA, email_awaited),
    "sign-in-forgot": (None, "/sign-in"),
    "dev-mail": (None, "/dev/mail"),
    "dev-mail-letter": (None, recover_letter),
    "letter": (None, recover_html),
    "letter-ar": (None, verify_html_ar),
}


def trusts(browser, url):
    """A browser in which somebody has signed in with an app, and is not asked for it again."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, url, TWO)
    key = set_up_app(page, url)
    page.context.clear_cookies()
    password_of_two(page, url)
    page.fill("#code", "000000")
    page.click("#mfa-submit")
    page.wait_for_selector("#code-error")
    page.fill("#code", totp(key))
    page.check("#trust")
    page.click("#mfa-submit")
    page.wait_for_url("**/account/profile")
    page.goto(f"{url}/sign-out")
    page.click("#logout-confirm")
    sign_in(page, url, TWO)
    return context.storage_state()


def without_limits(request, url) -> None:
    """Nobody asks for as many letters in an hour."""
    token = request.post(f"{url}/api/v1/login", data={"email": ADA, "password": PASSWORD}).json()["access_token"]
    settings = {"settings": {"rate_limits": "off"}}
    changed = request.patch(f"{url}/api/v1/admin/realm", data=settings, headers={"authorization": f"Bearer {token}"})
    assert changed.ok, changed.text()


def shoot(server, browser, pages, given, kept=None) -> None:
    kept = dict(kept or {})
    for name, (who, what) in pages.items():
        if not any(part in name for part in given.only.split(",")):
            continue
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "locale": "en-GB",
                           "reduced_motion": "reduce"}
                if who and who not in kept:
                    first = browser.new_context(**options)
                    sign_in(first.new_page(), server.url, who)
                    kept[who] = first.storage_state()
                context = browser.new_context(**options, storage_state=kept.get(who))
                page = context.new_page()
                if callable(what):
                    what(page, server.url)
                else:
                    page.goto(server.url + what)
                page.screenshot(path=given.folder / f"{name}-{size}-{scheme}.png", full_page=True)
                context.close()
        print(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with Server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        others = browser.new_context(user_agent=playwright.devices["iPhone 13"]["user_agent"])
        for username in (LONG, "amal@example.com"):
            sign_in(others.new_page(), server.url, username)
            others.clear_cookies()
        # Signed in with the password alone a session may not look at what needs both: it is lifted by signing in once more.
        own = browser.new_context(reduced_motion="reduce")
        page = own.new_page()
        sign_in(page, server.url, TWO)
        key = set_up_app(page, server.url)
        own.clear_cookies()
        second_step(page, server.url)
        page.fill("#code", totp(key))
        page.click("#mfa-submit")
        page.wait_for_url("**/account/profile")
        two = own.storage_state()
        keyed = browser.new_context(reduced_motion="reduce")
        add_passkey(keyed.new_page(), server.url)
        shoot(server, browser, PAGES, given, {TWO: two, GRACE: keyed.storage_state()})
        with Dev() as dev:
            without_limits(others.request, dev.url)
            for language, address in (("en", "mary@example.com"), ("ar", "amal@example.com")):
                account = {"email": address, "name": "Mary Somerville", "password": "the connexion of the sciences"}
                others.request.post(f"{dev.url}/api/v1/register", data=account, headers={"accept-language": language})
            others.request.post(f"{dev.url}/api/v1/register", data={"email": TWO, "name": "Emmy Noether", "password": PASSWORD})
            shoot(dev, browser, MAIL, given, {TWO: trusts(browser, dev.url)})
        browser.close()


if __name__ == "__main__":
    main()
