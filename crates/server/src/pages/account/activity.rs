//! `/account/activity`: what happened to the account.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{audit::Event, mfa::FactorKind};

use super::Frame;
use crate::{
    App,
    accounts::{self, Act, By},
    browser::BrowserSession,
    http::Problem,
    pages::{
        frame::{Person, View},
        html::{Html, moment, say},
        query,
        words::Words,
    },
};

/// How many are shown at once.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "pages/account/activity.html")]
struct ActivityPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    rows: Vec<Row>,
    older: Option<String>,
}

struct Row {
    what: &'static str,
    /// Something that was tried and refused.
    refused: bool,
    /// Who else did it, or what was special about it.
    tag: Option<&'static str>,
    at: String,
    when: String,
    address: Option<String>,
}

/// What happened, in a sentence. `None`: it is not shown.
fn sentence(w: &'static Words, act: &Act) -> Option<&'static str> {
    Some(match act.event {
        Event::UserRegistered | Event::UserCreated => w.act_made,
        Event::UserUpdated => w.act_updated,
        Event::UserDisabled => w.act_disabled,
        Event::UserEnabled => w.act_enabled,
        Event::UserRolesChanged => w.act_roles,
        Event::EmailVerified => w.act_email_confirmed,
        Event::EmailChangeRequested => w.act_email_asked,
        Event::EmailChanged => w.act_email_changed,
        Event::EmailChangeUndone => w.act_email_undone,
        Event::RecoveryRequested => w.act_recovery_asked,
        Event::AccountRecovered => w.act_recovered,
        Event::AccountTakenOver => w.act_taken_over,
        Event::EmailSignInRequested => w.act_mail_asked,
        Event::AccountDeletionRequested => w.act_deletion_asked,
        Event::SignedIn => match (act.method.as_deref(), act.factor.is_some()) {
            (Some("passkey"), _) => w.act_signed_in_passkey,
            (Some("email"), false) => w.act_signed_in_mail,
            (Some("email"), true) => w.act_signed_in_mail_second,
            (Some("provider"), false) => w.act_signed_in_provider,
            (Some("provider"), true) => w.act_signed_in_provider_second,
            (_, false) => w.act_signed_in,
            (_, true) => w.act_signed_in_second,
        },
        Event::SignInRefused => w.act_refused,
        Event::AttemptRefused => w.act_often,
        Event::SignedOut => w.act_signed_out,
        Event::SignedOutEverywhere => w.act_signed_out_everywhere,
        Event::SessionRevoked => w.act_session_ended,
        Event::PasswordChanged => w.act_password,
        Event::PasswordChangeRefused => w.act_password_refused,
        Event::SecondFactorAdded if is_passkey(act) => w.act_passkey_added,
        Event::SecondFactorAdded => w.act_factor_added,
        Event::SecondFactorRemoved if is_passkey(act) => w.act_passkey_removed,
        Event::SecondFactorRemoved | Event::SecondFactorsReset => w.act_factor_removed,
        Event::SecondFactorRefused => w.act_factor_refused,
        Event::ImpersonationBegun => w.act_in_place,
        Event::RecoveryCodeUsed => w.act_code_used,
        Event::RecoveryCodesCreated => w.act_codes_made,
        Event::DeviceTrusted => w.act_trusted,
        Event::TrustedDevicesForgotten => w.act_trust_ended,
        Event::PasskeyCountRefused => w.act_passkey_copied,
        Event::IdentityConnected => w.act_connected,
        Event::IdentityDisconnected => w.act_disconnected,
        Event::RefreshTokenReused | Event::CodeReused => w.act_reused,
        Event::ConsentGiven => w.act_application,
        Event::ConsentWithdrawn => w.act_application_removed,
        Event::DeviceConnected => w.act_device,
        Event::ApiKeyCreated | Event::ApiKeyRotated => w.act_key_made,
        Event::ApiKeyRevoked => w.act_key_revoked,
        _ => return None,
    })
}

fn is_passkey(act: &Act) -> bool {
    act.factor.as_deref() == Some(FactorKind::Passkey.name())
}

fn row(w: &'static Words, act: &Act) -> Option<Row> {
    Some(Row {
        what: sentence(w, act)?,
        refused: act.event.is_refusal(),
        tag: match act.by {
            By::Administrator => Some(w.act_by_administrator),
            By::Application => Some(w.act_by_application),
            By::You | By::Unknown | By::System => act.excused.then_some(w.act_on_trusted),
        },
        at: act.at.to_string(),
        when: moment(w, act.at),
        address: act.address.map(|address| address.to_string()),
    })
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let (w, user) = (frame.words(), &signed_in.user);
    let before = query(&uri).get("before").and_then(|id| id.parse().ok());
    let found = accounts::history(&app, (user.realm, user.id), before, MOST).await?;
    let page = ActivityPage {
        v: frame.view(w.activity),
        tab: "activity",
        person: Person::of(user),
        lead: say(w.activity_lead).put("realm", frame.realm_name()).html(),
        rows: found.acts.iter().filter_map(|act| row(w, act)).collect(),
        older: found.next.map(|oldest| frame.path(&format!("/account/activity?before={oldest}"))),
    };
    Ok(frame.answer(StatusCode::OK, &page, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// Whoever adds an event that people are shown says it in every language.
    #[test]
    fn every_event_of_accounts_has_a_sentence() {
        for event in Event::ALL {
            let act = Act {
                id: gatepost_domain::EventId::MIN,
                at: gatepost_domain::Timestamp::from_unix_seconds(1_800_000_000),
                event: *event,
                by: By::You,
                address: None,
                method: None,
                factor: None,
                excused: false,
            };
            for language in Language::ALL {
                assert_eq!(sentence(language.words(), &act).is_some(), event.is_of_accounts(), "{event}");
            }
        }
    }
}
