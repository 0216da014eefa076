"""What delivers text messages, on loopback, and a realm that has them delivered."""

import contextlib
import http.server
import json
import pathlib
import threading

from provider import serve
from server import ADA, PASSWORD

NUMBER = "+4915112345678"
# Codes are sent to her, and to somebody who has an app, too.
TEXTED = "texted@example.com"
BOTH = "both@example.com"

REALM = """
[[realm]]
name = "default"
display_name = "Tideline"
accent = "#0b5f73"
rate_limits = "off"
sms_url = "{url}"
""" + "".join(f"""
[[realm.user]]
email = "{email}"
name = "{name}"
password = "{PASSWORD}"
email_verified = true
""" for email, name in ((ADA, "Ada Lovelace"), (TEXTED, "Maryam Mirzakhani"), (BOTH, "Emmy Noether")))


class Sender:
    """Keeps what it is sent."""

    def __init__(self, running: contextlib.ExitStack) -> None:
        messages = self.messages = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.callback(server.server_close)
        running.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/sms"

    def code(self) -> str:
        """The newest."""
        return self.messages[-1]["code"]


def world(running: contextlib.ExitStack, folder: pathlib.Path) -> tuple[str, Sender]:
    """Starts both, and returns where the pages are."""
    sender = Sender(running)
    return serve(running, folder, REALM.format(url=sender.url), "--listen", "127.0.0.1:0"), sender


def set_up_number(page, url: str, sender: Sender) -> None:
    """Sets a number up for whoever has just signed in. The page shows the recovery codes then."""
    page.goto(f"{url}/account/security")
    page.click("#sms-begin")
    page.fill("#phone", NUMBER)
    page.click("#sms-send")
    page.fill("#sms_code", sender.code())
    page.click("#sms-submit")
    page.wait_for_selector("#codes")
