use serde::{Deserialize, Serialize};

use crate::name::has_invisible;

/// The longest value, in bytes.
pub const LONGEST: usize = 400;

/// What else may be known of a person, under the names of OpenID Connect Core section 5.1. Nothing of it decides anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "OpenID Connect Core section 5.1 says what each is")]
pub struct PersonalClaims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// OpenID Connect Core section 5.1.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "OpenID Connect Core section 5.1.1 says what each is")]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A claim that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the claim {name} is empty, longer than {LONGEST} bytes, has control characters, or is no address of a page (https://…)"
)]
pub struct ClaimRefused {
    /// Its name.
    pub name: String,
}

impl PersonalClaims {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses values that nobody could show.
    pub fn check(&self) -> Result<(), ClaimRefused> {
        let Ok(serde_json::Value::Object(mut claims)) = serde_json::to_value(self) else { return Ok(()) };
        if let Some(serde_json::Value::Object(address)) = claims.remove("address") {
            claims.extend(address);
        }
        let bad = claims.iter().find(|(name, value)| {
            value.as_str().is_some_and(|text| {
                let is_long = text.is_empty() || text.len() > LONGEST;
                is_long
                    || text.chars().any(|c| c.is_control() && c != '\n')
                    || (is_address(name) && !leads(text))
            })
        });
        bad.map_or(Ok(()), |(name, _)| Err(ClaimRefused { name: name.clone() }))
    }
}

/// The claims that applications make links and pictures of.
fn is_address(name: &str) -> bool {
    matches!(name, "picture" | "website" | "profile")
}

/// Whether it leads to a page, and does nothing else: a `javascript:` would run where an application shows it. Before an `@` stands
/// nothing, for it would be taken for the host.
pub(crate) fn leads(text: &str) -> bool {
    let is_safe = |c: char| !(c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\' | '`'));
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_named = !host.is_empty() && !host.contains('@');
    is_web && is_named && text.chars().all(is_safe) && !has_invisible(text) && url::Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_a_page_and_does_nothing_else() {
        let shown =
            |text: &str| PersonalClaims { picture: Some(text.into()), ..PersonalClaims::default() }.check();
        for good in ["https://example.com/ada.png?s=96", "http://localhost:3000/a", "HTTPS://example.com/é"]
        {
            assert_eq!(shown(good), Ok(()), "{good}");
        }
        let quoted = "https://example.com/\"onerror=alert(1)";
        for bad in [
            "javascript:alert(1)",
            " https://example.com",
            "data:text/html,x",
            "//example.com",
            "ada.png",
            "https://",
            "https:///ada.png",
            "https://bank.test@evil.test/",
            "https://[::1/",
            "https://a.test/\u{202e}gnp.exe",
            quoted,
        ] {
            assert_eq!(shown(bad), Err(ClaimRefused { name: "picture".into() }), "{bad}");
        }
    }

    #[test]
    fn claims_are_read_back_and_those_nobody_could_show_refused() {
        let text = r#"{"given_name":"Ada","phone_number_verified":true,"address":{"country":"GB"}}"#;
        let claims: PersonalClaims = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&claims).unwrap(), text);
        assert!(claims.check().is_ok() && !claims.is_empty());
        assert!(serde_json::from_str::<PersonalClaims>(r#"{"sub":"root"}"#).is_err());
        let long = PersonalClaims { nickname: Some("x".repeat(LONGEST + 1)), ..claims.clone() };
        assert_eq!(long.check(), Err(ClaimRefused { name: "nickname".into() }));
        let address = Address { region: Some("a\0".into()), ..Address::default() };
        assert!(PersonalClaims { address: Some(address), ..claims }.check().is_err());
    }
}
