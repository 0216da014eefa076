//! `/invitation`: the link by which somebody is invited into an organization. Whoever opens it signs in first, or makes an account.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{DisplayName, Organization, User, mfa::OrganizationMfa};

use super::{
    Form,
    frame::Frame,
    html::{address, say},
    link::{self, Confirm},
    query,
    sign_in::login_of,
};
use crate::{
    App,
    accounts::Who,
    browser::{BrowserSession, Flow, Target},
    http::{Problem, Where},
    mfa, organizations,
};

fn ask(frame: &Frame, user: &User, organization: &Organization, token: &str, stale: bool) -> Response {
    let w = frame.words();
    let confirm = Confirm {
        heading: say(w.join_title).put("organization", organization.name.as_str()),
        lead: say(w.join_lead).put_html("email", &address(login_of(user))),
        action: "/invitation",
        token,
        button: w.join,
        stale,
    };
    link::confirm(frame, &confirm)
}

/// Why the account cannot use it. Whether the invitation is good at all is not told to whom it is not for.
fn refused(
    app: &App,
    frame: &Frame,
    user: &User,
    token: &str,
    problem: Problem,
) -> Result<Response, Problem> {
    let w = frame.words();
    let title = say(w.invitation_title);
    match problem {
        Problem::InvalidInvitation if user.email.is_some() && !user.email_verified => {
            let what = say(w.invitation_verify).link(frame.path("/account/profile"));
            Ok(frame.message(StatusCode::FORBIDDEN, &title, &what))
        }
        Problem::InvalidInvitation => {
            let flow = Flow::to(Target::Page(format!("/invitation?token={token}")), frame.now);
            let sealed = flow.seal(app, &frame.realm, &frame.browser);
            let other = frame.path(&format!("/sign-in?flow={sealed}&other=1"));
            let what = say(w.invitation_what).put_html("email", &address(login_of(user))).link(other);
            Ok(frame.message(StatusCode::FORBIDDEN, &title, &what))
        }
        Problem::AlreadyMember => {
            let what = say(w.member_already).link(frame.path("/account/profile"));
            Ok(frame.message(StatusCode::CONFLICT, &title, &what))
        }
        other => Err(other),
    }
}

/// What can stand in an address of ours: whatever else somebody wrote behind `token=` is no invitation.
fn token(text: &str) -> &str {
    let fits = text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if fits { text } else { "" }
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let query = query(&uri);
    let token = token(query.get("token").map_or("", String::as_str));
    let user = &signed_in.user;
    match organizations::look_at_invitation(&app, user, token, frame.now).await {
        Ok((_, organization)) => Ok(ask(&frame, user, &organization, token, false)),
        Err(problem) => refused(&app, &frame, user, token, problem),
    }
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (user, token) = (&signed_in.user, token(form.get("token").unwrap_or_default()));
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return match organizations::look_at_invitation(&app, user, token, frame.now).await {
            Ok((_, organization)) => Ok(ask(&frame, user, &organization, token, true)),
            Err(problem) => refused(&app, &frame, user, token, problem),
        };
    }
    let who = Who::themselves(&signed_in.caller(), origin);
    match organizations::accept(&app, &frame.realm, user, token, who, frame.now).await {
        Ok((organization, _)) => {
            let w = frame.words();
            let name: &DisplayName = &organization.name;
            let title = say(w.joined_title).put("organization", name.as_str());
            let lacks =
                organization.mfa() == OrganizationMfa::Required && !mfa::has_factor(&app, user).await?;
            let what = if lacks {
                let security = frame.path("/account/security");
                say(w.joined_second).put("organization", name.as_str()).link(security)
            } else {
                say(w.joined_what).link(frame.path("/account/profile"))
            };
            Ok(frame.message(StatusCode::OK, &title, &what))
        }
        Err(problem) => refused(&app, &frame, user, token, problem),
    }
}
