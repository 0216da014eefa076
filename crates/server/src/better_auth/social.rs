//! Signing in by a provider of the realm's, and accounts there that are connected.
//!
//! The provider sends people back to `/api/auth/callback/{provider}`, which is to be registered there. State, nonce and PKCE are ours, and
//! the browser is known by a cookie of ours in between: what somebody else began signs nobody in (SO-03).

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use gatepost_domain::{IdentityId, Provider, ProviderId, provider::NoAccount};
use serde_json::json;
use url::Url;

use super::{
    BASE,
    asked::{Answer, Asked},
    refusal::Refusal,
    targets::Targets,
};
use crate::{
    accounts,
    browser::Browser,
    http::{PathId, Problem},
    limits::{self, Rule},
    mfa,
    pages::{self, Form, Frame},
    realm::InRealm,
    social::{self, Entered, Failed, Finished, Going, Intent, NotFinished},
};

/// The path that a provider sends people back to.
fn path_back(provider: &ProviderId) -> String {
    format!("{BASE}/callback/{provider}")
}

fn bad(code: &str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

/// What both ways to a provider ask.
struct Wanted {
    provider: String,
    targets: Targets,
    hint: Option<String>,
    redirects: bool,
}

impl Wanted {
    fn of(asked: &mut Asked) -> Result<Self, Refusal> {
        let mut fields = asked.body();
        let provider = fields.text("provider");
        let targets = Targets::of_body(&mut fields);
        let (hint, stays) = (fields.optional_text("loginHint"), fields.flag("disableRedirect"));
        let by_token = fields.says("idToken");
        fields.done()?;
        if by_token {
            // Whom it was made for, and that it was made just now, only whoever asked the provider for it can know.
            let message =
                "An ID token that an application got elsewhere signs nobody in. Go by the provider's page.";
            return Err(Refusal::new(StatusCode::NOT_FOUND, "ID_TOKEN_NOT_SUPPORTED", message));
        }
        Ok(Self { provider, targets, hint, redirects: stays != Some(true) })
    }

    fn provider(&self, realm: &InRealm) -> Result<Provider, Refusal> {
        let id = self.provider.parse::<ProviderId>().ok();
        let found = id.and_then(|id| realm.provider(&id).cloned());
        let message = "The realm has no such provider in use.";
        found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "PROVIDER_NOT_FOUND", message))
    }
}

/// On to a provider, to sign in.
pub(super) async fn sign_in(browser: Browser, mut asked: Asked) -> Answer {
    let wanted = Wanted::of(&mut asked)?;
    asked.check_first()?;
    go(asked, &browser, wanted, Intent::SignIn).await
}

/// On to a provider, to connect an account there with the one that is signed in. It takes a sign-in of a moment ago, with every factor.
pub(super) async fn link(browser: Browser, mut asked: Asked) -> Answer {
    let wanted = Wanted::of(&mut asked)?;
    let caller = asked.signed_in().await?;
    wanted.provider(&asked.realm)?;
    mfa::check_may_change(&asked.app, &caller.known, asked.now).await?;
    let session = caller.session().id;
    go(asked, &browser, wanted, Intent::Connect(session)).await
}

async fn go(asked: Asked, browser: &Browser, wanted: Wanted, intent: Intent) -> Answer {
    let provider = wanted.provider(&asked.realm)?;
    let (flow, back) = (wanted.targets.query(), path_back(&provider.id));
    let going = Going {
        intent,
        flow: Some(&flow),
        hint: wanted.hint.as_deref(),
        anew: false,
        back: Some(&back),
        more: &[],
    };
    let (app, realm, origin, now) = (&asked.app, &asked.realm, &asked.origin, asked.now);
    let url = match social::begin(app, realm, browser, &provider, going, now).await {
        Ok(url) => url,
        Err(failed) => {
            social::refused(app, realm, &provider, (failed.code(), Some(&failed)), origin, now).await?;
            let message = "The provider could not be reached. Try again, or sign in another way.";
            return Err(Refusal::new(StatusCode::BAD_GATEWAY, "PROVIDER_UNREACHABLE", message));
        }
    };
    let mut response = asked.json(&json!({"url": url, "redirect": wanted.redirects}));
    if let Some(target) = HeaderValue::try_from(&url).ok().filter(|_| wanted.redirects) {
        response.headers_mut().insert(LOCATION, target);
    }
    Ok(response)
}

/// Back by a form, which is how Apple sends people: another site's form brings no cookies, so the browser comes once more, by itself.
pub(super) async fn come_back_by_form(
    path: Result<PathId<ProviderId>, Problem>,
    form: Result<Form, Problem>,
) -> Answer {
    Ok(pages::come_back_by_form(path?, form?).await)
}

/// Back from a provider.
pub(super) async fn come_back(browser: Browser, PathId(id): PathId<ProviderId>, mut asked: Asked) -> Answer {
    let (app, realm, origin, now) = (asked.app.clone(), asked.realm.clone(), asked.origin.clone(), asked.now);
    let counted = limits::attempt(&app, &realm, (Rule::Provider, origin.neighbourhood()), &origin, now)?;
    let nowhere = Targets::default();
    // One that is out of use signs nobody in who was on the way (SO-07).
    let Some(provider) = realm.provider(&id) else { return no(asked, &nowhere, "oauth_provider_not_found") };
    let Some(answer) = pages::provider_answer(asked.uri()) else {
        return no(asked, &nowhere, "state_mismatch");
    };
    if answer.state.is_empty() {
        return no(asked, &nowhere, "state_not_found");
    }
    let answer = social::Answer { back: Some(path_back(&id)), ..answer };
    let Finished { state, named } =
        match social::finish(&app, &realm, &browser, provider, answer, now).await? {
            Ok(finished) => finished,
            Err(NotFinished::Lost(why)) => {
                tracing::info!(
                    realm.name = realm.name(), provider.id = %id, reason = why.code(), cause = why.cause(),
                    "a sign-in by a provider was lost"
                );
                return no(asked, &nowhere, "state_mismatch");
            }
            Err(NotFinished::Failed(state, failed)) => {
                social::refused(&app, &realm, provider, (failed.code(), Some(&failed)), &origin, now).await?;
                let targets = Targets::of_query(state.flow.as_deref().unwrap_or_default());
                return match failed {
                    Failed::Denied(error) => no(asked, &targets, &error),
                    _ => no(asked, &targets, "invalid_code"),
                };
            }
        };
    counted.give_back();
    let targets = Targets::of_query(state.flow.as_deref().unwrap_or_default());
    if let Intent::Connect(session) = state.intent {
        // Whoever is signed in now, and not whoever was (SO-06).
        let caller = asked.caller().await?.filter(|caller| caller.session().id == session);
        let Some(caller) = caller else { return no(asked, &targets, "unable_to_link_account") };
        let connected = social::connect(&app, provider, &caller.known, named, origin.clone(), now).await;
        let (reason, told) = match connected {
            Ok(()) => return yes(asked, &targets, false),
            Err(Problem::IdentityTaken) => {
                ("connected_elsewhere", "account_already_linked_to_different_user")
            }
            Err(Problem::IdentityRefused) => ("not_admitted", "unable_to_link_account"),
            Err(Problem::ReauthenticationRequired) => return no(asked, &targets, "session_not_fresh"),
            Err(other) => return Err(other.into()),
        };
        social::refused(&app, &realm, provider, (reason, None), &origin, now).await?;
        return no(asked, &targets, told);
    }
    let entered = match social::enter(&app, &realm, provider, named, &origin, now).await {
        Err(Problem::InterceptorDenied { .. }) => return no(asked, &targets, "access_denied"),
        other => other?,
    };
    let (reason, told) = match entered {
        Entered::Proven(proven, is_new) => {
            return match asked.begin(*proven, true, true).await {
                Ok(Some(_)) => yes(asked, &targets, is_new),
                // What the application asks for then is at /two-factor/…, by the cookie that is set.
                Ok(None) => no(asked, &targets, "TWO_FACTOR_REQUIRED"),
                Err(Problem::MfaSetUpRequired) => no(asked, &targets, "TWO_FACTOR_SETUP_REQUIRED"),
                // Disabled, or disconnected, in the same moment. It was written down, as is what an interceptor says.
                Err(Problem::InvalidCredentials | Problem::InterceptorDenied { .. }) => {
                    no(asked, &targets, "access_denied")
                }
                Err(other) => Err(other.into()),
            };
        }
        Entered::Unverified(_) => ("email_unverified", "email_not_verified"),
        Entered::Disabled => ("disabled", "access_denied"),
        Entered::NotAdmitted => ("not_admitted", "access_denied"),
        Entered::No(why @ NoAccount::NoAddress) => (why.code(), "email_not_found"),
        Entered::No(why @ NoAccount::Taken) => (why.code(), "account_not_linked"),
        Entered::No(why @ NoAccount::Closed) => (why.code(), "signup_disabled"),
    };
    social::refused(&app, &realm, provider, (reason, None), &origin, now).await?;
    no(asked, &targets, told)
}

/// Where somebody goes who is signed in, or has connected an account.
fn yes(asked: Asked, targets: &Targets, is_new: bool) -> Answer {
    let target = targets.good(&asked.realm, is_new)?;
    Ok(asked.redirect(target.as_str()))
}

/// Where somebody goes who is not, with why: to the application, or, where it named no page for it, to a page of ours.
fn no(asked: Asked, targets: &Targets, why: &str) -> Answer {
    let target: Url = if targets.is_empty() {
        let mut page = asked.realm.url(&format!("{BASE}/error")).parse().map_err(Problem::internal)?;
        Targets::mark(&mut page, why);
        page
    } else {
        targets.bad(&asked.realm, why)?
    };
    Ok(asked.redirect(target.as_str()))
}

/// A page that says what went wrong where the application has none: with the code, if it could be one of the contract's.
pub(super) async fn error(frame: Frame, asked: Asked) -> Answer {
    let mut query = asked.query();
    let code = query.optional_text("error").unwrap_or_default();
    query.done()?;
    let is_code = !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let code = if is_code { code.as_str() } else { "error" };
    let frame = frame.seen_at(&format!("{BASE}/error?error={code}"));
    Ok(asked.page(pages::error(&frame, StatusCode::BAD_REQUEST, code, "")))
}

/// Disconnects an account elsewhere. The last way in stays, and so does a password: it is not removed here.
pub(super) async fn unlink(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let named = fields.text("accountId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let (realm, user) = (caller.user().realm, caller.user().id);
    let last = || bad("FAILED_TO_UNLINK_LAST_ACCOUNT", "This is the last way in to the account.");
    let elsewhere = social::list(&asked.app, realm, user).await?.len();
    let password = accounts::has_password(&asked.app, realm, user).await?;
    if elsewhere + usize::from(password) < 2 {
        return Err(last());
    }
    let missing = || bad("ACCOUNT_NOT_FOUND", "No account elsewhere is connected under this id.");
    let id: IdentityId = named.parse().map_err(|_| missing())?;
    let origin = asked.origin.clone();
    match social::disconnect(&asked.app, &asked.realm, &caller.known, id, origin, asked.now).await {
        Ok(()) => Ok(asked.json(&json!({"status": true}))),
        Err(Problem::NotFound) => Err(missing()),
        Err(Problem::LastWayIn) => Err(last()),
        Err(other) => Err(other.into()),
    }
}
