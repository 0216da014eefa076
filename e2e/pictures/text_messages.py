"""Codes that are sent as text messages: at the second step, and in the account."""

from server import ADA, PASSWORD, set_up_app, sign_in, totp
from sms import BOTH, NUMBER, TEXTED, set_up_number


def first_step(page, url, username=TEXTED, language="en"):
    page.goto(f"{url}/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_url("**/sign-in/mfa?*")
    if language != "en":
        page.goto(f"{page.url}&language={language}")


def asked(language):
    return lambda page, url: first_step(page, url, TEXTED, language)


def sent(language):
    def what(page, url):
        first_step(page, url, TEXTED, language)
        page.click("#sms-send")
        page.wait_for_selector("#sms_code")

    return what


def wrong(page, url):
    sent("en")(page, url)
    page.fill("#sms_code", "00")
    page.click("#mfa-submit")
    page.wait_for_selector("#sms_code-error")


def again(page, url):
    sent("en")(page, url)
    page.click("#sms-again")
    page.wait_for_selector(".good")


def over(page, url):
    first_step(page, url)
    csrf, flow = page.locator("[name=csrf]").first, page.locator("[name=flow]").first
    given = {"csrf": csrf.get_attribute("value"), "flow": flow.get_attribute("value"), "sms_code": "123456"}
    # Nobody was shown a field for it: as if the code had become too old meanwhile.
    page.evaluate("""given => {
        const form = document.createElement("form");
        form.method = "post";
        form.action = "/sign-in/mfa";
        for (const [name, value] of Object.entries(given)) {
            form.append(Object.assign(document.createElement("input"), {name, value}));
        }
        document.body.append(form);
        form.submit();
    }""", given)
    page.wait_for_selector("#problem")


def with_app(page, url):
    first_step(page, url, BOTH)


def chosen(page, url):
    first_step(page, url, BOTH)
    page.click("#mfa-sms")
    page.wait_for_selector("#sms-send")


def number(language):
    return lambda page, url: page.goto(f"{url}/account/sms?number&language={language}")


def number_wrong(page, url):
    number("en")(page, url)
    page.fill("#phone", "0151 12345678")
    page.click("#sms-send")
    page.wait_for_selector("#phone-error")


def code(language):
    def what(page, url):
        number(language)(page, url)
        page.fill("#phone", NUMBER)
        page.click("#sms-send")
        page.wait_for_selector("#sms_code")

    return what


def states(browser, url, sender) -> dict:
    """Who is signed in, with a number, and with an app besides."""
    kept = {}
    for username in (TEXTED, BOTH):
        context = browser.new_context(reduced_motion="reduce")
        page = context.new_page()
        sign_in(page, url, username)
        if username == BOTH:
            key = set_up_app(page, url)
            # Signed in with the password alone a session may not change what needs both.
            context.clear_cookies()
            first_step(page, url, username)
            page.fill("#code", totp(key))
            page.click("#mfa-submit")
            page.wait_for_url("**/account/profile")
            page.goto(f"{url}/account/sms?number")
            page.fill("#phone", NUMBER)
            page.click("#sms-send")
            page.fill("#sms_code", sender.code())
            page.click("#sms-submit")
            page.wait_for_url("**/account/security")
        else:
            set_up_number(page, url, sender)
        kept[username] = context.storage_state()
    return kept


# Name: who is signed in, and a path or what leads there.
PAGES = {
    "sms-step": (None, asked("en")),
    "sms-step-de": (None, asked("de")),
    "sms-step-ar": (None, asked("ar")),
    "sms-step-sent": (None, sent("en")),
    "sms-step-sent-de": (None, sent("de")),
    "sms-step-sent-ar": (None, sent("ar")),
    "sms-step-again": (None, again),
    "sms-step-wrong": (None, wrong),
    "sms-step-over": (None, over),
    "sms-step-app": (None, with_app),
    "sms-step-chosen": (None, chosen),
    "sms-security-none": (ADA, "/account/security"),
    "sms-number": (ADA, number("en")),
    "sms-number-de": (ADA, number("de")),
    "sms-number-ar": (ADA, number("ar")),
    "sms-number-wrong": (ADA, number_wrong),
    "sms-code": (ADA, code("en")),
    "sms-code-ar": (ADA, code("ar")),
    "sms-security": (TEXTED, "/account/security"),
    "sms-security-de": (BOTH, "/account/security?language=de"),
    "sms-security-ar": (BOTH, "/account/security?language=ar"),
    "sms-manage": (TEXTED, "/account/sms"),
    "sms-manage-ar": (TEXTED, "/account/sms?language=ar"),
}
