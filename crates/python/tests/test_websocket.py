"""WebSockets: the same guards, refused before the connection is made."""

from typing import Annotated, Any

import pytest
from conftest import Issuer, key
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gatepost.fastapi import CurrentUser, OptionalUser, require, resource


class Room:
    owner_id = "usr_ada"


async def load_room(room: int) -> Room | None:
    return Room() if room == 1 else None


def add_sockets(app: FastAPI) -> FastAPI:
    @app.websocket("/ws")
    async def ws(socket: WebSocket, user: CurrentUser) -> None:
        await socket.accept()
        await socket.send_text(user.id)
        await socket.close()

    @app.websocket("/maybe")
    async def maybe(socket: WebSocket, user: OptionalUser) -> None:
        await socket.accept()
        await socket.send_text(user.id if user else "-")
        await socket.close()

    @app.websocket("/admin", dependencies=[require(role="admin")])
    async def admin(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    @app.websocket("/rooms/{room}")
    async def room(socket: WebSocket, room: Annotated[Room, resource(load_room, owner="owner_id")]) -> None:
        await socket.accept()
        await socket.close()

    @app.websocket("/open")
    async def open_socket(socket: WebSocket) -> None:
        await socket.accept(subprotocol="chat")
        await socket.close()

    return app


@pytest.fixture
def sockets(app: FastAPI) -> TestClient:
    return TestClient(add_sockets(app))


def refused(client: TestClient, path: str, **options: Any) -> Any:
    """How the client learns that it is refused: an HTTP answer, or a close code."""
    with pytest.raises(WebSocketDisconnect) as caught:
        with client.websocket_connect(path, **options):
            raise AssertionError("it was accepted")
    return caught.value


def test_the_header_names_the_caller(sockets: TestClient, issuer: Issuer) -> None:
    for path in ["/ws", "/maybe"]:
        with sockets.websocket_connect(path, headers=issuer.bearer()) as socket:
            assert socket.receive_text() == "usr_ada"
    with sockets.websocket_connect("/maybe") as socket:
        assert socket.receive_text() == "-"


def test_a_browser_may_send_the_token_among_the_subprotocols(sockets: TestClient, issuer: Issuer) -> None:
    with sockets.websocket_connect("/ws", subprotocols=["bearer", issuer.token()]) as socket:
        assert socket.accepted_subprotocol == "bearer"
        assert socket.receive_text() == "usr_ada"


def test_a_subprotocol_that_the_app_chose_stays(sockets: TestClient) -> None:
    with sockets.websocket_connect("/open", subprotocols=["chat", "other"]) as socket:
        assert socket.accepted_subprotocol == "chat"


class Refused:
    """What a server that can, or cannot, answer a WebSocket with HTTP saw of the app."""

    def __init__(self, sent: list[Any]) -> None:
        self.sent = sent

    @property
    def status(self) -> int:
        assert [message["type"] for message in self.sent] == ["websocket.http.response.start", "websocket.http.response.body"]
        return int(self.sent[0]["status"])

    @property
    def closed(self) -> tuple[int, str]:
        assert [message["type"] for message in self.sent] == ["websocket.close"]
        return self.sent[0]["code"], self.sent[0]["reason"]


async def connect(app: FastAPI, path: str, headers: dict[str, str], subprotocols: list[str], http: bool) -> Refused:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": subprotocols,
        "extensions": {"websocket.http.response": {}} if http else {},
    }
    await app(scope, receive, send)
    return Refused(sent)


def run(app: FastAPI, path: str, *, headers: Any = None, subprotocols: Any = (), http: bool = True) -> Refused:
    import asyncio

    return asyncio.run(connect(app, path, headers or {}, list(subprotocols), http))


@pytest.mark.parametrize("mounted", [False, True])
def test_a_refusal_is_an_http_answer_where_the_server_can_and_else_close_1008(
    make_auth: Any, issuer: Issuer, mounted: bool
) -> None:
    app = FastAPI()
    make_auth().install(app)
    if mounted:
        app.mount("/v2", add_sockets(FastAPI()))
    else:
        add_sockets(app)
    prefix = "/v2" if mounted else ""
    expired = issuer.bearer(exp=1)
    for path, headers, status, code in [
        ("/ws", {}, 401, "unauthenticated"),
        ("/ws", expired, 401, "invalid_token"),
        ("/maybe", expired, 401, "invalid_token"),
        ("/admin", {}, 401, "unauthenticated"),
        ("/admin", issuer.bearer(), 403, "missing_role"),
        ("/rooms/1", {}, 401, "unauthenticated"),
        ("/rooms/1", issuer.bearer(sub="usr_bob"), 403, "not_yours"),
        ("/rooms/2", issuer.bearer(), 404, "not_found"),
    ]:
        assert run(app, prefix + path, headers=headers).status == status
        assert run(app, prefix + path, headers=headers, http=False).closed[0] == 1008
        if not mounted:
            assert run(app, prefix + path, headers=headers, http=False).closed == (1008, code)


def test_a_refusal_carries_the_challenge_and_the_code(app: FastAPI, issuer: Issuer) -> None:
    add_sockets(app)
    start, body = run(app, "/ws").sent
    assert (b"www-authenticate", b"Bearer") in start["headers"]
    assert b'"code":"unauthenticated"' in body["body"]


def test_tokens_among_the_subprotocols_are_judged_like_any_other(app: FastAPI, issuer: Issuer) -> None:
    add_sockets(app)
    good = issuer.token()
    for subprotocols, headers in [
        (["bearer", "x"], {}),
        (["bearer", issuer.token(by=key("evil"))], {}),
        (["bearer"], {}),
        (["bearer", good, "chat"], {}),
        (["chat", "bearer"], {}),
        ([good, "bearer"], {}),
        (["bearer", good], issuer.bearer()),
        (["bearer", good], {"Authorization": "Bearer x"}),
    ]:
        for path in ["/ws", "/maybe"]:
            refusal = run(app, path, headers=headers, subprotocols=subprotocols, http=False)
            assert refusal.closed == (1008, "invalid_token"), subprotocols[0]


def test_a_token_in_the_query_of_a_websocket_is_not_looked_at(sockets: TestClient, issuer: Issuer) -> None:
    assert refused(sockets, f"/ws?access_token={issuer.token()}") is not None


def test_a_closed_prefix_closes_websockets_too(make_auth: Any, issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app, protect=["/api"])

    @app.websocket("/api/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.user.id)
        await socket.close()

    assert run(app, "/api/ws").status == 401
    assert run(app, "/api/none").status == 401
    assert run(app, "/api/ws", http=False).closed == (1008, "unauthenticated")
    with TestClient(app).websocket_connect("/api/ws", headers=issuer.bearer()) as socket:
        assert socket.receive_text() == "usr_ada"
    with TestClient(app).websocket_connect("/api/ws", subprotocols=["bearer", issuer.token()]) as socket:
        assert (socket.accepted_subprotocol, socket.receive_text()) == ("bearer", "usr_ada")


def test_a_defect_of_the_app_is_not_taken_for_a_refusal(app: FastAPI, issuer: Issuer) -> None:
    @app.websocket("/broken")
    async def broken(socket: WebSocket, user: CurrentUser) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(app, "/broken", headers=issuer.bearer())
