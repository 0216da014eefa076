"""The life of an account: made, confirmed, signed in to each way, lost with the phone, taken back, and looked back on."""

import collections
import collections.abc
import contextlib
import json
import pathlib
import re
import subprocess
import urllib.request

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from provider import ENVIRONMENT, Provider, free_port
from server import ADA as ADMINISTRATOR
from server import BIN, PASSWORD as ADMINISTRATORS
from server import Dev, totp
from test_passkeys import NO_AUTOFILL, plug_in, sign_out
from test_second_factors import holds

ADDRESS, PASSWORD, NEW_PASSWORD = "caroline@example.com", "sweeping for comets nightly", "a catalogue of five hundred stars"
ELSEWHERE = "what the observatory knows"

# The same person, at a provider of the kind of Google.
OBSERVATORY = Provider(
    "observatory", "Observatory", "Caroline Herschel", ADDRESS, ELSEWHERE, "ours", "Gatepost", host="127.0.0.1")


class Person:
    """Somebody with an account, an authenticator app and a passkey on their phone, a mailbox, and recovery codes on paper."""

    def __init__(self, url: str, data_dir: str, open_browser, axe: Axe) -> None:
        self.url, self.data_dir, self.open_browser, self.axe = url, data_dir, open_browser, axe
        self.key, self.codes, self.password = "", [], PASSWORD
        self.step = 0
        self.passkey = None
        self.read = collections.Counter()

    def browser(self) -> Page:
        """A browser that knows nothing, with the phone beside it."""
        page = self.open_browser()
        page.add_init_script(NO_AUTOFILL)
        if self.passkey:
            # It is one phone, which counts on: what counts from before is a copy, and refused.
            self.passkey["signCount"] += 10
            cdp, authenticator = plug_in(page)
            cdp.send("WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": self.passkey})
        return page

    def at(self, page: Page, heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        holds(page, self.axe)

    def is_in(self, page: Page) -> None:
        page.wait_for_url("**/account/profile")
        expect(page.locator("#name")).to_have_value("Caroline Herschel")

    def letter(self, page: Page, subject: str) -> None:
        """Opens the next letter with this subject, once it is there."""
        self.read[subject] += 1
        for _ in range(50):
            page.goto(f"{self.url}/dev/mail")
            found = page.locator("#letters a", has_text=re.compile(re.escape(subject)))
            if found.count() == self.read[subject]:
                found.first.click()
                expect(page.get_by_role("heading", level=1)).to_have_text(subject)
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"no letter {subject!r}")

    # What is proved first.

    def by_password(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in")
        page.fill("#username", ADDRESS)
        page.fill("#password", self.password)
        page.click("#login-submit")

    def by_passkey(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in")
        expect(page.locator("#passkey-submit")).to_have_text("Sign in with a passkey")
        page.click("#passkey-submit")

    def by_mailed_code(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in")
        page.click("#by-mail a")
        self.at(page, "Sign in by e-mail")
        page.fill("#username", ADDRESS)
        page.click("#by-mail-submit")
        self.at(page, "Check your e-mail")
        expect(page.locator("#code")).to_be_focused()
        # Read on another device.
        other = self.open_browser()
        self.letter(other, "Sign in to default")
        page.fill("#code", re.search(r"Code: (\d{4} \d{4})", other.locator("#text").inner_text())[1])
        page.click("#code-submit")

    def by_mailed_link(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in/email")
        page.fill("#username", ADDRESS)
        page.click("#by-mail-submit")
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
        self.letter(page, "Sign in to default")
        link = page.locator("#open-link").get_attribute("href")
        elsewhere = self.open_browser()
        elsewhere.goto(link)
        self.at(elsewhere, "This link is for another browser")
        page.goto(link)
        self.at(page, "Sign in to default?")
        page.click("#link-submit")

    def by_provider(self, page: Page) -> None:
        page.goto(f"{self.url}/sign-in")
        page.click("#with-observatory")
        page.wait_for_url(re.compile(r"^http://127\.0\.0\.1:\d+/sign-in"))
        page.fill("#username", ADDRESS)
        page.fill("#password", ELSEWHERE)
        page.click("#login-submit")
        page.click("#consent-approve")

    # And what then.

    def to(self, page: Page, method: str) -> None:
        """From the second step that is offered to another."""
        page.wait_for_url("**/sign-in/mfa?*")
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
        holds(page, self.axe)
        if method:
            page.click(method)

    def app(self, page: Page) -> None:
        self.to(page, "")
        # Each code is good once, and one of the next half minute is taken.
        self.step += 1
        page.fill("#code", totp(self.key, self.step))
        page.click("#mfa-submit")

    def app_trusting(self, page: Page) -> None:
        page.wait_for_url("**/sign-in/mfa?*")
        expect(page.locator("label", has=page.locator("#trust"))).to_have_text("Don’t ask again on this device for 30 days")
        page.check("#trust")
        self.app(page)

    def passkey_after(self, page: Page) -> None:
        self.to(page, "#mfa-passkey")
        self.at(page, "Use your passkey")
        page.click("#passkey-submit")

    def recovery_code(self, page: Page) -> None:
        self.to(page, "#mfa-other")
        self.at(page, "Use a recovery code")
        page.fill("#recovery_code", self.codes.pop())
        page.click("#mfa-submit")

    # Each way in that there is.
    WAYS = [
        (by_password, app),
        (by_passkey, None),
        (by_password, passkey_after),
        (by_password, recovery_code),
        (by_mailed_code, passkey_after),
        (by_mailed_link, recovery_code),
    ]

    def sets_up_app(self, page: Page) -> None:
        """The app of a phone; the session has just begun, with all there is."""
        page.click("#totp-begin")
        page.wait_for_selector("#totp-submit")
        holds(page, self.axe)
        self.key = page.locator("#totp-key").text_content()
        self.step = -1
        page.fill("#code", totp(self.key, self.step))
        page.click("#totp-submit")
        page.wait_for_url("**/account/security")
        expect(page.get_by_role("status")).to_have_text("The authenticator app is on.")


@pytest.fixture
def person(open_browser, axe: Axe) -> collections.abc.Iterator[Person]:
    # Passkeys are made for a domain, and links are mailed of one address.
    port = free_port()
    url = f"http://localhost:{port}"
    with Dev("--listen", f"127.0.0.1:{port}", "--public-url", url) as server:
        yield Person(url, server.data_dir(), open_browser, axe)


def accounts(url: str, email: str) -> int:
    """How many accounts have an address, as an administrator sees them."""
    def ask(path: str, body: dict | None = None, token: str = "") -> dict:
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(url + path, json.dumps(body).encode() if body else None, headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    token = ask("/api/v1/login", {"email": ADMINISTRATOR, "password": ADMINISTRATORS})["access_token"]
    return [user["email"] for user in ask("/api/v1/admin/users?limit=100", token=token)["users"]].count(email)


def test_an_account_is_made_used_lost_and_taken_back(
    person: Person, running: contextlib.ExitStack, tmp_path: pathlib.Path
) -> None:
    url = person.url
    # Made, and confirmed.
    here = person.browser()
    here.goto(f"{url}/sign-up")
    here.fill("#name", "Caroline Herschel")
    here.fill("#username", ADDRESS)
    here.fill("#password", PASSWORD)
    here.click("#signup-submit")
    person.is_in(here)
    person.letter(here, "Confirm your e-mail for default")
    here.click("#open-link")
    here.click("#link-submit")
    person.is_in(here)

    # A passkey, the codes for the day it is lost, and the app.
    cdp, phone = plug_in(here)
    here.goto(f"{url}/account/security")
    here.click("#passkey-add")
    here.click("#passkey-submit")
    person.at(here, "Your recovery codes")
    person.codes = here.locator("#codes li").all_text_contents()
    here.check("input[name=saved]")
    here.click("#codes-saved")
    here.wait_for_url("**/account/security")
    expect(here.get_by_role("status")).to_have_text("The passkey is added.")
    person.passkey = cdp.send("WebAuthn.getCredentials", {"authenticatorId": phone})["credentials"][0]
    # From now on a change takes both factors, and the passkey is both.
    here.click("#totp-begin")
    person.at(here, "Confirm that it’s you")
    here.click("#passkey-submit")
    here.wait_for_url("**/account/*")
    person.sets_up_app(here)
    holds(here, person.axe)
    sign_out(here, url)
    person.at(here, "You’re signed out")

    # Signed in each way there is, each time in a browser that knows nothing.
    for first, second in Person.WAYS:
        page = person.browser()
        first(person, page)
        if second:
            second(person, page)
        person.is_in(page)

    # One's own laptop is not asked for the second step again, and says so; what changes how one signs in asks there too.
    laptop = person.browser()
    person.by_password(laptop)
    person.app_trusting(laptop)
    person.is_in(laptop)
    sign_out(laptop, url)
    person.by_password(laptop)
    person.is_in(laptop)
    laptop.goto(f"{url}/account/activity")
    expect(laptop.locator("#activity li").first).to_contain_text("Trusted device")
    laptop.goto(f"{url}/account/security")
    expect(laptop.locator("#trusted")).to_have_text("Devices without a second step")
    holds(laptop, person.axe)
    laptop.click("#totp-manage")
    person.at(laptop, "Confirm that it’s you")

    # The phone is lost, and the password with it: a new one by mail, and the second step by what is on paper.
    person.passkey = None
    lost = person.browser()
    lost.goto(f"{url}/recover")
    lost.fill("#username", ADDRESS)
    lost.click("#recover-submit")
    person.letter(lost, "Choose a new password for default")
    lost.click("#open-link")
    lost.fill("#new_password", NEW_PASSWORD)
    lost.click("#password-submit")
    person.at(lost, "Your password is changed")
    person.password = NEW_PASSWORD
    person.by_password(lost)
    person.recovery_code(lost)
    person.is_in(lost)
    # What was on it goes, and another takes its place.
    lost.goto(f"{url}/account/security")
    lost.click("a[aria-label='Manage Passkey']")
    lost.click("#passkey-remove")
    expect(lost.get_by_role("status")).to_have_text("The passkey is removed.")
    lost.click("#totp-manage")
    person.sets_up_app(lost)
    # Everybody else is out, and the laptop is asked for both again.
    page.goto(f"{url}/account/profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    person.by_password(laptop)
    person.app(laptop)
    person.is_in(laptop)

    # The provider signs the same person in, and makes no second account.
    OBSERVATORY.start(running, tmp_path, url)
    (tmp_path / "connects.toml").write_text(OBSERVATORY.connected())
    applied = [BIN, "apply", str(tmp_path / "connects.toml"), "--data-dir", person.data_dir]
    subprocess.run(applied, check=True, capture_output=True, env=ENVIRONMENT)
    by_provider = person.browser()
    for _ in range(50):
        by_provider.goto(f"{url}/sign-in")
        if by_provider.locator("#with-observatory").count():
            break
        by_provider.wait_for_timeout(200)
    person.by_provider(by_provider)
    person.app(by_provider)
    person.is_in(by_provider)
    assert accounts(url, ADDRESS) == 1

    # And all of it is there to be seen.
    by_provider.click("nav >> text=Activity")
    person.at(by_provider, "Activity")
    seen = by_provider.locator("#activity li .words > :first-child").all_inner_texts()
    told = collections.Counter(act.split("\n")[0].strip() for act in seen)
    assert told["Signed in with a second step"] == 6 and told["Signed in with a passkey"] == 2, told
    assert told["Signed in by e-mail with a second step"] == 2 and told["Sign-in by e-mail asked for"] == 2, told
    for act in [
        "Account made", "E-mail confirmed", "Passkey added", "New recovery codes made", "Second step added", "Signed out",
        "Recovery code used", "No second step on this device for a while", "Link for a new password asked for",
        "New password chosen by a mailed link", "Passkey removed", "Account connected",
        "Signed in with a connected account and a second step",
    ]:
        assert told[act], f"{act}: {told}"
