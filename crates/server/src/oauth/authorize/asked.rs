//! What a client asks for beside scopes: single claims (OpenID Connect Core section 5.5), and a certain person.

use std::collections::BTreeMap;

use gatepost_domain::ClientId;
use gatepost_jose::{Algorithm, jws};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::realm::Snapshot;

/// What `claims` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) userinfo: Vec<String>,
    pub(super) id_token: Vec<String>,
    /// The one who must sign in.
    pub(super) subject: Option<String>,
    /// The levels of which one must be reached.
    pub(super) acr: Vec<String>,
}

/// What is wished for each claim; nothing in particular where it is null.
type Wishes = BTreeMap<String, Option<Map<String, Value>>>;

/// The values of which one is wanted.
fn values(wish: &Map<String, Value>) -> Vec<String> {
    let several = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    let all = wish.get("value").into_iter().chain(several);
    all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// More names than there are claims ask for nothing.
const MOST: usize = 64;

/// Reads `claims`. Claims that are not known are left out later (section 5.5).
pub(super) fn claims(text: Option<&str>) -> Result<Asked, serde_json::Error> {
    let Some(text) = text else { return Ok(Asked::default()) };
    let mut members: Map<String, Value> = serde_json::from_str(text)?;
    let mut wishes = |name: &str| -> Result<Wishes, serde_json::Error> {
        members.remove(name).map_or(Ok(Wishes::new()), serde_json::from_value)
    };
    let (userinfo, id_token) = (wishes("userinfo")?, wishes("id_token")?);
    let wish = |name: &str| id_token.get(name).and_then(Option::as_ref);
    let subject = wish("sub").and_then(|wish| values(wish).into_iter().next());
    let essential = |wish: &&Map<String, Value>| wish.get("essential") == Some(&Value::Bool(true));
    let acr = wish("acr").filter(essential).map(values).unwrap_or_default();
    let names = |claims: &Wishes| claims.keys().take(MOST).cloned().collect();
    Ok(Asked { userinfo: names(&userinfo), id_token: names(&id_token), subject, acr })
}

/// What is read of an ID token that somebody brings back.
#[derive(Deserialize)]
pub(in crate::oauth) struct Hint {
    iss: String,
    sub: String,
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    sid: Option<String>,
}

impl Hint {
    /// The browser's session it was made in.
    pub(in crate::oauth) fn session(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The clients it was made for.
    pub(in crate::oauth) fn audience(&self) -> Vec<&str> {
        match &self.aud {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads an ID token of this realm. It may have expired: it says who somebody was, and proves nothing else (OpenID Connect Core
/// section 3.1.2.1).
pub(in crate::oauth) fn id_token(realm: &Snapshot, token: &str) -> Option<Hint> {
    let allowed = [Algorithm::RS256, realm.keys().signer().algorithm()];
    let payload = jws::verify_typed(token, "JWT", &realm.keys().verifying(), &allowed).ok()?;
    let hint: Hint = serde_json::from_slice(&payload).ok()?;
    (hint.iss == realm.issuer()).then_some(hint)
}

/// The person an ID token of this client is about.
pub(super) fn hint(realm: &Snapshot, token: &str, client: &ClientId) -> Option<String> {
    let hint = id_token(realm, token)?;
    hint.audience().contains(&client.as_str()).then(|| hint.sub.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of OpenID Connect Core section 5.5.
    #[test]
    fn claims_are_read_with_who_must_sign_in_and_how() {
        let asked = claims(Some(
            r#"{"userinfo":{"given_name":{"essential":true},"nickname":null},
            "id_token":{"auth_time":{"essential":true},"acr":{"essential":true,"values":["1","2"]},"sub":{"value":"usr_1"}}}"#,
        ))
        .unwrap();
        assert_eq!(asked.userinfo, ["given_name", "nickname"]);
        assert_eq!(asked.id_token, ["acr", "auth_time", "sub"]);
        assert_eq!(
            (asked.subject.as_deref(), asked.acr.as_slice()),
            (Some("usr_1"), &["1".into(), "2".into()][..])
        );
        let wished = claims(Some(r#"{"id_token":{"acr":{"values":["9"]}}}"#)).unwrap();
        assert!(wished.acr.is_empty(), "a wish is no demand");
        assert_eq!(claims(None).unwrap(), Asked::default());
        for bad in
            ["", "[]", "{\"userinfo\":[]}", "{\"id_token\":{\"a\":1}}", "{\"id_token\":{\"a\":[]}}", "{"]
        {
            assert!(claims(Some(bad)).is_err(), "{bad}");
        }
    }
}
