//! Recovery codes, shown this once.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use gatepost_domain::{User, mfa::recovery_code::RecoveryCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::{
    frame::{Frame, View},
    html::{Html, address, moment, say},
    sign_in::login_of,
};
use crate::{browser::Flow, mfa};

#[derive(Template)]
#[template(path = "pages/recovery_codes.html")]
struct CodesPage<'a> {
    v: View,
    account: Html,
    made: String,
    made_at: String,
    codes: Vec<Zeroizing<String>>,
    /// The name of the file they are kept in.
    file: String,
    /// Its content, as an address.
    text: String,
    once: Html,
    flow: Option<&'a str>,
}

/// The page. `flow` is what the sign-in was for in which they were made.
pub(super) fn page(
    frame: Frame,
    user: &User,
    codes: &[RecoveryCode],
    flow: Option<(&Flow, &str)>,
) -> Response {
    let frame = frame.of(flow);
    let w = frame.words();
    let codes = mfa::shown(codes);
    let title = say(w.codes_file).put("realm", frame.realm_name()).plain();
    let mut text = format!("{title}\n{}\n", login_of(user));
    for code in &codes {
        text.push_str(code);
        text.push('\n');
    }
    let page = CodesPage {
        v: frame.view(w.codes_title),
        account: address(login_of(user)),
        made: say(w.codes_made_at).put("time", moment(w, frame.now)).plain(),
        made_at: frame.now.to_string(),
        codes,
        file: format!("{}-recovery-codes.txt", frame.realm.name()),
        text: format!("data:text/plain;charset=utf-8,{}", utf8_percent_encode(&text, NON_ALPHANUMERIC)),
        once: say(w.codes_once).html(),
        flow: flow.map(|(_, sealed)| sealed),
    };
    frame.answer(StatusCode::OK, &page, flow.map(|(flow, _)| flow))
}
