"""Letters to a real mail server."""

import urllib.parse

import pytest
from conftest import SECRET, USER, free_port, mail_server

CREDENTIALS = f"{urllib.parse.quote(USER, safe='')}:{urllib.parse.quote(SECRET, safe='')}"
ADDRESS = "ada@example.com"


def register(server, address: str = ADDRESS) -> None:
    assert server.post("/api/v1/register", email=address, password="the engine weaves algebra", name="Ada Lovelace") == 201


def nothing_leaked(server) -> None:
    """SECURITY.md: no address, link or password in a log, at any level; none in a metric."""
    for text in (server.log.read_text(), server.metrics()):
        for secret in (ADDRESS, "gp_ev_", "gp_pr_", SECRET, urllib.parse.quote(SECRET, safe="")):
            assert secret not in text


@pytest.mark.parametrize(("mode", "url"), [
    ("tls", "smtps://{credentials}@localhost:{port}"),
    ("starttls", "smtp://{credentials}@localhost:{port}?tls=required"),
])
def test_a_letter_arrives_over_tls_whole(authority, gatepost, mode, url) -> None:
    with mail_server(authority, mode) as box:
        url = url.format(credentials=CREDENTIALS, port=box.port)
        with gatepost(url, GATEPOST_MAIL__CA_FILE=str(authority.file)) as server:
            register(server)
            box.wait(lambda: box.letters)
            letter = box.letters[0]
            assert (box.recipients, box.over_tls) == ([ADDRESS], [True])
            assert letter["from"] == "Tideline <no-reply@example.com>"
            assert (letter["to"], letter["subject"]) == (ADDRESS, "Confirm your e-mail for default")
            assert letter["auto-submitted"] == "auto-generated"
            assert letter["message-id"].startswith("<out_") and letter["date"]
            plain, rich = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
            link = next(word for word in plain.split() if word.startswith("http"))
            assert link.startswith(f"{server.url}/verify-email?token=gp_ev_") and f'href="{link}"' in rich
            assert server.post("/api/v1/verify-email", token=link.split("token=")[1]) == 200
            box.wait(lambda: "127.0.0.1" in " ".join(box.greeted_as))
            nothing_leaked(server)
            assert 'gatepost_mail_total{letter="link",result="sent"} 1' in server.metrics()
            found = server.doctor()
            assert found.returncode == 0 and "takes mail from us" in found.stdout, found
            assert SECRET not in found.stdout


def test_a_server_on_this_machine_is_sent_to_in_clear(authority, gatepost) -> None:
    with mail_server(authority, "plain") as box, gatepost(f"smtp://localhost:{box.port}") as server:
        register(server)
        box.wait(lambda: box.letters)
        assert box.over_tls == [False]


def test_what_cannot_be_sent_now_is_sent_later(authority, gatepost) -> None:
    port = free_port()
    with gatepost(f"smtp://localhost:{port}") as server:
        register(server)
        found = server.doctor()
        assert found.returncode == 1 and f"smtp://localhost:{port}" in found.stdout, found
        with mail_server(authority, "plain", port) as box:
            box.refuse = ["451 4.3.0 try again"]
            box.wait(lambda: box.letters, 60)
            assert (box.recipients, box.refuse) == ([ADDRESS], [])
        nothing_leaked(server)
        assert 'gatepost_mail_total{letter="link",result="failed"}' in server.metrics()


def test_what_is_refused_for_good_is_given_up_and_others_go_on(authority, gatepost) -> None:
    with mail_server(authority, "plain") as box, gatepost(f"smtp://localhost:{box.port}") as server:
        # Servers repeat the address: that is not for the log.
        box.refuse = [f"550 5.1.1 <{ADDRESS}>: unknown user"]
        register(server)
        box.wait(lambda: not box.refuse)
        register(server, "grace@example.com")
        box.wait(lambda: box.letters)
        assert box.recipients == ["grace@example.com"]
        nothing_leaked(server)
        assert "the mail server answers 550" in server.log.read_text()
        assert 'gatepost_mail_total{letter="link",result="refused"} 1' in server.metrics()


@pytest.mark.parametrize("url", [
    # A certificate that nobody vouches for, one for another name, a server without TLS, and a wrong password.
    "smtps://{credentials}@localhost:{tls}",
    "smtps://{credentials}@127.0.0.1:{tls}",
    "smtp://{credentials}@localhost:{plain}?tls=required",
    "smtps://{user}:wrong@localhost:{tls}",
])
def test_nothing_is_said_to_a_server_that_is_not_the_right_one(authority, gatepost, url) -> None:
    with mail_server(authority, "tls") as tls, mail_server(authority, "plain") as plain:
        user = urllib.parse.quote(USER, safe="")
        url = url.format(credentials=CREDENTIALS, user=user, tls=tls.port, plain=plain.port)
        trust = {} if url.endswith(f"localhost:{tls.port}") and "wrong" not in url else {"GATEPOST_MAIL__CA_FILE": str(authority.file)}
        with gatepost(url, **trust) as server:
            register(server)
            found = server.doctor()
            assert found.returncode == 1 and "WRONG mail" in found.stdout, found
            assert "wrong@" not in found.stdout and SECRET not in found.stdout
            nothing_leaked(server)
            assert tls.recipients == plain.recipients == []


def test_a_picture_travels_with_the_letter(authority, gatepost, tmp_path) -> None:
    import base64
    png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    (tmp_path / "logo.png").write_bytes(png)
    declared = tmp_path / "realm.toml"
    declared.write_text('[[realm]]\nname = "default"\ndisplay_name = "Tideline Ünïcode"\nlogo = "logo.png"\n')
    with mail_server(authority, "plain") as box:
        settings = {"GATEPOST_MAIL__FROM": "no-reply@example.com"}
        with gatepost(f"smtp://localhost:{box.port}", **settings) as server:
            import subprocess
            from conftest import BIN
            subprocess.run([BIN, "apply", str(declared), "--data-dir", str(server.folder / "data")], check=True, env=server.environment)
            # A server reads a changed realm within a second.
            for attempt in range(50):
                server.post("/api/v1/register", email=f"u{attempt}@example.com", password="the engine weaves algebra")
                box.wait(lambda: len(box.letters) > attempt)
                letter = box.letters[attempt]
                if letter["from"].startswith("Tideline"):
                    break
            assert letter["from"] == "Tideline Ünïcode <no-reply@example.com>"
            pictures = [part for part in letter.walk() if part.get_content_type() == "image/png"]
            assert len(pictures) == 1 and pictures[0]["content-id"] == "<logo>"
            assert 'src="cid:logo"' in letter.get_body(("html",)).get_content()
