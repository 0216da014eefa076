"""An application on `zalt_auth` as people write it. mypy --strict and pyright must find nothing in it; it is not run."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from typing_extensions import assert_type

from gatepost.compat.zalt_auth import (
    AuthResult,
    MFAConfirmed,
    MFARequiredError,
    Registration,
    SMSRisk,
    SMSSent,
    SMSSetup,
    Tenant,
    Tokens,
    User,
    ZaltAPIError,
    ZaltAsyncClient,
    ZaltClient,
)
from gatepost.compat.zalt_auth.integrations.fastapi import (
    ZaltFastAPI,
    get_current_user,
    get_optional_user,
    require_permissions,
)

app = FastAPI()
zalt = ZaltFastAPI(app, realm_id="acme", api_url="https://auth.example.com/r/acme")
other = ZaltFastAPI(FastAPI(), "pk_live_" + "a" * 32, None, "https://auth.example.com", ["/health"], True)
client = ZaltClient(realm_id="acme", base_url="https://auth.example.com/r/acme", timeout=5)
waiting = ZaltAsyncClient("pk_live_" + "a" * 32, base_url="https://auth.example.com", remember=True)

Editor = Annotated[User, Depends(require_permissions("settings:read", ["notes:read", "notes:write"]))]


@app.get("/profile")
async def profile(user: User = Depends(get_current_user)) -> str:
    assert_type(user.id, str)
    assert_type(user.profile.first_name, str | None)
    assert_type(user.tenants, tuple[Tenant, ...])
    return user.email


@app.get("/content")
async def content(editor: Editor, user: User | None = Depends(get_optional_user)) -> str:
    return user.email if user else editor.id


@app.post("/login")
def login(email: str, password: str) -> str:
    try:
        result = client.login(email, password)
    except MFARequiredError as asked:
        assert_type(client.mfa.verify("123456", asked.session_id), AuthResult)
        if "sms" in asked.methods and not asked.sms_sent:
            assert_type(client.sms.send(asked.session_id), SMSSent)
        assert_type(client.sms.verify("123456", asked.session_id), AuthResult)
        return asked.session_id
    except ZaltAPIError as refused:
        raise HTTPException(refused.status_code, refused.message) from None
    assert_type(result, AuthResult)
    assert_type(client.mfa.verify("123456", access_token=result.tokens.access_token), MFAConfirmed)
    return result.tokens.access_token


async def by_oneself() -> None:
    made = await waiting.register("ada@example.com", "the engine weaves algebra", first_name="Ada")
    assert_type(made, Registration)
    assert_type(made.tokens, Tokens | None)
    assert_type(await waiting.refresh_token(), Tokens)
    assert_type(await waiting.fetch_user(), User)
    assert_type(await waiting.mfa.verify("123456"), MFAConfirmed)
    assert_type(await waiting.sms.risk_warning(), SMSRisk)
    assert_type(await waiting.sms.setup("+4930123456"), SMSSetup)
    assert_type(await waiting.sms.send(), SMSSent)
    assert_type(await waiting.sms.verify("123456"), MFAConfirmed)
    assert_type(await waiting.sms.verify("123456", "half"), AuthResult)
    await waiting.sms.disable(password="the engine weaves algebra")
    await waiting.logout()
