"""A browser without a screen, for tests: keeps cookies of several sites, follows redirects, fills in forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

Form = tuple[str, dict[str, str], list[str]]


@dataclass
class Page:
    """Where the browser is. The status is 0 where nobody is visited."""

    url: str
    status: int = 0
    html: str = ""

    def has(self, id: str) -> bool:
        return f'id="{id}"' in self.html


class _Forms(HTMLParser):
    """The forms of a page: action, fields, ids. Of several buttons the one that is pressed sends its value."""

    def __init__(self, pressed: str) -> None:
        super().__init__()
        self.pressed = pressed
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self.found.append((given.get("action") or "", {}, []))
        elif tag in ("input", "button") and self.found:
            _, fields, ids = self.found[-1]
            ids.append(given.get("id") or "")
            kind = given.get("type") or ("submit" if tag == "button" else "text")
            sends = "checked" in given if kind == "checkbox" else kind != "submit" or given.get("id") == self.pressed
            if sends and (name := given.get("name")):
                fields[name] = given.get("value") or ""


@dataclass
class Browser:
    """Visits these origins; any other address is where it stops."""

    origins: list[str]
    set_cookies: list[str] = field(default_factory=list)
    """Every `Set-Cookie` line, as it came."""
    _cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def go(self, url: str, form: dict[str, str] | None = None, origin: str = "") -> Page:
        for _ in range(20):
            parts = urlsplit(url)
            host = f"{parts.scheme}://{parts.netloc}"
            if host not in self.origins:
                return Page(url)
            # By hand, for a cookie jar sends no Secure cookie over http; a browser does on loopback. Ports share cookies.
            jar = self._cookies.setdefault(parts.hostname or "", {})
            headers = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), "sec-fetch-mode": "navigate"}
            if form is not None:
                headers |= {"origin": origin, "sec-fetch-site": "same-origin" if origin == host else "cross-site"}
            method = "GET" if form is None else "POST"
            answer = requests.request(method, url, data=form, headers=headers, allow_redirects=False, timeout=20)
            for line in answer.raw.headers.getlist("set-cookie"):
                self.set_cookies.append(line)
                name, _, rest = line.partition("=")
                if "max-age=0" in rest.lower():
                    jar.pop(name, None)
                else:
                    jar[name] = rest.partition(";")[0]
            if "location" not in answer.headers:
                return Page(url, answer.status_code, answer.text)
            assert form is None or answer.status_code == 303, f"a form was answered {answer.status_code}"
            url, form = urljoin(url, answer.headers["location"]), None
        raise AssertionError(f"redirected without end, at last to {url}")

    def press(self, page: Page, id: str, **values: str) -> Page:
        """Fills in the form that the element stands in, and presses the element."""
        assert page.status == 200, f"{page.url} answered {page.status}:\n{page.html}"
        forms = _Forms(id)
        forms.feed(page.html)
        around = [(action, fields) for action, fields, ids in forms.found if id in ids or (not id and len(forms.found) == 1)]
        assert around, f"no form with #{id} in the page:\n{page.html}"
        action, fields = around[0]
        parts = urlsplit(page.url)
        return self.go(urljoin(page.url, action), {**fields, **values}, f"{parts.scheme}://{parts.netloc}")

    def sign_in(self, url: str, username: str, password: str) -> Page:
        """Goes to the address, signs in where that is asked, and consents where that is asked."""
        page = self.go(url)
        if page.has("login-submit"):
            page = self.press(page, "login-submit", username=username, password=password)
        if page.has("consent-approve"):
            page = self.press(page, "consent-approve")
        return page
