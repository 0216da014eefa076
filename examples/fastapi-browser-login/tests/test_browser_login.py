"""A person signs in with the browser, stays, and leaves."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from browser import Browser
from browser_login.app import browser_login_app
from browser_login.settings import Settings
from conftest import Diary
from starlette.middleware.sessions import SessionMiddleware

ADA = ("ada", "the engine weaves algebra")


def test_who_asks_for_a_page_is_led_to_the_sign_in_and_back(browser: Browser, diary: Diary) -> None:
    page = browser.sign_in(f"{diary.url}/diary", *ADA)
    assert page.url == f"{diary.url}/diary"
    assert "The diary of Ada Lovelace" in page.html


def test_a_script_is_told_and_not_led_away(diary: Diary) -> None:
    answer = requests.get(f"{diary.url}/diary", headers={"sec-fetch-mode": "cors"}, allow_redirects=False, timeout=10)
    assert answer.status_code == 401


def test_the_way_to_the_sign_in_carries_state_nonce_and_pkce(diary: Diary) -> None:
    answer = requests.get(f"{diary.url}/login", allow_redirects=False, timeout=10)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 20 and len(query["nonce"][0]) >= 20


def test_oa_12_an_answer_that_was_not_asked_for_signs_nobody_in(browser: Browser, diary: Diary) -> None:
    """Somebody else's code, planted in a browser (login CSRF), without a state, and with one that was made up."""
    before = len(diary.sessions)
    for planted in ["code=planted", "code=planted&state=", "code=planted&state=planted"]:
        assert browser.go(f"{diary.url}/callback?{planted}").status == 400
    assert len(diary.sessions) == before


def test_oa_12_the_answer_for_one_browser_signs_nobody_in_in_another(issuer: str, diary: Diary) -> None:
    """Code, state and issuer are good, but another browser asked; and nobody signs in twice with one answer."""
    ada, eve = Browser([issuer, diary.url]), Browser([issuer, diary.url])
    eve.go(f"{diary.url}/login")
    asked = ada.go(f"{diary.url}/login")
    # She stops where the answer leads to.
    ada.origins.remove(diary.url)
    answer = ada.press(asked, "login-submit", username=ADA[0], password=ADA[1])
    if answer.has("consent-approve"):
        answer = ada.press(answer, "consent-approve")
    ada.origins.append(diary.url)
    answer = answer.url
    before = len(diary.sessions)
    assert eve.go(answer).status == 400
    assert len(diary.sessions) == before
    assert ada.go(answer).url == f"{diary.url}/"
    assert len(diary.sessions) == before + 1
    assert ada.go(answer).status == 400
    assert len(diary.sessions) == before + 1


def test_a_refusal_is_told_without_words_from_the_address(browser: Browser, diary: Diary) -> None:
    page = browser.go(f"{diary.url}/callback?error=access_denied&error_description=call+this+number")
    assert page.status == 400
    assert "access_denied" in page.html and "number" not in page.html


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
def test_the_way_back_stays_inside(browser: Browser, diary: Diary, elsewhere: str) -> None:
    assert browser.sign_in(f"{diary.url}/login?next={elsewhere}", *ADA).url == f"{diary.url}/"


def test_tokens_are_refreshed_without_the_person_noticing(browser: Browser, diary: Diary) -> None:
    browser.sign_in(f"{diary.url}/diary", *ADA)
    diary.let_tokens_expire()
    assert "The diary of Ada" in browser.go(f"{diary.url}/diary").html
    assert all(session.tokens["expires_at"] > 0 for session in list(diary.sessions._kept.values())[-1:])


def test_two_pages_at_once_refresh_once(browser: Browser, diary: Diary) -> None:
    browser.sign_in(f"{diary.url}/diary", *ADA)
    diary.let_tokens_expire()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: browser.go(f"{diary.url}/diary"), range(8)))
    assert all("The diary of Ada" in page.html for page in pages)


def test_sign_out_here_is_a_sign_out_there(browser: Browser, diary: Diary) -> None:
    page = browser.sign_in(f"{diary.url}/diary", *ADA)
    left = browser.press(page, "")
    if left.has("logout-confirm"):
        left = browser.press(left, "logout-confirm")
    assert left.url == f"{diary.url}/"
    page = browser.go(f"{diary.url}/diary")
    assert page.has("login-submit"), "the password is asked for again"


def test_sign_out_in_one_browser_window_ends_the_session_of_another_application(issuer: str, diary: Diary) -> None:
    """The provider's session is ended elsewhere: the application learns of it at its next refresh."""
    browser = Browser([issuer, diary.url])
    browser.sign_in(f"{diary.url}/diary", *ADA)
    leaving = browser.go(f"{issuer}/sign-out")
    browser.press(leaving, "logout-confirm")
    diary.let_tokens_expire()
    assert browser.go(f"{diary.url}/diary").has("login-submit")


def test_a_sign_out_elsewhere_is_told_behind_the_scenes(issuer: str, diary: Diary) -> None:
    """Back-channel logout: the session here ends although its access token is still good."""
    browser = Browser([issuer, diary.url])
    browser.sign_in(f"{diary.url}/diary", *ADA)
    session = list(diary.sessions._kept.values())[-1]
    browser.press(browser.go(f"{issuer}/sign-out"), "logout-confirm")
    diary.wait_until_told(session.person["sid"])
    assert session not in diary.sessions._kept.values()
    assert browser.go(f"{diary.url}/diary").has("login-submit")


def test_no_script_reads_the_cookies_and_no_other_site_sends_them(browser: Browser, diary: Diary) -> None:
    browser.sign_in(f"{diary.url}/diary", *ADA)
    cookies = [cookie.lower() for cookie in browser.set_cookies if cookie.startswith(("session=", "sign-in="))]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"session", "sign-in"}
    assert all("httponly" in cookie and "samesite=lax" in cookie for cookie in cookies)


def test_behind_https_the_cookies_are_the_hosts_own() -> None:
    settings = Settings("https://auth.example.com", "diary", "s", "https://diary.example.com", "32 random characters and more")
    app = browser_login_app(settings)
    assert app.state.cookie == "__Host-session"
    sealed = next(layer for layer in app.user_middleware if layer.cls is SessionMiddleware)
    assert sealed.kwargs["session_cookie"] == "__Host-sign-in"
    assert sealed.kwargs["https_only"] is True


def test_the_guide_shows_the_application_as_it_is() -> None:
    example = Path(__file__).resolve().parents[1]
    guide = (example.parents[1] / "docs/guide/browser-login.md").read_text()
    for language, file in [("python", "browser_login/app.py"), ("toml", "realm.toml")]:
        blocks = re.findall(rf"^```{language}\n(.*?)^```", guide, re.M | re.S)
        assert blocks
        assert all(block.strip() in (example / file).read_text() for block in blocks)
