//! Where people are sent in the end: what an application says of it, kept as a query while they are elsewhere.

use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Url, form_urlencoded};

use super::{
    CALLBACK,
    fields::Fields,
    origins::{may_be_sent_to, whole},
    refusal::Refusal,
};
use crate::realm::Snapshot;

/// Where it is told what went wrong.
const ERROR: &str = "errorCallbackURL";
/// Where whoever is new goes.
const NEW_USER: &str = "newUserCallbackURL";

/// The members that say where somebody goes, as they were given. Whether they are trusted is asked of every request that has them, and
/// again when they are followed.
#[derive(Default)]
pub(super) struct Targets(Vec<(&'static str, String)>);

impl Targets {
    pub(super) fn of_body(fields: &mut Fields) -> Self {
        let given = [CALLBACK, ERROR, NEW_USER].map(|name| (name, fields.optional_text(name)));
        let given = given.into_iter().filter_map(|(name, target)| Some((name, target?)));
        Self(given.filter(|(_, target)| !target.is_empty()).collect())
    }

    /// As they were kept.
    pub(super) fn of_query(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let known = pairs.filter_map(|(name, target)| {
            let name = [CALLBACK, ERROR, NEW_USER].into_iter().find(|known| *known == name)?;
            Some((name, target.into_owned()))
        });
        Self(known.filter(|(_, target)| !target.is_empty()).collect())
    }

    /// To be kept.
    pub(super) fn query(&self) -> String {
        let pair = |(name, target): &(&str, String)| {
            format!("{name}={}", utf8_percent_encode(target, NON_ALPHANUMERIC))
        };
        self.0.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    /// The same, where the contract has a link lead to the root unless told otherwise.
    pub(super) fn or_root(mut self) -> Self {
        if self.get(CALLBACK).is_none() {
            self.0.insert(0, (CALLBACK, "/".to_owned()));
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it was said where somebody goes on.
    pub(super) fn leads_on(&self) -> bool {
        self.get(CALLBACK).is_some()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, target)| target.as_str())
    }

    /// Where somebody goes for whom it went well.
    pub(super) fn good(&self, realm: &Snapshot, is_new: bool) -> Result<Url, Refusal> {
        let new = self.get(NEW_USER).filter(|_| is_new);
        at(realm, new.or_else(|| self.get(CALLBACK)))
    }

    /// Where they go for whom it did not, with why.
    pub(super) fn bad(&self, realm: &Snapshot, why: &str) -> Result<Url, Refusal> {
        let mut target = at(realm, self.get(ERROR).or_else(|| self.get(CALLBACK)))?;
        Self::mark(&mut target, why);
        Ok(target)
    }

    /// Says in an address what went wrong.
    pub(super) fn mark(target: &mut Url, why: &str) {
        let kept: Vec<_> = target.query_pairs().into_owned().filter(|(name, _)| name != "error").collect();
        target.query_pairs_mut().clear().extend_pairs(kept).append_pair("error", why);
    }
}

fn at(realm: &Snapshot, target: Option<&str>) -> Result<Url, Refusal> {
    let target = target.unwrap_or("/");
    let trusted = Some(target).filter(|target| may_be_sent_to(realm, target));
    trusted.and_then(|target| whole(realm, target)).ok_or_else(|| {
        let message = "callbackURL is of an origin that the realm does not name (allowed_origins).";
        Refusal::new(StatusCode::FORBIDDEN, "INVALID_CALLBACK_URL", message)
    })
}
