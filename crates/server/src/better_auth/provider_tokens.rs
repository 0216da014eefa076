//! What a provider gave with a sign-in, for the application that the person signed in to: its access token, and what the provider says of
//! them. Only where the realm has the provider keep it (`keep_tokens`), and never its refresh token.

use axum::http::StatusCode;
use gatepost_domain::{EmailAddress, Identity, IdentityId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{
    asked::{Answer, Asked},
    caller::Caller,
    fields::Fields,
    refusal::Refusal,
};
use crate::{
    http::Problem,
    social::{self, Given, Held, NoToken, Wants},
};

fn bad(code: &str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

fn missing() -> Refusal {
    bad("ACCOUNT_NOT_FOUND", "No account elsewhere is connected that is so called.")
}

/// Why there is no token, in the codes of one endpoint.
struct Codes {
    out_of_use: &'static str,
    not_kept: &'static str,
    no_refresh_token: &'static str,
    failed: &'static str,
}

const GET: Codes = Codes {
    out_of_use: "PROVIDER_NOT_SUPPORTED",
    not_kept: "FAILED_TO_GET_ACCESS_TOKEN",
    no_refresh_token: "FAILED_TO_GET_ACCESS_TOKEN",
    failed: "FAILED_TO_GET_ACCESS_TOKEN",
};
const REFRESH: Codes = Codes {
    out_of_use: "PROVIDER_NOT_SUPPORTED",
    not_kept: "REFRESH_TOKEN_NOT_FOUND",
    no_refresh_token: "REFRESH_TOKEN_NOT_FOUND",
    failed: "FAILED_TO_REFRESH_ACCESS_TOKEN",
};
const INFO: Codes =
    Codes { out_of_use: "PROVIDER_NOT_CONFIGURED", not_kept: "ACCESS_TOKEN_NOT_FOUND", ..GET };

impl Codes {
    fn out_of_use(&self) -> Refusal {
        bad(self.out_of_use, "The realm has no such provider in use.")
    }

    fn refuse(&self, why: NoToken) -> Refusal {
        match why {
            NoToken::NoIdentity => missing(),
            NoToken::OutOfUse => self.out_of_use(),
            NoToken::NotKept => {
                let message = "Nothing is kept of what the provider gave. Turn its setting keep_tokens on, and sign in by it again.";
                bad(self.not_kept, message)
            }
            NoToken::NoRefreshToken => {
                bad(self.no_refresh_token, "The provider gave no refresh token. Sign in by it again.")
            }
            NoToken::Over => bad(self.failed, "The provider renews it no more. Sign in by it again."),
            NoToken::Failed => bad(self.failed, "The provider could not be asked. Try again later."),
            NoToken::Busy => Problem::ProviderBusy.into(),
            NoToken::Problem(problem) => problem.into(),
        }
    }
}

/// Which account elsewhere is meant.
struct Selection {
    account: Option<String>,
    provider: Option<String>,
    user: Option<String>,
}

impl Selection {
    /// By its id. Before 1.7 applications named the provider, and where there are several accounts there the one.
    fn of(mut fields: Fields) -> Result<Self, Refusal> {
        let provider = fields.optional_text("providerId");
        // There is no cookie that an account could be read from.
        let by_cookie = fields.says("useAccountCookie");
        let account = if provider.is_some() || by_cookie {
            fields.optional_text("accountId")
        } else {
            Some(fields.text("accountId"))
        };
        let user = fields.optional_text("userId");
        fields.done()?;
        Ok(Self { account, provider, user })
    }

    async fn find(self, asked: &Asked, caller: &Caller, codes: &Codes) -> Result<Identity, Refusal> {
        let user = caller.user();
        // Not that of whoever else is named.
        if self.user.is_some_and(|named| named != user.id.to_string()) {
            return Err(missing());
        }
        let is_password = self.provider.as_deref() == Some("credential")
            || self.account.as_ref().is_some_and(|named| *named == user.id.to_string());
        if is_password {
            return Err(codes.out_of_use());
        }
        if self.account.is_none() && self.provider.is_none() {
            return Err(missing());
        }
        let is_meant = |identity: &Identity| {
            let of_provider = self.provider.as_ref().is_none_or(|named| identity.provider.as_str() == named);
            let called = |named: &String| {
                identity.id.to_string() == *named || (self.provider.is_some() && identity.subject == *named)
            };
            of_provider && self.account.as_ref().is_none_or(called)
        };
        let elsewhere = social::list(&asked.app, user.realm, user.id).await?;
        elsewhere.into_iter().find(is_meant).ok_or_else(missing)
    }
}

/// Whoever asks. To nobody the contract says nothing.
async fn signed_in(asked: &mut Asked) -> Result<Caller, Refusal> {
    asked.caller().await?.ok_or_else(|| Refusal::without_body(StatusCode::UNAUTHORIZED))
}

/// For whoever is given the token.
async fn hand_out(
    asked: &Asked,
    caller: &Caller,
    (id, wants): (IdentityId, Wants),
    codes: &Codes,
) -> Result<Held, Refusal> {
    let (app, realm, origin) = (&asked.app, &asked.realm, &asked.origin);
    let held = social::hand_out(app, realm, &caller.known, (id, wants), origin, asked.now).await;
    held.map_err(|why| codes.refuse(why))
}

fn scopes(given: &Given) -> Vec<String> {
    let scope = given.scope().unwrap_or_default();
    // GitHub has commas between them.
    let words = scope.split([' ', ',']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenView<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(flatten)]
    more: More,
}

/// What each of the endpoints says beside.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum More {
    Scopes { scopes: Vec<String> },
    Account { scope: String, provider_id: String, account_id: String },
}

impl<'a> TokenView<'a> {
    fn of(given: &'a Given, more: More) -> Self {
        Self {
            access_token: given.access_token(),
            access_token_expires_at: given.expires_at().map(Timestamp::to_millis),
            id_token: given.id_token(),
            more,
        }
    }
}

/// A token that is good.
pub(super) async fn get(mut asked: Asked) -> Answer {
    let selection = Selection::of(asked.body())?;
    let (caller, codes) = (signed_in(&mut asked).await?, GET);
    let identity = selection.find(&asked, &caller, &codes).await?;
    let Held { given, .. } = hand_out(&asked, &caller, (identity.id, Wants::Good), &codes).await?;
    let more = More::Scopes { scopes: scopes(&given) };
    Ok(asked.json(&TokenView::of(&given, more)))
}

/// Another token than there is.
pub(super) async fn refresh(mut asked: Asked) -> Answer {
    let selection = Selection::of(asked.body())?;
    let (caller, codes) = (signed_in(&mut asked).await?, REFRESH);
    let identity = selection.find(&asked, &caller, &codes).await?;
    let Held { given, identity } = hand_out(&asked, &caller, (identity.id, Wants::Another), &codes).await?;
    let more = More::Account {
        scope: scopes(&given).join(","),
        provider_id: identity.provider.to_string(),
        account_id: identity.id.to_string(),
    };
    Ok(asked.json(&TokenView::of(&given, more)))
}

#[derive(Serialize)]
struct InfoView {
    user: InfoOfUser,
    data: Value,
    account: InfoOfAccount,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoOfUser {
    id: String,
    name: String,
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    email_verified: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoOfAccount {
    id: String,
    provider_id: String,
    account_id: String,
}

/// What the provider says of the person now.
pub(super) async fn info(mut asked: Asked) -> Answer {
    let selection = Selection::of(asked.query())?;
    let (caller, codes) = (signed_in(&mut asked).await?, INFO);
    let identity = selection.find(&asked, &caller, &codes).await?;
    let (app, realm, origin, now) = (&asked.app, &asked.realm, &asked.origin, asked.now);
    let held = social::hold(app, realm, &caller.known, (identity.id, Wants::Good), origin, now).await;
    let held = held.map_err(|why| codes.refuse(why))?;
    let told = social::user_info(app, realm, &held, origin, now).await;
    let told = told.map_err(|why| match why {
        NoToken::Failed | NoToken::Over => {
            let message = "The provider did not say who the person is.";
            Refusal::new(StatusCode::UNAUTHORIZED, "FAILED_TO_GET_USER_INFO", message)
        }
        other => codes.refuse(other),
    })?;
    let asserted = told.asserted;
    let view = InfoView {
        user: InfoOfUser {
            id: identity.subject.clone(),
            name: asserted.name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
            email: asserted.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            image: told.picture,
            email_verified: asserted.email_verified,
        },
        data: told.data,
        account: InfoOfAccount {
            id: identity.id.to_string(),
            provider_id: identity.provider.to_string(),
            account_id: identity.subject,
        },
    };
    Ok(asked.json(&view))
}
