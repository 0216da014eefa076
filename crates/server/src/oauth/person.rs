//! What a client learns of a person (OpenID Connect Core sections 5.1 and 5.4).

use gatepost_domain::{PersonalClaims, Scopes, User};
use serde_json::{Map, Value, json};

/// The claims that each scope stands for, and all there are.
const OF_SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// The names of the claims that clients can get.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OF_SCOPES.iter().flat_map(|(_, names)| names.iter().copied())
}

/// The scope that stands for a claim, and is what a person is asked about.
pub(crate) fn scope_of(claim: &str) -> Option<&'static str> {
    OF_SCOPES.iter().find(|(_, names)| names.contains(&claim)).map(|(scope, _)| *scope)
}

/// Of all that is known of a person what the scopes stand for, and what was asked for by name.
pub(crate) fn claims(
    user: &User,
    known: &PersonalClaims,
    scopes: &Scopes,
    asked: &[String],
) -> Map<String, Value> {
    let of_scope =
        |name: &str| OF_SCOPES.iter().any(|(scope, names)| scopes.contains(scope) && names.contains(&name));
    let wanted = |name: &str| of_scope(name) || asked.iter().any(|asked| asked == name);
    let mut claims = Map::new();
    let mut add = |name: &str, value: Value| {
        if wanted(name) {
            claims.insert(name.to_owned(), value);
        }
    };
    if let Ok(Value::Object(known)) = serde_json::to_value(known) {
        for (name, value) in known {
            add(&name, value);
        }
    }
    if let Some(name) = &user.name {
        add("name", json!(name.as_str()));
    }
    if let Some(username) = &user.username {
        add("preferred_username", json!(username.as_str()));
    }
    if let Some(email) = &user.email {
        add("email", json!(email.as_str()));
        add("email_verified", json!(user.email_verified));
    }
    add("updated_at", json!(user.updated_at.unix_seconds()));
    claims
}

#[cfg(test)]
mod tests {
    use gatepost_domain::{RealmId, Timestamp, UserId};

    use super::*;

    #[test]
    fn a_client_learns_what_its_scopes_stand_for_and_what_it_asked_for() {
        let mut user = User::new(UserId::MIN, RealmId::MIN, Timestamp::from_unix_seconds(9));
        user.email = Some("ada@example.com".parse().unwrap());
        user.name = Some("Ada".parse().unwrap());
        let known: PersonalClaims =
            serde_json::from_str(r#"{"nickname":"al","phone_number":"+44","address":{"country":"GB"}}"#)
                .unwrap();
        let of = |scopes: &str, asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            Value::Object(claims(&user, &known, &scopes.parse().unwrap(), &asked)).to_string()
        };
        assert_eq!(of("openid", &[]), "{}");
        assert_eq!(of("email", &[]), r#"{"email":"ada@example.com","email_verified":false}"#);
        assert_eq!(of("profile", &[]), r#"{"name":"Ada","nickname":"al","updated_at":9}"#);
        assert_eq!(of("phone address", &[]), r#"{"address":{"country":"GB"},"phone_number":"+44"}"#);
        assert_eq!(of("openid", &["name", "roles", "sub"]), r#"{"name":"Ada"}"#);
        assert_eq!(names().count(), 19);
        assert_eq!(
            (scope_of("birthdate"), scope_of("phone_number"), scope_of("sub")),
            (Some("profile"), Some("phone"), None)
        );
    }
}
