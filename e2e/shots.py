"""Pictures of every page: light and dark, on a phone and on a desk, with the longest names, in Arabic. For people to look at.

    python e2e/shots.py FOLDER [--only NAME]
"""

import argparse
import contextlib
import pathlib
import tempfile
import types

from pictures import account, mail, second_steps, signing_in, text_messages
from pictures.second_steps import GRACE, TWO, add_passkey, second_step, trusts
from playwright.sync_api import sync_playwright
from server import ADA, CHROMIUM, LONG, PASSWORD, Dev, Server, set_up_app, sign_in, totp
from sms import world

SIZES = {"phone": (390, 844), "desk": (1280, 800)}
PAGES = signing_in.PAGES | account.PAGES | second_steps.PAGES
# Of `gatepost dev`, which keeps mail and lets devices be trusted.
DEV = mail.PAGES | second_steps.TRUSTED | account.ACTIVITY


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
            shoot(dev, browser, DEV, given, {TWO: trusts(browser, dev.url)})
        with contextlib.ExitStack() as running:
            folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory()))
            url, sender = world(running, folder / "sms")
            texts = types.SimpleNamespace(url=url)
            shoot(texts, browser, text_messages.PAGES, given, text_messages.states(browser, url, sender))
        browser.close()


if __name__ == "__main__":
    main()
