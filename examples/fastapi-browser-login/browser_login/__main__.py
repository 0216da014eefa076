"""`python -m browser_login`: serves on the port of LOGIN_PUBLIC_URL."""

from urllib.parse import urlsplit

import uvicorn

from browser_login.app import browser_login_app
from browser_login.settings import Settings

if __name__ == "__main__":
    settings = Settings.from_environment()
    uvicorn.run(browser_login_app(settings), host="127.0.0.1", port=urlsplit(settings.public_url).port or 8000)
