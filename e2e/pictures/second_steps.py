"""The second step of a sign-in: shown, set up, and not asked for."""

from server import ADA, LONG, PASSWORD, set_up_app, sign_in, totp

TWO = "two-steps@example.com"
GRACE = "passkey@example.com"


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


def local(path):
    """Passkeys are of localhost, and not of the address it stands for."""
    return lambda page, url: page.goto(url.replace("127.0.0.1", "localhost") + path)


def second_step_passkey(page, url):
    local("/sign-in")(page, url)
    page.fill("#username", GRACE)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_selector("#mfa-other")


def second_step_trust(page, url):
    password_of_two(page, url)
    page.check("#trust")


def second_step_trust_ar(page, url):
    password_of_two(page, url)
    page.goto(f"{page.url}&language=ar")


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
    "sign-in-passkey": (None, local("/sign-in")),
    "second-step-passkey": (None, second_step_passkey),
}

# The same of `gatepost dev`, where devices can be trusted.
TRUSTED = {
    "second-step-trust": (None, second_step_trust),
    "second-step-trust-ar": (None, second_step_trust_ar),
    "security-trusted": (TWO, "/account/security"),
    "security-trusted-de": (TWO, "/account/security?language=de"),
}
