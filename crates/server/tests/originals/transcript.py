"""Runs a script of requests against an application that was put together from a document, and prints what it answered.

    python transcript.py runbook|module04 SEEDS < steps.json > answers.json
    python transcript.py runbook|module04 SEEDS decode < tokens.json > claims.json

With `decode`, tokens are read by the `decode_token` of the document, with the secret that is given with them. Otherwise each step is a request, or something that is done to the data in between. Placeholders in braces stand for what an earlier answer
had.
"""

import json
import os
import re
import sys
import tempfile
import uuid
import warnings
from pathlib import Path

import assemble

warnings.filterwarnings("ignore")


class Runbook:
    def __init__(self, main):
        import database
        import models

        self.session, self.models = database.SessionLocal, models
        self.key = "the key of the service"

    def change(self, username, **columns):
        session = self.session()
        user = session.query(self.models.User).filter_by(username=username).one()
        for name, value in columns.items():
            setattr(user, name, value)
        session.commit()

    def promote(self, who):
        self.change(who, role=self.models.Role.ADMIN)

    def disable(self, who):
        self.change(who, is_active=False)


class Module04:
    def __init__(self, main):
        self.main = main
        session = main.SessionLocal()
        permissions = {name: main.Permission(name=name) for name in ("posts:read", "posts:write", "users:read")}
        editor = main.Role(name="editor", permissions=[permissions["posts:read"], permissions["posts:write"]])
        admin = main.Role(name="admin", permissions=list(permissions.values()))
        hashed = main.hash_password("the engine weaves algebra")
        ada = main.User(email="ada@example.com", name="Ada", hashed_password=hashed, roles=[editor])
        root = main.User(email="root@example.com", name="Root", hashed_password=hashed, roles=[admin])
        session.add_all([ada, root])
        session.commit()
        self.key, digest = main.generate_api_key()
        key = main.ApiKey(name="ci", hashed_key=digest, user_id=ada.id, scopes="posts:read")
        session.add(key)
        session.commit()
        self.key_id, self.ada_id = str(key.id), str(ada.id)

    def disable(self, who):
        session = self.main.SessionLocal()
        user = session.query(self.main.User).filter_by(email=who).one()
        user.is_active = False
        session.commit()


def decoded(profile, given):
    """What an application with this secret reads of each token."""
    if profile == "runbook":
        os.environ["JWT_SECRET_KEY"] = given["secret"]
        import auth

        return [auth.decode_token(token) for token in given["tokens"]]
    import main

    main.SECRET_KEY = given["secret"]
    return [main.decode_token(token).model_dump(mode="json") for token in given["tokens"]]


def main() -> None:
    profile, seeds = sys.argv[1], Path(sys.argv[2])
    folder = Path(tempfile.mkdtemp())
    {"runbook": assemble.runbook, "module04": assemble.module04}[profile](seeds, folder)
    sys.path.insert(0, str(folder))
    if sys.argv[3:] == ["decode"]:
        json.dump(decoded(profile, json.load(sys.stdin)), sys.stdout)
        return
    import main as application
    from fastapi.testclient import TestClient

    data = {"runbook": Runbook, "module04": Module04}[profile](application)
    known = {name: value for name, value in vars(data).items() if isinstance(value, str)}
    known["nobody"] = str(uuid.UUID(int=1))
    client = TestClient(
        application.app, base_url="https://auth.example.com", raise_server_exceptions=False, follow_redirects=False
    )
    answers = []
    for step in json.load(sys.stdin):
        if "do" in step:
            if step["do"] != "wait":
                getattr(data, step["do"])(step["who"])
            continue
        fill = lambda text: re.sub(r"\{(\w+)\}", lambda name: known[name[1]], text)
        headers = {name: fill(value) for name, value in step.get("headers", {}).items()}
        body = {}
        if "form" in step:
            body["data"] = step["form"]
        elif "raw" in step:
            body["content"] = step["raw"]
        client.cookies.clear()
        answer = client.request(step["method"], fill(step["path"]), headers=headers, **body)
        try:
            shown = answer.json() if answer.content else None
        except ValueError:
            shown = answer.text
        for name, member in step.get("save", {}).items():
            known[name] = shown[member]
        named = ("content-type", "www-authenticate", "allow", "set-cookie")
        told = {name: answer.headers[name] for name in named if name in answer.headers}
        answers.append({"status": answer.status_code, "headers": told, "body": shown})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except assemble.Absent as absent:
        sys.exit(f"absent: {absent}")
