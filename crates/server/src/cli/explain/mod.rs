//! Why a token is refused: every check in order, and the one that says no.

mod operation;
mod requirement;

use std::{sync::Arc, time::Duration};

use gatepost_domain::{SessionId, Timestamp, User};
use gatepost_jose::{
    Claims, Proof, Refused, Verifier, claims_to_be_api_key, dangerous_decode_without_verifying,
};
use gatepost_store::sessions;
use serde::Serialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::{
    App,
    api_keys::{self, KeyRefused},
    http::Problem,
    realm::Snapshot,
};
use requirement::{Verdict, quoted};

pub(super) use operation::Operation;
pub(super) use requirement::Requirement;

/// The checks of a verifier in their order, and the codes each refuses with.
const CHECKS: [(&str, &[&str]); 8] = [
    ("shape", &["token_malformed", "token_too_large"]),
    ("algorithm", &["algorithm_refused"]),
    ("key", &["unknown_key", "key_id_missing"]),
    ("signature", &["bad_signature"]),
    ("claims", &["claim_missing", "claim_invalid", "wrong_type", "proof_required"]),
    ("issuer", &["wrong_issuer"]),
    ("audience", &["wrong_audience"]),
    ("time", &["token_expired", "token_not_yet_valid", "issued_in_future"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Passed,
    Refused,
    NotReached,
    /// Only the application can tell.
    Unknown,
}

#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What each check said.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    accepted: bool,
    /// Until when the token is good, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Until>,
    checks: Vec<Check>,
}

/// The end of a token's life.
#[derive(Debug)]
struct Until {
    at: Timestamp,
    /// From now.
    left: Duration,
    /// Whether it is the token that the API key becomes, which is made anew for each use.
    of_key: bool,
}

impl Serialize for Until {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.at)
    }
}

impl Trace {
    fn add(&mut self, check: &str, refused: Option<(&'static str, String)>) {
        let outcome = match (&refused, self.accepted) {
            (_, false) => Outcome::NotReached,
            (None, true) => Outcome::Passed,
            (Some(_), true) => Outcome::Refused,
        };
        let refused = refused.filter(|_| self.accepted);
        self.accepted &= outcome != Outcome::Refused;
        let (code, reason) = refused.unzip();
        self.checks.push(Check { name: check.to_owned(), outcome, code, reason });
    }

    /// Adds what the token does not show.
    fn unknown(&mut self, check: &str) {
        let name = check.to_owned();
        self.checks.push(Check { name, outcome: Outcome::Unknown, code: None, reason: None });
    }

    /// Adds a rule of the route. `judged` is called if it is reached.
    fn ask(&mut self, requirement: &Requirement, judged: impl FnOnce() -> Verdict) {
        let name = requirement.name();
        match self.accepted.then(judged) {
            Some(Verdict::Refuses { code, reason }) => self.add(&name, Some((code, reason))),
            Some(Verdict::Unknown) => self.unknown(&name),
            Some(Verdict::Holds) | None => self.add(&name, None),
        }
    }

    /// One line for the check that said no.
    pub(super) fn refusal(&self) -> Option<String> {
        let no = self.checks.iter().find(|check| check.outcome == Outcome::Refused)?;
        Some(format!("refused by {}: {}", no.name, no.reason.as_deref().unwrap_or_default()))
    }

    pub(super) fn lines(&self) -> String {
        let width =
            self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default().max(10);
        let line = |check: &Check| {
            let mark = match check.outcome {
                Outcome::Passed => "passed",
                Outcome::Refused => "REFUSED",
                Outcome::NotReached => "not reached",
                Outcome::Unknown => "decided by the application",
            };
            let code = check.code.map(|code| format!("  {code}")).unwrap_or_default();
            format!("{:<width$} {mark}{code}", check.name)
        };
        self.checks.iter().map(line).chain(self.conclusion()).collect::<Vec<_>>().join("\n")
    }

    /// The last line of what is not refused; that of what is goes to standard error.
    fn conclusion(&self) -> Option<String> {
        let undecided = self.checks.iter().any(|check| check.outcome == Outcome::Unknown);
        let good = if undecided { "accepted, if the application agrees," } else { "accepted" };
        let until = self.until.as_ref().map(|until| {
            let (at, left) = (until.at, roughly(until.left));
            if until.of_key {
                format!(" and becomes a token for {left}")
            } else {
                format!(" until {at}, for another {left}")
            }
        });
        self.accepted.then(|| format!("{good}{}", until.unwrap_or_default()))
    }
}

/// A length of time in the largest unit that says something.
fn roughly(time: Duration) -> String {
    let (seconds, unit) = match time.as_secs() {
        seconds @ 0..120 => (seconds, "s"),
        seconds @ 120..7_200 => (seconds / 60, " min"),
        seconds @ 7_200..172_800 => (seconds / 3_600, " h"),
        seconds => (seconds / 86_400, " days"),
    };
    format!("{seconds}{unit}")
}

/// What a secret of ours is that is no access token, by how it begins.
fn another_kind(token: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 7] = [
        (
            "gp_rt_",
            "a refresh token: exchange it at the token endpoint, and look into the access token that it gives",
        ),
        (
            "gp_ac_",
            "an authorization code: redeem it at the token endpoint, and look into the access token that it gives",
        ),
        ("gp_cs_", "the secret of a client: it opens the token endpoint, and no API"),
        ("gp_dc_", "a device code: the device asks the token endpoint with it"),
        ("gp_iat_", "an initial access token: with it a client registers itself, and it opens no API"),
        (
            "gp_rat_",
            "a registration access token: with it a client changes its registration, and it opens no API",
        ),
        ("gp_inv_", "an invitation to an organization, and opens no API"),
    ];
    KINDS.into_iter().find(|(prefix, _)| token.starts_with(prefix)).map(|(_, kind)| kind)
}

/// Refuses what is a secret of ours and no access token, with what it is.
pub(super) fn must_be_token(token: &str) -> Result<(), Refusal> {
    another_kind(token).map_or(Ok(()), |kind| Err(Refusal::new(format!("this is {kind}"))))
}

/// What a credential is held against.
pub(super) struct Expected {
    pub(super) verifier: Verifier,
    pub(super) requirements: Vec<Requirement>,
    /// Whether the route is one of Gatepost's own, which looks at the account as it is now.
    pub(super) own: bool,
}

/// Checks `token` as a verifier does, then its session, then what the route asks for.
pub(super) async fn trace(
    app: &App,
    realm: &Snapshot,
    expected: &Expected,
    token: &str,
) -> Result<Trace, Refusal> {
    let (now, verifier) = (app.clock().now(), &expected.verifier);
    must_be_token(token)?;
    let mut trace = Trace { accepted: true, until: None, checks: Vec::new() };
    let exchanged = if claims_to_be_api_key(token) {
        match key(app, realm, token, now, &mut trace).await? {
            Some(token) => Some(token),
            None => return Ok(trace),
        }
    } else {
        None
    };
    let token = exchanged.as_deref().unwrap_or(token);
    // Our own API takes no token that is bound to a key.
    let ours = expected.own || verifier.audience() == realm.issuer();
    let may_be_bound = !ours;
    let (verified, bound) = verify(verifier, token, may_be_bound, now);
    let refused = verified.as_ref().err().map(|refused| {
        let said = said(token, refused, verifier, now).map(|said| format!("; {said}")).unwrap_or_default();
        (refused.code(), format!("{refused}{said}"))
    });
    for (check, codes) in CHECKS {
        trace.add(check, refused.clone().filter(|(code, _)| codes.contains(code)));
    }
    if bound {
        trace.unknown("proof of possession");
    }
    let mut account = None;
    match &verified {
        Ok(claims) => match session(app, realm, claims, ours).await? {
            Ok(user) => {
                account = user;
                trace.add("session", None);
            }
            Err(refused) => trace.add("session", Some(refused)),
        },
        Err(refused) if trace.accepted => trace.add("other", Some((refused.code(), refused.to_string()))),
        Err(_) => trace.add("session", None),
    }
    if let Ok(claims) = &verified
        && let Some(key) = claims.api_key()
    {
        let live = match key.parse() {
            Ok(id) => api_keys::resolve_id(app, realm, id, now).await.map_err(failed)?.is_some(),
            Err(_) => false,
        };
        let reason = "the API key it was exchanged for was revoked, is over, or its owner is disabled; APIs accept it until it expires";
        trace.add("api key", (!live).then(|| ("api_key_refused", reason.to_owned())));
    }
    for requirement in &expected.requirements {
        trace.ask(requirement, || match (&account, &verified) {
            (Some(user), _) if expected.own => requirement.judge_account(user),
            (_, Ok(claims)) => requirement.judge(claims, now.unix_seconds()),
            (_, Err(_)) => Verdict::Unknown,
        });
    }
    if let (true, Ok(claims)) = (trace.accepted, &verified) {
        let at = Timestamp::from_unix_seconds(claims.expires_at());
        trace.until = Some(Until { at, left: at.since(now), of_key: exchanged.is_some() });
    }
    Ok(trace)
}

/// Verifies as a guard does, and says whether the token is good only with a proof of the key it is bound to (RFC 9449): that one
/// comes with each request.
fn verify(
    verifier: &Verifier,
    token: &str,
    may_be_bound: bool,
    now: Timestamp,
) -> (Result<Arc<Claims>, Refused>, bool) {
    let now = now.unix_seconds();
    match verifier.verify(token, now) {
        // Everything else was checked by then, so that what the token says is the issuer's word.
        Err(Refused::ProofRequired) if may_be_bound => {
            let said = dangerous_decode_without_verifying(token).ok();
            let said = said.and_then(|token| serde_json::from_str::<Value>(token.payload()).ok());
            let key = said.and_then(|claims| claims["cnf"]["jkt"].as_str().map(str::to_owned));
            let key = key.unwrap_or_default();
            let verified = verifier.verify_with_proof(token, Proof::Key(&key), now);
            let bound = verified.is_ok();
            (verified, bound)
        }
        verified => (verified, false),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(problem: Problem) -> Refusal {
    Refusal::new(problem.reason())
}

/// Checks an API key as the exchange does, and returns the token that it becomes. Its use is not noted.
async fn key(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<Option<String>, Refusal> {
    let resolved = api_keys::resolve(app, realm, text, now).await.map_err(failed)?;
    let refused = resolved.as_ref().err();
    for (check, refusing) in [
        ("key shape", &[KeyRefused::Malformed][..]),
        ("key", &[KeyRefused::Unknown]),
        ("key secret", &[KeyRefused::AnotherSecret]),
        ("key life", &[KeyRefused::Over]),
        ("key owner", &[KeyRefused::OwnerDisabled, KeyRefused::OwnerGone]),
    ] {
        let no = refused.filter(|refused| refusing.contains(refused));
        trace.add(check, no.map(|refused| ("api_key_refused", refused.to_string())));
    }
    let Ok(resolved) = resolved else { return Ok(None) };
    let exchanged = api_keys::token_of(app, realm, &resolved, realm.audience(), now).map_err(failed)?;
    Ok(Some(exchanged.access_token))
}

/// What the token says and what was expected, where the two differ. Values of the token are written as JSON: whoever
/// made it may have put anything in.
fn said(token: &str, refused: &Refused, verifier: &Verifier, now: Timestamp) -> Option<String> {
    let parts = dangerous_decode_without_verifying(token).ok()?;
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (header, claims) = (read(parts.header()), read(parts.payload()));
    let time =
        |claim: &str| claims[claim].as_i64().map(|seconds| Timestamp::from_unix_seconds(seconds).to_string());
    Some(match refused {
        Refused::AlgorithmRefused => format!("it says {}", quoted(&header["alg"])),
        Refused::UnknownKey if claims["iss"] != verifier.issuer() => format!(
            "it is of {}, this realm is {}: give --realm, --data-dir or, if the server runs under another URL, --public-url",
            quoted(&claims["iss"]),
            json!(verifier.issuer())
        ),
        Refused::UnknownKey => format!("it says {}", quoted(&header["kid"])),
        Refused::WrongType => format!("it says {}", quoted(&header["typ"])),
        Refused::WrongIssuer => {
            format!(
                "it says {}, this realm is {}: give --realm or, if the server runs under another URL, --public-url",
                quoted(&claims["iss"]),
                json!(verifier.issuer())
            )
        }
        Refused::WrongAudience => {
            format!("it says {}, asked for is {}", quoted(&claims["aud"]), json!(verifier.audience()))
        }
        Refused::Expired => format!("it was good until {}, and it is {now}", time("exp")?),
        Refused::NotYetValid => format!("it is from {}, and it is {now}", time("nbf")?),
        Refused::IssuedInFuture => format!("it is of {}, and it is {now}", time("iat")?),
        _ => return None,
    })
}

/// The account behind the token's session, if it names one.
async fn session(
    app: &App,
    realm: &Snapshot,
    claims: &Claims,
    ours: bool,
) -> Result<Result<Option<User>, (&'static str, String)>, Refusal> {
    let Some(text) = claims.session_id() else {
        // An API asks for no session. Our own does.
        let reason = "it names no session, and the server's own API asks for one";
        return Ok(if ours { Err(("session_missing", reason.to_owned())) } else { Ok(None) });
    };
    let ended = |reason: &str| Ok(Err(("session_ended", reason.to_owned())));
    let Ok(session) = text.parse::<SessionId>() else {
        return ended("its session id is none of ours");
    };
    let (id, now) = (realm.id(), app.clock().now());
    let found = app
        .db()
        .read("check a session", move |tx| {
            Box::pin(async move { sessions::find_live(tx, id, session, now).await })
        })
        .await?;
    match found {
        Some((_, user)) => Ok(Ok(Some(user))),
        None => ended(
            "its session has ended, or its account is disabled; the server's own API refuses it, \
             other APIs accept it until it expires",
        ),
    }
}
