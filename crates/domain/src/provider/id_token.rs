//! What a provider says in an ID token (OpenID Connect Core section 3.1.3.7), and at its user info endpoint (section 5.3).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Asserted, Preset, ProviderSettings};
use crate::{DisplayName, EachOnce, Timestamp};

/// How far the clocks may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// How long ago somebody may have proven who they are who was asked to do so anew.
const ANEW: Duration = Duration::from_mins(5);
/// The longest subject (OpenID Connect Core section 2).
const LONGEST_SUBJECT: usize = 255;

/// Why an ID token is not good. For the log and the audit trail; the person learns that the provider did not sign them in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenRefused {
    /// Not the claims that there must be, or of other types.
    #[error("malformed")]
    Malformed,
    /// Of another issuer than the one in the settings.
    #[error("wrong_issuer")]
    WrongIssuer,
    /// For somebody else.
    #[error("wrong_audience")]
    WrongAudience,
    /// For several, and not given to us.
    #[error("wrong_authorized_party")]
    WrongAuthorizedParty,
    /// Too late.
    #[error("expired")]
    Expired,
    /// Too early.
    #[error("not_yet")]
    NotYet,
    /// Of another sign-in.
    #[error("wrong_nonce")]
    WrongNonce,
    /// The person was to prove anew who they are, and did not.
    #[error("not_fresh")]
    NotFresh,
    /// The user info is of somebody else.
    #[error("wrong_subject")]
    WrongSubject,
}

/// What a token must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// What is set of the provider.
    pub provider: &'a ProviderSettings,
    /// What was sent with the request. `None`: nothing was, as where tokens are renewed (OpenID Connect Core section 12.2).
    pub nonce: Option<&'a str>,
    /// Whether the person was to prove anew who they are, and the provider has to say that they did.
    pub anew: bool,
}

#[derive(Deserialize)]
struct Required {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    azp: Option<String>,
    auth_time: Option<f64>,
    tid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims of a token whose signature is the provider's: who it says that it is, if it says so to us, now, for this sign-in.
pub fn check(payload: &[u8], expected: &Expected<'_>, now: Timestamp) -> Result<Asserted, IdTokenRefused> {
    let claims = object(payload)?;
    let required: Required =
        serde_json::from_value(Value::Object(claims.clone())).map_err(|_| IdTokenRefused::Malformed)?;
    let (provider, ours) = (expected.provider, expected.provider.client_id.as_str());
    if !provider.issued(&required.iss, required.tid.as_deref()) {
        return Err(IdTokenRefused::WrongIssuer);
    }
    let several = match &required.aud {
        Audience::One(one) if one == ours => false,
        Audience::Several(all) if all.iter().any(|one| one == ours) => all.len() > 1,
        _ => return Err(IdTokenRefused::WrongAudience),
    };
    match required.azp.as_deref() {
        Some(azp) if azp != ours => return Err(IdTokenRefused::WrongAuthorizedParty),
        None if several => return Err(IdTokenRefused::WrongAuthorizedParty),
        _ => {}
    }
    let moment = |seconds: f64| Timestamp::from_numeric_date(seconds).ok_or(IdTokenRefused::Malformed);
    if moment(required.exp)?.plus(LEEWAY) <= now {
        return Err(IdTokenRefused::Expired);
    }
    for early in [Some(required.iat), required.nbf].into_iter().flatten() {
        if moment(early)? > now.plus(LEEWAY) {
            return Err(IdTokenRefused::NotYet);
        }
    }
    if expected.nonce.is_some() && required.nonce.as_deref() != expected.nonce {
        return Err(IdTokenRefused::WrongNonce);
    }
    if expected.anew {
        let last = required.auth_time.ok_or(IdTokenRefused::NotFresh)?;
        if moment(last)?.plus(ANEW) < now {
            return Err(IdTokenRefused::NotFresh);
        }
    }
    if !is_subject(&required.sub) {
        return Err(IdTokenRefused::Malformed);
    }
    let mut asserted = Asserted {
        issuer: required.iss,
        subject: required.sub,
        email: None,
        email_verified: false,
        name: None,
    };
    complete(&mut asserted, provider, &claims);
    Ok(asserted)
}

/// What the user info endpoint says more, of the same person (OpenID Connect Core section 5.3.2).
pub fn add_user_info(
    asserted: &mut Asserted,
    provider: &ProviderSettings,
    body: &[u8],
) -> Result<(), IdTokenRefused> {
    let claims = object(body)?;
    if claims.get("sub").and_then(Value::as_str) != Some(asserted.subject.as_str()) {
        return Err(IdTokenRefused::WrongSubject);
    }
    complete(asserted, provider, &claims);
    Ok(())
}

/// An object that says everything once.
fn object(text: &[u8]) -> Result<Map<String, Value>, IdTokenRefused> {
    let malformed = |_| IdTokenRefused::Malformed;
    serde_json::from_slice::<EachOnce>(text).map_err(malformed)?;
    serde_json::from_slice(text).map_err(malformed)
}

/// Whether it can be what a provider calls somebody.
pub fn is_subject(text: &str) -> bool {
    (1..=LONGEST_SUBJECT).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn complete(asserted: &mut Asserted, provider: &ProviderSettings, claims: &Map<String, Value>) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if asserted.email.is_none()
        && let Some(email) = text("email").and_then(|email| email.parse().ok())
    {
        asserted.email = Some(email);
        asserted.email_verified = is_verified(provider.preset, claims);
    }
    if asserted.name.is_none() {
        asserted.name = text("name").and_then(shown_name);
    }
}

/// A name that can be shown, out of one that anybody could have written.
pub fn shown_name(text: &str) -> Option<DisplayName> {
    let text = text.trim();
    let short: String = text.chars().take(100).collect();
    short.parse().ok()
}

/// Whether the provider says that the person reads mail at the address. `true`, and nothing that looks like it (SO-01); what else a
/// provider says instead is looked at only where that provider is known to say it.
fn is_verified(preset: Option<Preset>, claims: &Map<String, Value>) -> bool {
    let says = claims.get("email_verified");
    let says_true = says == Some(&Value::Bool(true));
    let email = claims.get("email").and_then(Value::as_str).unwrap_or_default();
    match preset {
        // Documented as a boolean or a text.
        Some(Preset::Apple) => says_true || says.and_then(Value::as_str) == Some("true"),
        // Of other addresses it says that they were verified once, and does not vouch that they belong to the person still.
        Some(Preset::Google) => {
            let hosted = claims.get("hd").and_then(Value::as_str).is_some_and(|hd| !hd.is_empty());
            says_true && (hosted || email.to_ascii_lowercase().ends_with("@gmail.com"))
        }
        // Anybody who administers a tenant can write any address; that its domain is the tenant's own is said apart.
        Some(Preset::Microsoft) => {
            let owned = claims.get("xms_edov");
            owned == Some(&Value::Bool(true)) || owned == Some(&Value::from(1))
        }
        Some(Preset::Github | Preset::Gitlab) | None => says_true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;
    const TENANT: &str = "0f0f0f0f-1111-2222-3333-444444444444";

    fn settings(preset: Option<Preset>) -> ProviderSettings {
        ProviderSettings {
            preset,
            issuer: preset.is_none().then(|| "https://id.test".parse().unwrap()),
            client_id: "ours".into(),
            ..ProviderSettings::default()
        }
    }

    fn good() -> Value {
        json!({
            "iss": "https://id.test", "sub": "248289761001", "aud": "ours", "exp": NOW + 300, "iat": NOW,
            "nonce": "n-0S6_WzA2Mj", "email": "ada@example.com", "email_verified": true, "name": "Ada",
        })
    }

    fn with(changes: &Value) -> Value {
        let mut claims = good();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn checked(claims: &Value, anew: bool) -> Result<Asserted, IdTokenRefused> {
        let settings = settings(None);
        let expected = Expected { provider: &settings, nonce: Some("n-0S6_WzA2Mj"), anew };
        check(claims.to_string().as_bytes(), &expected, Timestamp::from_unix_seconds(NOW))
    }

    #[test]
    fn so_04_a_token_of_somebody_else_for_somebody_else_or_of_another_sign_in_is_refused() {
        use IdTokenRefused as No;
        let asserted = checked(&good(), false).unwrap();
        assert_eq!((asserted.subject.as_str(), asserted.email_verified), ("248289761001", true));
        assert_eq!(asserted.email.unwrap().as_str(), "ada@example.com");
        for (changes, why) in [
            (json!({"iss": "https://evil.test"}), No::WrongIssuer),
            (json!({"iss": "https://id.test/"}), No::WrongIssuer),
            (json!({"iss": null}), No::Malformed),
            (json!({"sub": null}), No::Malformed),
            (json!({"sub": ""}), No::Malformed),
            (json!({"sub": 7}), No::Malformed),
            (json!({"sub": "a\n"}), No::Malformed),
            (json!({"sub": "x".repeat(256)}), No::Malformed),
            (json!({"aud": "theirs"}), No::WrongAudience),
            (json!({"aud": ["theirs"]}), No::WrongAudience),
            (json!({"aud": []}), No::WrongAudience),
            (json!({"aud": null}), No::Malformed),
            (json!({"aud": ["ours", "theirs"]}), No::WrongAuthorizedParty),
            (json!({"aud": ["ours", "theirs"], "azp": "theirs"}), No::WrongAuthorizedParty),
            (json!({"azp": "theirs"}), No::WrongAuthorizedParty),
            (json!({"exp": NOW - 60}), No::Expired),
            (json!({"exp": null}), No::Malformed),
            (json!({"exp": "1800000300"}), No::Malformed),
            (json!({"exp": 1e300}), No::Malformed),
            (json!({"iat": NOW + 61}), No::NotYet),
            (json!({"iat": null}), No::Malformed),
            (json!({"nbf": NOW + 61}), No::NotYet),
            (json!({"nonce": "other"}), No::WrongNonce),
            (json!({"nonce": null}), No::WrongNonce),
            (json!({"nonce": ["n-0S6_WzA2Mj"]}), No::Malformed),
        ] {
            assert_eq!(checked(&with(&changes), false), Err(why), "{changes}");
        }
        for changes in [
            json!({"aud": ["ours"]}),
            json!({"aud": ["ours", "theirs"], "azp": "ours"}),
            json!({"azp": "ours"}),
            json!({"exp": NOW - 59}),
        ] {
            assert!(checked(&with(&changes), false).is_ok(), "{changes}");
        }
        let twice = good().to_string().replacen('{', r#"{"sub":"evil","#, 1);
        let settings = settings(None);
        let expected = Expected { provider: &settings, nonce: Some("n-0S6_WzA2Mj"), anew: false };
        let now = Timestamp::from_unix_seconds(NOW);
        assert_eq!(check(twice.as_bytes(), &expected, now), Err(No::Malformed));
        for text in ["", "[]", "null", "\"x\"", "{"] {
            assert_eq!(check(text.as_bytes(), &expected, now), Err(No::Malformed), "{text}");
        }
    }

    #[test]
    fn whoever_is_to_prove_anew_who_they_are_must_have_done_so_a_moment_ago() {
        for (auth_time, fresh) in
            [(json!(NOW), true), (json!(NOW - 300), true), (json!(NOW - 301), false), (Value::Null, false)]
        {
            let checked = checked(&with(&json!({"auth_time": auth_time})), true);
            assert_eq!(checked.is_ok(), fresh, "{auth_time}");
        }
    }

    #[test]
    fn so_01_only_the_word_true_verifies_an_address() {
        let verified = |preset: Option<Preset>, changes: Value| {
            let Value::Object(claims) = with(&changes) else { unreachable!() };
            is_verified(preset, &claims)
        };
        for says in
            [json!("true"), json!("True"), json!(1), json!("1"), json!([true]), Value::Null, json!(false)]
        {
            assert!(!verified(None, json!({"email_verified": says})), "{says}");
            assert!(!verified(Some(Preset::Gitlab), json!({"email_verified": says})), "{says}");
        }
        assert!(verified(None, json!({})));
        let apple = Some(Preset::Apple);
        assert!(verified(apple, json!({"email_verified": "true"})) && verified(apple, json!({})));
        assert!(!verified(apple, json!({"email_verified": "false"})));
        let google = Some(Preset::Google);
        assert!(!verified(google, json!({})), "somebody else's domain, and nobody vouches for it");
        assert!(verified(google, json!({"hd": "example.com"})));
        assert!(verified(google, json!({"email": "ada@GMAIL.com"})));
        assert!(!verified(google, json!({"email": "ada@gmail.com.evil.test"})));
        assert!(!verified(google, json!({"email": "ada@gmail.com", "email_verified": "true"})));
        let microsoft = Some(Preset::Microsoft);
        assert!(!verified(microsoft, json!({})), "a tenant's administrator writes what they like");
        assert!(verified(microsoft, json!({"xms_edov": true})));
        assert!(!verified(microsoft, json!({"xms_edov": "true"})));
    }

    #[test]
    fn so_02_a_token_of_another_tenant_is_refused() {
        let settings = ProviderSettings { tenant: Some(TENANT.into()), ..settings(Some(Preset::Microsoft)) };
        let expected = Expected { provider: &settings, nonce: Some("n-0S6_WzA2Mj"), anew: false };
        let check = |iss: &str, tid: &str| {
            let claims = with(&json!({"iss": iss, "tid": tid}));
            check(claims.to_string().as_bytes(), &expected, Timestamp::from_unix_seconds(NOW))
        };
        let of = |tid: &str| format!("https://login.microsoftonline.com/{tid}/v2.0");
        assert!(check(&of(TENANT), TENANT).is_ok());
        let other = TENANT.replace('0', "1");
        for (iss, tid) in [(of(&other), other.as_str()), (of(&other), TENANT), (of(TENANT), other.as_str())] {
            assert_eq!(check(&iss, tid), Err(IdTokenRefused::WrongIssuer), "{iss} {tid}");
        }
    }

    #[test]
    fn user_info_is_of_the_same_person_and_changes_nothing_that_was_said() {
        let settings = settings(None);
        let claims = with(&json!({"email": null, "email_verified": null, "name": null}));
        let asserted = checked(&claims, false).unwrap();
        assert_eq!((&asserted.email, &asserted.name), (&None, &None));
        let add = |asserted: &Asserted, body: Value| {
            let mut asserted = asserted.clone();
            add_user_info(&mut asserted, &settings, body.to_string().as_bytes()).map(|()| asserted)
        };
        let said = add(
            &asserted,
            json!({"sub": "248289761001", "email": "ada@example.com", "email_verified": true, "name": "Ada"}),
        )
        .unwrap();
        assert!(said.email_verified && said.name.is_some());
        for body in [json!({"email": "ada@example.com"}), json!({"sub": "eve"}), json!({"sub": 7})] {
            assert_eq!(add(&asserted, body), Err(IdTokenRefused::WrongSubject));
        }
        assert_eq!(add(&asserted, json!([])), Err(IdTokenRefused::Malformed));
        // An address that the token says stays, with what the token says of it.
        let token = checked(&with(&json!({"email_verified": false})), false).unwrap();
        let both = json!({"sub": "248289761001", "email": "eve@example.com", "email_verified": true});
        assert_eq!(add(&token, both).unwrap(), token);
    }
}
