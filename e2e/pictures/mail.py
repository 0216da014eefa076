"""What is done by mail, and the letters: of `gatepost dev`, which keeps them."""

from server import ADA, LONG


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


# Name: who is signed in, and a path or what leads there.
PAGES = {
    "by-mail": (None, "/sign-in/email"),
    "by-mail-ar": (None, "/sign-in/email?language=ar"),
    "by-mail-error": (None, by_mail_wrong),
    "by-mail-sent": (None, by_mail_sent),
    "by-mail-code-error": (None, by_mail_code_wrong),
    "by-mail-open": (None, by_mail_open),
    "by-mail-elsewhere": (None, by_mail_elsewhere),
    "by-mail-refused": (None, "/sign-in/email/open?token=x"),
    "by-mail-letter": (None, by_mail_html),
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
