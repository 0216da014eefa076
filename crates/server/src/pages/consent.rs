//! What an application would like to do, in words; and the question whether it may.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use gatepost_domain::{Scope, User};

use super::{
    frame::{Frame, Person, View},
    html::{Html, initials, say},
};
use crate::browser::Flow;

/// What is asked.
pub struct Consent<'a> {
    /// What the application calls itself.
    pub client: &'a str,
    /// Where it will be answered: the host of its redirect URI, if it has one.
    pub host: Option<&'a str>,
    /// Where it is described, or that it registered itself: what nobody of the realm has checked is said.
    pub unchecked: Option<Unchecked<'a>>,
    /// Whose account it is about.
    pub user: &'a User,
    /// What it asks for, and whether that is asked for the first time while other things were allowed before.
    pub scopes: &'a [(Scope, bool)],
    /// What the sign-in is for, and as it stands in addresses.
    pub flow: (&'a Flow, &'a str),
    /// The form was of a page that was open for too long: say so.
    pub stale: bool,
}

/// Why nobody of the realm knows who an application is.
#[derive(Clone, Copy)]
pub enum Unchecked<'a> {
    /// It registered itself.
    Registered,
    /// A document at this host describes it.
    Described(&'a str),
}

/// One line of what an application may do.
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) what: Html,
    pub(super) more: &'static str,
    pub(super) new: bool,
}

pub(super) enum Kind {
    Person,
    Mail,
    Away,
    Account,
    Other,
}

#[derive(Template)]
#[template(path = "pages/consent.html")]
struct ConsentPage<'a> {
    v: View,
    client_initial: String,
    heading: Html,
    returns: Option<Html>,
    warning: Option<Html>,
    problem: Option<&'static str>,
    person: Person,
    switch: String,
    scopes: Vec<Asked>,
    flow: &'a str,
    note: Html,
}

/// The page. Its form goes to `/consent` with `csrf`, `flow` and `decision`, which is `approve` or `deny`.
pub fn consent(frame: Frame, consent: &Consent<'_>) -> Response {
    let (flow, sealed) = consent.flow;
    let frame = frame.of(Some((flow, sealed)));
    let words = frame.words();
    let heading = say(words.consent_title).put("client", consent.client).put("realm", frame.realm_name());
    let mut view = frame.view(heading.plain());
    view.wrong = consent.stale;
    let page = ConsentPage {
        client_initial: initials(consent.client).chars().take(1).collect(),
        heading: heading.html(),
        returns: consent.host.map(|host| say(words.consent_return).put("host", host).html()),
        warning: consent.unchecked.map(|unchecked| {
            let sentence = match unchecked {
                Unchecked::Registered => say(words.consent_open),
                Unchecked::Described(host) => say(words.consent_document).put("host", host),
            };
            sentence.put("client", consent.client).put("realm", frame.realm_name()).html()
        }),
        problem: consent.stale.then_some(words.stale),
        person: Person::of(consent.user),
        switch: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
        scopes: in_words(&frame, consent.scopes),
        flow: sealed,
        note: say(words.consent_note)
            .put("client", consent.client)
            .link(frame.path("/account/applications"))
            .html(),
        v: view,
    };
    frame.answer(if consent.stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, Some(flow))
}

/// Scopes as people understand them. That one is known at all is worth a line only where nothing else says so.
pub(super) fn in_words(frame: &Frame, scopes: &[(Scope, bool)]) -> Vec<Asked> {
    let w = frame.words();
    let lone =
        !scopes.iter().any(|(scope, _)| scope.as_str() != "openid" && scope.as_str() != "offline_access");
    let mut lines: Vec<Asked> = Vec::new();
    for (scope, new) in scopes {
        let known = |kind, what: &'static str, more| (kind, say(what).html(), more);
        let (kind, what, more) = match scope.as_str() {
            "openid" if !lone => continue,
            "openid" => known(Kind::Person, w.scope_openid, w.scope_openid_more),
            "profile" => known(Kind::Person, w.scope_profile, w.scope_profile_more),
            "email" => known(Kind::Mail, w.scope_email, w.scope_email_more),
            "phone" => known(Kind::Person, w.scope_phone, ""),
            "address" => known(Kind::Person, w.scope_address, ""),
            "offline_access" => known(Kind::Away, w.scope_offline, w.scope_offline_more),
            "account" => known(Kind::Account, w.scope_account, w.scope_account_more),
            "roles" => known(Kind::Account, w.scope_roles, w.scope_roles_more),
            other => (Kind::Other, say(w.scope_other).put("scope", other).html(), w.scope_other_more),
        };
        lines.push(Asked { kind, what, more, new: *new });
    }
    lines
}

/// The names of what an application may do, for a list that is short.
pub(super) fn briefly<'s>(frame: &Frame, scopes: impl Iterator<Item = &'s Scope>) -> Vec<Html> {
    let scopes: Vec<_> = scopes.map(|scope| (scope.clone(), false)).collect();
    in_words(frame, &scopes).into_iter().map(|line| line.what).collect()
}
